# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cilium as the cluster's objects describe it: DaemonSet, operator, ConfigMap, CiliumNodeConfigs. Pure."""
from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import configured
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts import owner, workload

# Keys of cilium-config that the rules look at; the rest of it is nobody's business here.
KEYS = (
    "kube-proxy-replacement", "kube-proxy-replacement-healthz-bind-address", "devices", "node-port-range", "bpf-lb-map-max", "bpf-lb-service-map-max",
    "bpf-lb-sock-hostns-only", "bpf-lb-source-range-all-types", "enable-service-topology",
)


def summary(found, node_configs, served, namespace):
    """Return the facts, or None if there is no Cilium in the namespace."""
    agents = _named(found["daemonsets"], namespace, "cilium")
    if not agents:
        return None
    spec = agents["spec"]["template"]["spec"]
    container = next((one for one in spec["containers"] if one["name"] == "cilium-agent"), spec["containers"][0])
    operator = _named(found["deployments"], namespace, "cilium-operator")
    data = (found["cilium_config"] or {}).get("data") or {}
    where = configured.sources({"metadata": {"namespace": namespace}, "spec": {**spec, "nodeName": ""}})
    return {
        "version": (workload.image_tag(container["image"]) or "").lstrip("v") or None,
        "image": container["image"],
        "agents": workload.rollout(agents),
        "update_strategy": agents["spec"].get("updateStrategy") or {},
        "operator": workload.rollout(operator) if operator else None,
        "owner": owner.owner(agents),
        "config": {key: data[key] for key in KEYS if key in data},
        "overrides": {
            "read": any(kind == configured.NODE_CONFIG for kind, _namespace, _name in where.ordered),
            "allowed": sorted(where.allowed),
            "denied": sorted(where.denied),
        },
        "node_configs": None if node_configs is None else [_node_config(item) for item in sorted(node_configs, key=lambda one: one["metadata"]["name"])],
        "node_config_served": served,
        "node_config_stored": ((found["node_config_kind"] or {}).get("status") or {}).get("storedVersions") or [],
        "waits_for_kube_proxy": any(one["name"] == "wait-for-kube-proxy" for one in spec.get("initContainers") or []),
        "api_host": next((one.get("value") for one in container.get("env") or [] if one["name"] == "KUBERNETES_SERVICE_HOST"), None),
        "api_port": next((one.get("value") for one in container.get("env") or [] if one["name"] == "KUBERNETES_SERVICE_PORT"), None),
    }


def _named(items, namespace, name):
    return next((one for one in items or [] if (one["metadata"]["namespace"], one["metadata"]["name"]) == (namespace, name)), None)


def _node_config(item):
    spec = item.get("spec") or {}
    return {"name": item["metadata"]["name"], "node_selector": spec.get("nodeSelector"), "defaults": spec.get("defaults") or {}}
