# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting module calls."""

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._progress import tracker

NODE, API, LOCK = "fleetops.kubeproxy_free.service_probe", "kubernetes.core.k8s_info", "fleetops.kubeproxy_free.cluster_lock"


@pytest.fixture
def run():
    """Two nodes of a cluster, and a host that is none."""
    made = tracker.Tracker(0.0)
    for host in ("h1", "h2"):
        made.result(host, {"kpr_cluster": "a", "kpr_node_name": f"node-{host}"}, 0.0)
    made.result("h1", {"kpr_plan": {"waves": {"a": [["h1"], ["h2"]]}}}, 0.0)
    return made


def begin(run, host):
    run.task("role : step | Begin: take_over", 1.0)
    run.result(host, {"__handover_began": 1.0}, 1.0)
    run.task("role : take_over | Do it", 1.0)


def on_controller(**result):
    return {"_ansible_delegated_vars": {"ansible_delegated_host": "localhost"}, **result}


def counted(run):
    calls = run.calls("a")
    return calls["nodes"], calls["api"]["waves"], calls["api"]["besides"], calls["repeated"]


@pytest.mark.parametrize("action, arguments, delegated, result, expected", [
    (NODE, {}, False, {}, ({"node-h1": 1}, 0, 0)),
    (NODE, {}, False, {"skipped": True}, ({}, 0, 0)),
    (NODE, {}, False, {"attempts": 4}, ({"node-h1": 1}, 0, 3)),
    (NODE, {}, False, {"results": [{}, {"skipped": True}, {"attempts": 2}]}, ({"node-h1": 2}, 0, 1)),
    (NODE, {}, False, {"results": []}, ({}, 0, 0)),
    (API, {}, True, on_controller(), ({}, 1, 0)),
    (API, {}, True, {"results": [on_controller(attempts=10), on_controller()]}, ({}, 2, 9)),
    (LOCK, {"kubeconfig": "x"}, True, on_controller(), ({}, 1, 0)),
    ("ansible.builtin.copy", {}, True, on_controller(attempts=3), ({}, 0, 0)),
    ("ansible.builtin.set_fact", {}, False, {}, ({}, 0, 0)),
    (NODE, {}, True, {"results": [{"_ansible_delegated_vars": {"ansible_delegated_host": "h2"}}]}, ({"node-h2": 1}, 0, 0)),
])  # fmt: skip
def test_what_a_task_counts_for(run, action, arguments, delegated, result, expected):
    run.call("h1", action, arguments, delegated, result)
    nodes, _waves, besides, repeated = counted(run)
    assert (nodes, besides, repeated) == expected


def test_calls_on_the_api_belong_to_the_wave_that_is_on_its_way(run):
    run.call("h1", API, {}, True, on_controller())
    for host in ("h1", "h2"):
        begin(run, host)
        run.call(host, API, {}, True, on_controller())
    run.call("h2", API, {}, True, on_controller())
    assert counted(run) == ({}, [1, 2], 1, 0)


def test_hosts_of_no_cluster_are_not_counted(run):
    run.call("elsewhere", NODE, {}, False, {})
    assert counted(run) == ({}, [0, 0], 0, 0)
    assert run.calls("b") == {}
