# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.workload import missing, reason


def pod(component, node="n1", ready=True, **status):
    return {
        "metadata": {"name": f"{component}-x", "labels": {"app.kubernetes.io/component": component}},
        "spec": {"nodeName": node},
        "status": {"phase": "Running" if ready else "Pending", "conditions": [{"type": "Ready", "status": str(ready)}], **status},
    }


WAITING = {"containerStatuses": [{"state": {"waiting": {"reason": "ErrImageNeverPull", "message": "image is not there"}}}]}


def test_a_ready_workload_misses_nothing():
    assert missing([pod("client"), pod("client", "n2"), pod("echo"), pod("echo", "n2")], ["n1", "n2"], 2) == []


def test_clients_of_nodes_that_are_not_asked_for_do_not_matter():
    assert missing([pod("client"), pod("client", "n9", ready=False), pod("echo")], ["n1"], 1) == []


@pytest.mark.parametrize(
    ("pods", "found"),
    [
        ([pod("echo")], "node n1 has no client pod yet"),
        ([pod("echo"), pod("client", ready=False, **WAITING)], "the client pod on node n1 is not ready: ErrImageNeverPull: image is not there"),
        ([pod("client")], "0 of 1 servers are ready"),
        ([pod("client"), pod("echo", ready=False)], "0 of 1 servers are ready; server echo-x on n1: phase Pending"),
    ],
)
def test_what_is_missing_is_said_with_its_reason(pods, found):
    assert missing(pods, ["n1"], 1) == [found]


def test_a_pod_that_is_going_does_not_count():
    going = pod("client")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert missing([going, pod("echo")], ["n1"], 1) == ["node n1 has no client pod yet"]


def test_a_daemon_pod_that_cannot_be_placed_says_why():
    waiting = pod("client", node=None, ready=False, conditions=[{"type": "PodScheduled", "status": "False", "message": "Insufficient cpu"}])
    waiting["spec"]["affinity"] = {"nodeAffinity": {"matchFields": [{"key": "metadata.name", "values": ["n1"]}]}}
    assert missing([waiting, pod("echo")], ["n1"], 1) == ["node n1 has no client pod yet: Insufficient cpu"]


def test_a_pod_without_any_word_gives_its_phase():
    assert reason({"status": {}}) == "phase unknown"
