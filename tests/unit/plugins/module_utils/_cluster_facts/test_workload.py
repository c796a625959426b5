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


DONE = {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}


@pytest.mark.parametrize("status, late", [
    (DONE, False),
    ({**DONE, "observedGeneration": 1}, True),
    ({**DONE, "updatedReplicas": 1}, True),
    ({**DONE, "readyReplicas": 1}, True),
    ({**DONE, "replicas": 3}, True),
    ({}, True),
])  # fmt: skip
def test_a_roll_out_has_ended_when_all_pods_are_new_and_ready_and_no_old_one_is_left(status, late):
    deployment = {"metadata": {"name": "coredns", "generation": 2}, "spec": {"replicas": 2}, "status": status}
    assert workload.late([deployment]) == (["coredns"] if late else [])


@pytest.mark.parametrize("replicas, status, may_lack, late", [
    (2, {"readyReplicas": 1}, 1, False),
    (2, {"updatedReplicas": 1, "readyReplicas": 1}, 1, False),
    (2, {"updatedReplicas": 1, "replicas": 3}, 1, False),
    (2, {"replicas": 4}, 1, True),
    (2, {"updatedReplicas": 0}, 5, True),
    (2, {"readyReplicas": 0}, 5, True),
    (1, {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 0}, 1, True),
    (1, {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1}, 1, False),
])  # fmt: skip
def test_a_roll_out_may_lack_pods_but_never_all_of_them(replicas, status, may_lack, late):
    deployment = {"metadata": {"name": "cilium-operator", "generation": 2}, "spec": {"replicas": replicas}, "status": {**DONE, **status}}
    assert bool(workload.late([deployment], may_lack)) is late
