# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import objects


def test_nodes_that_a_run_leaves_out_are_named_but_not_those_of_windows():
    labels = {"w2": {"kubernetes.io/os": "linux"}, "w1": {}, "cp1": {"kubernetes.io/os": "linux"}, "win": {"kubernetes.io/os": "windows"}}
    assert objects.left_out(labels, ["cp1"]) == ["w1", "w2"]
    assert objects.left_out(labels, ["cp1", "w1", "w2"]) == []
    assert objects.left_out({}, ["cp1"]) == []


def test_only_nodes_that_we_have_cordoned_take_pods_again_and_the_mark_goes_with_it():
    labels = {"w1": {"kubeproxy-free.fleetops.io/cordoned": "true"}, "w2": {"kubeproxy-free.fleetops.io/state": "moved"}}
    assert objects.uncordoned(labels) == [{
        "apiVersion": "v1", "kind": "Node", "spec": {"unschedulable": None},
        "metadata": {"name": "w1", "labels": {"kubeproxy-free.fleetops.io/cordoned": None}},
    }]  # fmt: skip


def test_agents_that_started_with_other_settings_are_recreated_too():
    def agent(pod, enabled, **settings):
        return {"pod": pod, "kube_proxy_replacement": {"enabled": enabled}, "settings": settings}

    agents = {"a": agent("pod-a", True, port=" 0.0.0.0:10256\n"), "b": agent("pod-b", True), "c": agent("pod-c", False, port="0.0.0.0:10256"),
              "d": agent(None, None)}  # fmt: skip
    assert objects.agents_to_recreate(agents, True) == {"c": "pod-c"}
    assert objects.agents_to_recreate(agents, True, {"port": "0.0.0.0:10256"}) == {"b": "pod-b", "c": "pod-c"}
    assert objects.agents_to_recreate(agents, False, {"port": "0.0.0.0:10256"}) == {"a": "pod-a", "b": "pod-b"}


def test_agents_that_were_restarted_are_named_with_how_often_before_and_now():
    def agent(uid, restarts):
        return {"pod": f"pod-{uid}", "pod_uid": uid, "restarts": restarts}

    before = {"a": agent("a1", 2), "b": agent("b1", 2), "c": agent("c1", 3), "d": agent("d1", 0)}
    now = {"a": agent("a1", 2), "b": agent("b1", 5), "c": agent("c2", 1), "d": agent("d2", 0), "e": agent(None, None)}
    assert objects.agents_restarted(now, before) == [
        {"node": "b", "pod": "pod-b1", "before": 2, "now": 5}, {"node": "c", "pod": "pod-c2", "before": 0, "now": 1}]


@pytest.mark.parametrize(("image", "version", "expected"), [
    ("registry.k8s.io/kube-proxy:v1.33.1", "v1.34.4", "registry.k8s.io/kube-proxy:v1.34.4"),
    ("reg.local:5000/kube-proxy:v1.33.1", "v1.34.4", "reg.local:5000/kube-proxy:v1.34.4"),
    ("reg.local:5000/kube-proxy", "v1.34.4", "reg.local:5000/kube-proxy"),
    ("x/kube-proxy:v1.33.1@sha256:0123", "v1.34.4", "x/kube-proxy:v1.33.1@sha256:0123"),
    ("x.amazonaws.com/eks/kube-proxy:v1.29.1-minimal-eksbuild.2", "v1.29.1-eks-508b6b3", "x.amazonaws.com/eks/kube-proxy:v1.29.1-minimal-eksbuild.2"),
    ("x/kube-proxy:v1.27.5_vmware.1", "v1.27.5+vmware.1", "x/kube-proxy:v1.27.5_vmware.1"),
    ("x/kube-proxy:v1.34.4-hardened.2", "v1.34.4", "x/kube-proxy:v1.34.4-hardened.2"),
    ("x/kube-proxy:v1.34.4", "v1.34.5+k3s1", "x/kube-proxy:v1.34.4"),
])  # fmt: skip
def test_only_an_image_that_is_known_to_exist_for_another_version_gets_it(image, version, expected):
    found = {"spec": {"template": {"spec": {"containers": [{"name": "kube-proxy", "image": image}]}}}}
    assert objects.with_version(found, version)["spec"]["template"]["spec"]["containers"][0]["image"] == expected


def test_nodes_are_ready_only_where_kubernetes_says_so():
    def node(name, *conditions):
        return {"metadata": {"name": name}, "status": {"conditions": [{"type": kind, "status": status} for kind, status in conditions]}}

    found = [node("a", ("MemoryPressure", "False"), ("Ready", "True")), node("b", ("Ready", "Unknown")), node("c", ("Ready", "False")), node("d")]
    assert objects.nodes_not_ready(found) == ["b", "c", "d"]


LABEL = "kubeproxy-free.fleetops.io"


def daemonset(image="kube-proxy:v1.34.4", affinity=None, strategy="RollingUpdate"):
    spec = {"containers": [{"name": "kube-proxy", "image": image}], **({"affinity": affinity} if affinity else {})}
    return {"kind": "DaemonSet", "metadata": {"name": "kube-proxy", "uid": "1"}, "spec": {"template": {"spec": spec}, "updateStrategy": {"type": strategy}},
            "status": {"numberReady": 3}}  # fmt: skip


def config_map(mode):
    return {"kind": "ConfigMap", "metadata": {"name": "kube-proxy", "resourceVersion": "7"}, "data": {"config.conf": f"mode: {mode}"}}


OTHERS = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
    {"matchExpressions": [{"key": "gpu", "operator": "DoesNotExist"}]}, {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]},
]}}}  # fmt: skip


@pytest.mark.parametrize("affinity", [None, OTHERS])
def test_what_somebody_changed_since_is_saved_and_the_gate_is_not(affinity):
    kept = objects.refreshed([], [daemonset(affinity=affinity), config_map("ipvs"), {"kind": "Role", "metadata": {"name": "kube-proxy"}}])
    now = {**objects.gated(daemonset(affinity=affinity)), "status": {}}
    now["spec"]["template"]["spec"]["containers"][0]["image"] = "mirror/kube-proxy:v1.34.5"
    found = {item["kind"]: item for item in objects.refreshed(kept, [config_map("iptables"), now])}
    assert found["DaemonSet"] == objects.saved(daemonset("mirror/kube-proxy:v1.34.5", affinity))
    assert found["ConfigMap"] == objects.saved(config_map("iptables")) and found["Role"] == kept[2] and len(found) == 3
    assert kept == objects.refreshed(kept, [])


def test_what_a_migration_has_put_in_a_cluster_is_named_whoever_else_has_labels_there():
    labels = {"w2": {f"{LABEL}/kube-proxy": "off"}, "w1": {f"{LABEL}/state": "moved", "zone": "z"}, "w3": {f"{LABEL}/cordoned": "true"}, "w4": {"zone": "z"}}
    gated = objects.gated(daemonset(affinity=OTHERS))
    gate = "the node affinity kubeproxy-free.fleetops.io/kube-proxy in DaemonSet kube-system/kube-proxy"
    assert objects.traces(labels, [gated]) == [f"labels {LABEL}/ on node w1", f"labels {LABEL}/ on node w2", gate]
    assert objects.traces({"w3": labels["w3"], "w4": labels["w4"]}, [daemonset(affinity=OTHERS)]) == objects.traces({}, []) == []
    gated["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"].append({})
    assert objects.traces({}, [gated]) == [gate]
