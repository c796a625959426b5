# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import nodes


def test_nodes_that_a_run_leaves_out_are_named_but_not_those_of_windows():
    labels = {"w2": {"kubernetes.io/os": "linux"}, "w1": {}, "cp1": {"kubernetes.io/os": "linux"}, "win": {"kubernetes.io/os": "windows"}}
    assert nodes.left_out(labels, ["cp1"]) == ["w1", "w2"]
    assert nodes.left_out(labels, ["cp1", "w1", "w2"]) == []
    assert nodes.left_out({}, ["cp1"]) == []


def test_only_nodes_that_we_have_cordoned_take_pods_again_and_the_mark_goes_with_it():
    labels = {"w1": {"kubeproxy-free.fleetops.io/cordoned": "true"}, "w2": {"kubeproxy-free.fleetops.io/state": "moved"}}
    assert nodes.uncordoned(labels) == [{
        "apiVersion": "v1", "kind": "Node", "spec": {"unschedulable": None},
        "metadata": {"name": "w1", "labels": {"kubeproxy-free.fleetops.io/cordoned": None}},
    }]  # fmt: skip


def test_nodes_are_ready_only_where_kubernetes_says_so():
    def node(name, *conditions):
        return {"metadata": {"name": name}, "status": {"conditions": [{"type": kind, "status": status} for kind, status in conditions]}}

    found = [node("a", ("MemoryPressure", "False"), ("Ready", "True")), node("b", ("Ready", "Unknown")), node("c", ("Ready", "False")), node("d")]
    assert nodes.not_ready(found) == ["b", "c", "d"]


def test_a_pod_that_is_about_to_end_serves_nobody_any_more():
    def pod(node, **metadata):
        return {"metadata": metadata, "spec": {"nodeName": node}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}

    found = [pod("a"), pod("b", deletionTimestamp="2026-01-01T00:00:00Z"), {**pod("c"), "status": {"conditions": None}}]
    assert nodes.with_ready_pod(found) == ["a"]
