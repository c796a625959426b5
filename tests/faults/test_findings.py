# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings of the plan, each produced by what causes it in the field: API objects, settings of kube-proxy, and a node's own files and rules."""

from __future__ import annotations

import contextlib
import json

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.slow]
SPACE = "trouble"


def workload(kind, name, image, ports=(), **more):
    """One that needs not run: nothing but its specification is looked at."""
    spec = {"selector": {"matchLabels": {"app": name}}, **({"replicas": 0} if kind == "Deployment" else {}), "template": {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "one", "image": image, "imagePullPolicy": "Never", "ports": list(ports)}], **more}}}  # fmt: skip
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": SPACE}, "spec": spec}


def service(name, **more):
    spec = {"selector": {"app": name}, "ports": [{"port": 80}], **more}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": SPACE}, "spec": spec}


NOWHERE = {"nodeSelector": {"no-node": "has-it"}}
OBJECTS = {
    "mesh-bypassed": workload("Deployment", "istiod", "docker.io/istio/pilot:1.27.0"),
    "virtual-ip": workload("DaemonSet", "speaker", "quay.io/metallb/speaker:v0.15.2", **NOWHERE),
    "cni-workload": workload("DaemonSet", "flannel", "ghcr.io/flannel-io/flannel:v0.27.0"),
    "kube-proxy-elsewhere": workload("DaemonSet", "proxy", "registry.example.net/kube-proxy:v1.34.4", **NOWHERE),
    "host-port-in-node-port-range": workload("Deployment", "ports", "server", [{"containerPort": 80, "hostPort": 31999}]),
    "external-traffic-local": service("local", type="NodePort", externalTrafficPolicy="Local"),
    "session-affinity": service("sticky", sessionAffinity="ClientIP"),
    "source-ranges": service("guarded", type="LoadBalancer", loadBalancerSourceRanges=["198.51.100.0/24"]),
    "external-ip-unowned": service("outer", externalIPs=["198.51.100.7"]),
    "topology-ignored": service("near", trafficDistribution="PreferClose"),
    "volume-by-service": {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "trouble"}, "spec": {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany"], "nfs": {"server": "local.trouble.svc.cluster.local", "path": "/"}}},
    "budget-blocks-drain": {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "all", "namespace": "kube-system"}, "spec": {
        "minAvailable": "100%", "selector": {"matchLabels": {"k8s-app": "kube-dns"}}}},
    "node-config-foreign": {"apiVersion": "cilium.io/v2", "kind": "CiliumNodeConfig", "metadata": {"name": "someone", "namespace": "kube-system"}, "spec": {
        "nodeSelector": {"matchLabels": {"no-node": "has-it"}}, "defaults": {"kube-proxy-replacement": "false"}}},
}  # fmt: skip


@pytest.fixture(scope="module")
def trouble(lab):
    if lab.phase():
        status, output = lab.run("rollback", "-e", "kpr_steal_lock=true")
        assert status == 0, output[-3000:]
    items = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}}, *OBJECTS.values()]
    config = json.loads(lab.kubectl("-n", "kube-system", "get", "configmap", "kube-proxy", "-o", "json"))["data"]
    told = {**config, "config.conf": config["config.conf"].replace("masqueradeAll: false", "masqueradeAll: true")}
    assert told != config
    with contextlib.ExitStack() as undo:

        def make(*words, back, stdin=None):
            lab.kubectl(*words, stdin=stdin)
            undo.callback(lab.kubectl, *back, stdin=stdin)

        def rules(*words, back):
            lab.on("worker1", "iptables", "-t", *words)
            undo.callback(lab.on, "worker1", "iptables", "-t", *back)

        kube_proxy = ("-n", "kube-system")
        make("apply", "-f", "-", back=("delete", "-f", "-"), stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        make("cordon", "worker1", back=("uncordon", "worker1"))
        make(*kube_proxy, "annotate", "daemonset", "kube-proxy", "argocd.argoproj.io/tracking-id=platform",
             back=(*kube_proxy, "annotate", "daemonset", "kube-proxy", "argocd.argoproj.io/tracking-id-"))  # fmt: skip
        make(*kube_proxy, "patch", "configmap", "kube-proxy", "--patch", json.dumps({"data": told}),
             back=(*kube_proxy, "patch", "configmap", "kube-proxy", "--patch", json.dumps({"data": config})))  # fmt: skip
        rules("nat", "-N", "MINE", back=("nat", "-X", "MINE"))
        rules("nat", "-A", "MINE", "-j", "KUBE-SERVICES", back=("nat", "-F", "MINE"))
        rules("filter", "-N", "KUBE-OF-NOBODY", back=("filter", "-X", "KUBE-OF-NOBODY"))
        yield lab


def found(lab, *words):
    status, output = lab.run("plan", *words)
    findings = json.loads((lab.reports / "fault" / "plan.json").read_text(encoding="utf-8"))["findings"]
    assert (status != 0) == any(one["severity"] == "blocker" for one in findings), output[-3000:]
    assert all(one["found"] and one["why"] and one["remedy"] for one in findings)
    return {one["id"]: one for one in findings}


def test_every_cause_is_found(trouble):
    told = found(trouble)
    others = {"node-cordoned", "kube-proxy-owner", "kube-proxy-iptables-masqueradeall", "rule-leads-to-kube-proxy", "chains-unknown", "health-port-lost"}
    assert others | set(OBJECTS) <= set(told), sorted((others | set(OBJECTS)) - set(told))
    assert told["kube-proxy-owner"]["found"].startswith("it belongs to Argo CD") and "MINE" in told["rule-leads-to-kube-proxy"]["found"]
    assert "KUBE-OF-NOBODY" in told["chains-unknown"]["found"] and told["node-cordoned"]["object"] == "node worker1"


@pytest.mark.parametrize("settings, named", [
    ({"kpr_cilium_values": {"hostServices": {"enabled": True}}}, "value-ignored"),
    ({"kpr_cilium_values": {"nodePort": {"range": "31000,32767"}}}, "node-port-out-of-range"),
    ({"kpr_cilium_version": "1.17.1"}, "cilium-downgrade"),
    ({"kpr_api_server_host": "kubernetes.default.svc"}, "api-address-is-service"),
    ({"kpr_api_server_host": "192.0.2.1"}, "api-unreachable"),
    ({"kpr_cilium_release": "another"}, "cilium-not-by-helm"),
    ({"kpr_cilium_namespace": "default"}, "cilium-missing"),
])  # fmt: skip
def test_a_wrong_setting_is_found(trouble, settings, named):
    assert named in found(trouble, "-e", json.dumps(settings))


def test_a_finding_is_accepted_by_name(trouble):
    told = found(trouble, "-e", json.dumps({"kpr_accept_findings": ["mesh-bypassed"]}))
    assert told["mesh-bypassed"]["accepted"] and not told["kube-proxy-owner"]["accepted"]
