# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kube-proxy as kubeadm runs it: DaemonSet and ConfigMap. Pure."""
from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts import document, owner, workload

NAMESPACE, NAME = "kube-system", "kube-proxy"
# Settings that change what users see, so that the plan speaks about them. Lower levels by a dot.
SETTINGS = ("mode", "nodePortAddresses", "healthzBindAddress", "iptables.masqueradeAll", "ipvs.strictARP", "ipvs.excludeCIDRs")


def summary(daemonsets, config_map):
    """Return what is there under kubeadm's names, and elsewhere."""
    ours, others = None, []
    for item in daemonsets:
        metadata = item["metadata"]
        if (metadata["namespace"], metadata["name"]) == (NAMESPACE, NAME):
            ours = item
        elif _runs_kube_proxy(item):
            others.append({"object": workload.reference(item), "owner": owner.owner(item)})
    return {
        "daemonset": _daemonset(ours) if ours else None,
        "others": sorted(others, key=lambda other: other["object"]),
        "config": config(config_map) if config_map else None,
        "config_owner": owner.owner(config_map) if config_map else None,
    }


def _daemonset(item):
    spec = item["spec"]["template"]["spec"]
    container = next((one for one in spec["containers"] if one["name"] == NAME), spec["containers"][0])
    return {
        **workload.rollout(item),
        "image": container["image"],
        "arguments": [*(container.get("command") or []), *(container.get("args") or [])],
        "node_selector": spec.get("nodeSelector") or {},
        "update_strategy": (item["spec"].get("updateStrategy") or {}).get("type"),
        "owner": owner.owner(item),
    }


def _runs_kube_proxy(item):
    """True for a DaemonSet whose image is kube-proxy's, except Windows' own."""
    spec = item["spec"]["template"]["spec"]
    if (spec.get("nodeSelector") or {}).get("kubernetes.io/os") == "windows":
        return False
    return any(workload.image_name(container["image"]) == "kube-proxy" for container in spec["containers"])


def config(config_map):
    """Return {settings, unread}: the settings of the table that are given, and what could not be read, verbatim with its place."""
    given, wrong = document.mapping(config_map, "config.conf")
    if not wrong and given.get("kind") != "KubeProxyConfiguration":
        wrong = f"key config.conf: expected kind KubeProxyConfiguration, found {given.get('kind')}"
    if wrong:
        return {"settings": {}, "unread": wrong}
    settings = {}
    for path in SETTINGS:
        value = given
        for step in path.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if value not in (None, "", [], {}):
            settings[path] = value
    return {"settings": settings, "unread": None}
