# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kube-proxy as kubeadm runs it: DaemonSet and ConfigMap. Pure."""
from __future__ import annotations

import yaml

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts import owner, workload

NAMESPACE, NAME = "kube-system", "kube-proxy"
# Settings that change what users see, so that the plan speaks about them. Lower levels by a dot.
SETTINGS = (
    "mode", "clusterCIDR", "nodePortAddresses", "healthzBindAddress", "metricsBindAddress", "bindAddress", "iptables.masqueradeAll", "iptables.localhostNodePorts",
    "ipvs.scheduler", "ipvs.strictARP", "ipvs.excludeCIDRs", "detectLocalMode", "hostnameOverride", "featureGates",
)


def summary(daemonsets, config_map):
    """Return what is there under kubeadm's names, and elsewhere."""
    ours, others = None, []
    for item in daemonsets:
        metadata = item["metadata"]
        if (metadata["namespace"], metadata["name"]) == (NAMESPACE, NAME):
            ours = item
        elif _runs_kube_proxy(item):
            others.append(workload.reference(item))
    return {
        "daemonset": _daemonset(ours) if ours else None,
        "others": sorted(others),
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
    text = (config_map.get("data") or {}).get("config.conf")
    place = "key config.conf"
    if text is None:
        return {"settings": {}, "unread": f"{place}: missing; keys are {', '.join(sorted(config_map.get('data') or {})) or 'none'}"}
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = text.splitlines()[mark.line] if mark and mark.line < len(text.splitlines()) else text[:80]
        return {"settings": {}, "unread": f"{place}: line {mark.line + 1 if mark else '?'} is no YAML: {line}"}
    if not isinstance(document, dict) or document.get("kind") != "KubeProxyConfiguration":
        return {"settings": {}, "unread": f"{place}: no KubeProxyConfiguration: {text[:80]}"}
    settings = {}
    for path in SETTINGS:
        value = document
        for step in path.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if value not in (None, "", [], {}):
            settings[path] = value
    return {"settings": settings, "unread": None}
