# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import objects


def test_nodes_that_a_run_leaves_out_are_named_but_not_those_of_windows():
    labels = {"w2": {"kubernetes.io/os": "linux"}, "w1": {}, "cp1": {"kubernetes.io/os": "linux"}, "win": {"kubernetes.io/os": "windows"}}
    assert objects.left_out(labels, ["cp1"]) == ["w1", "w2"]
    assert objects.left_out(labels, ["cp1", "w1", "w2"]) == []
    assert objects.left_out({}, ["cp1"]) == []
