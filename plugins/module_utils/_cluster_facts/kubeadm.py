# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm's own record of the cluster. Pure."""
from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts import document


def summary(config_map):
    """Return what the plan needs of ClusterConfiguration, or None if the cluster has none."""
    if not config_map:
        return None
    given, wrong = document.mapping(config_map, "ClusterConfiguration")
    if wrong:
        return {"unread": wrong}
    return {
        "unread": None,
        "api_version": (given.get("apiVersion") or "").rpartition("/")[2],
        "kubernetes_version": given.get("kubernetesVersion"),
        "control_plane_endpoint": given.get("controlPlaneEndpoint") or None,
        "proxy_disabled": bool((given.get("proxy") or {}).get("disabled")),
        "node_port_range": argument(given.get("apiServer") or {}, "service-node-port-range"),
    }


def argument(component, name):
    """An extra argument: a mapping up to v1beta3, a list of name and value from v1beta4."""
    given = component.get("extraArgs") or {}
    if isinstance(given, dict):
        return given.get(name)
    return next((one.get("value") for one in given if one.get("name") == name), None)
