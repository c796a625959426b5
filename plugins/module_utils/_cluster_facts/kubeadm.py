# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm's own record of the cluster. Pure."""
from __future__ import annotations

import yaml


def summary(config_map):
    """Return what the plan needs of ClusterConfiguration, or None if the cluster has none."""
    if not config_map:
        return None
    text = (config_map.get("data") or {}).get("ClusterConfiguration")
    try:
        document = yaml.safe_load(text or "")
    except yaml.YAMLError:
        document = None
    if not isinstance(document, dict):
        return {"unread": f"key ClusterConfiguration: no mapping: {(text or '(missing)')[:80]}"}
    networking = document.get("networking") or {}
    return {
        "unread": None,
        "api_version": (document.get("apiVersion") or "").rpartition("/")[2],
        "kubernetes_version": document.get("kubernetesVersion"),
        "control_plane_endpoint": document.get("controlPlaneEndpoint") or None,
        "proxy_disabled": bool((document.get("proxy") or {}).get("disabled")),
        "service_subnet": networking.get("serviceSubnet"),
        "pod_subnet": networking.get("podSubnet"),
        "node_port_range": _argument(document.get("apiServer") or {}, "service-node-port-range"),
    }


def _argument(component, name):
    """An extra argument: a mapping up to v1beta3, a list of name and value from v1beta4."""
    given = component.get("extraArgs") or {}
    if isinstance(given, dict):
        return given.get(name)
    return next((one.get("value") for one in given if one.get("name") == name), None)
