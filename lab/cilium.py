"""Cilium's release in the lab: the chart out of Cilium's own module, with the values that a container as node needs."""

import json

from lab.cluster import helm
from lab.images import reference
from lab.progress import step


def values(settings):
    """Helm values that hold with and without kube-proxy's replacement."""
    version = f"v{settings.cilium}"
    local = {"override": reference("cilium", version), "useDigest": False, "pullPolicy": "Never"}
    return {
        "image": local,
        "operator": {"replicas": 1, "image": {"override": reference("cilium-operator", version), "useDigest": False, "pullPolicy": "Never"}},
        "securityContext": {"privileged": True},   # its list of capabilities holds SYS_RESOURCE, which a container has not
        "envoy": {"enabled": False}, "l7Proxy": False,
        "hubble": {"enabled": False},
        "ipam": {"mode": "kubernetes"},
        "cni": {"chainingMode": "portmap"},        # without KPR nobody else serves hostPorts
        "ipv6": {"enabled": settings.dual},
        "k8s": {"requireIPv4PodCIDR": True},
        "cluster": {"name": settings.name},
    }


def chart(parts):
    return parts["cilium"] / "chart"


def install(settings, cluster, parts):
    """Install Cilium beside kube-proxy, without replacing it."""
    text = json.dumps({**values(settings), "kubeProxyReplacement": False})
    with step(f"install Cilium {settings.cilium} beside kube-proxy"):
        helm(settings, "install", "cilium", chart(parts), "--namespace", "kube-system", "--values", "-", text_input=text)
        cluster.kubectl("--namespace", "kube-system", "rollout", "status", "daemonset/cilium", "--timeout=300s")
