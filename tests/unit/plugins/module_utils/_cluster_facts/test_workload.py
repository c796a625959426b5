# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts import workload


@pytest.mark.parametrize("strategy, pods, expected", [
    ({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}}, 300, 2),
    ({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}}, 25, 3),
    ({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}}, 25, 25),
    ({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}, 25, 1),
    ({"type": "RollingUpdate"}, 25, 1),
    (None, 25, 1),
    ({"type": "OnDelete"}, 25, None),
])  # fmt: skip
def test_how_many_pods_a_roll_out_takes_at_a_time(strategy, pods, expected):
    daemonset = {"metadata": {"generation": 1}, "spec": {"updateStrategy": strategy}, "status": {"desiredNumberScheduled": pods}}
    assert workload.at_once(daemonset) == expected
