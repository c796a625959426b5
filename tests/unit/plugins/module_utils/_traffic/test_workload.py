# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.workload import missing, not_ready, owned, reason


def pod(component, node="n1", ready=True, **status):
    return {
        "metadata": {"name": f"{component}-x", "labels": {"app.kubernetes.io/component": component}},
        "spec": {"nodeName": node},
        "status": {"phase": "Running" if ready else "Pending", "conditions": [{"type": "Ready", "status": str(ready)}], **status},
    }


WAITING = {"containerStatuses": [{"image": "repo/image:1", "state": {"waiting": {"reason": "ErrImageNeverPull", "message": "image is not there"}}}]}


def test_a_ready_workload_misses_nothing():
    assert missing([pod("client"), pod("client", "n2"), pod("echo"), pod("echo", "n2")], ["n1", "n2"], 2) == []


def test_clients_of_nodes_that_are_not_asked_for_do_not_matter():
    assert missing([pod("client"), pod("client", "n9", ready=False), pod("echo")], ["n1"], 1) == []


@pytest.mark.parametrize(
    ("pods", "found"),
    [
        ([pod("echo")], "node n1 has no client pod yet"),
        (
            [pod("echo"), pod("client", ready=False, **WAITING)],
            "the client pod client-x on node n1 is not ready: it does not get its image repo/image:1 (ErrImageNeverPull: image is not there)",
        ),
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


def test_what_will_never_come_is_not_waited_for():
    def waited_for(*pods, nodes=("n1",)):
        return missing(pods, nodes, 1, may_come=True)

    no_image, starting = pod("client", ready=False, **WAITING), pod("client", "n2", ready=False)
    assert waited_for(no_image, pod("echo")) == [] and waited_for(no_image, pod("echo", ready=False, **WAITING)) == []
    assert waited_for(no_image, starting, pod("echo"), nodes=("n1", "n2")) == ["the client pod client-x on node n2 is not ready: phase Pending"]
    assert waited_for(pod("client"), pod("echo", ready=False)) == ["0 of 1 servers are ready; server echo-x on n1: phase Pending"]
    assert waited_for(pod("client")) == ["0 of 1 servers are ready"]  # nobody has made it yet


def test_pods_with_a_host_port_are_waited_for_and_nobody_fails_for_them():
    pods = [pod("client"), pod("echo"), pod("hostport", ready=False)]
    assert missing(pods, ["n1"], 1, may_come=True) == ["hostport-x: phase Pending"] and missing(pods, ["n1"], 1) == []
    assert missing([*pods[:2], pod("hostport", None, ready=False)], ["n1"], 1, may_come=True) == []  # no node has room for it
    assert missing([*pods[:2], pod("hostport", ready=False, **WAITING)], ["n1"], 1, may_come=True) == []


def namespace(called, /, **labels):
    return {"metadata": {"name": called, "labels": {f"app.kubernetes.io/{key.replace('_', '-')}": value for key, value in labels.items()}}}


def test_only_a_namespace_with_both_labels_is_ours():
    ours = namespace("a", managed_by="kubeproxy-free", name="kubeproxy-free-verify", other="x")
    others = [namespace("b", managed_by="kubeproxy-free"), namespace("c", name="kubeproxy-free-verify"), namespace("d", managed_by="Helm"),
              namespace("e", managed_by="Helm", name="kubeproxy-free-verify"), {"metadata": {"name": "shop"}},
              {"metadata": {"name": "f", "labels": None}}]  # fmt: skip
    assert owned([ours, *others]) == [ours] and owned(others) == []


def test_pods_that_are_not_ready_are_told_with_their_reason():
    pods = [pod("a"), pod("b", ready=False), pod("c", ready=False, **WAITING)]
    assert not_ready(pods) == ["pod b-x on n1 is not ready: phase Pending",
                               "pod c-x on n1 is not ready: it does not get its image repo/image:1 (ErrImageNeverPull: image is not there)"]  # fmt: skip
    assert not_ready(pods, may_come=True) == ["pod b-x on n1 is not ready: phase Pending"]
