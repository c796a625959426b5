# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import objects


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
