# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where load balancers ask whether a node serves: kube-proxy's port, and that of each Service of local policy. Pure.

Once kube-proxy is gone, Cilium answers on kube-proxy's port only where its configuration says so, and on the others by default.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Mapping

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet.nodes import LEFT
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.health import ADDRESS

BIND_ADDRESS = "kube-proxy-replacement-healthz-bind-address"
SERVICES = "enable-health-check-nodeport"


def has_left(node: Mapping[str, Any]) -> bool:
    return (node["metadata"].get("labels") or {}).get(LEFT[0]) == LEFT[1]


def node_port(node: Mapping[str, Any], kube_proxy: Mapping[str, Any] | None, cilium: Mapping[str, str]) -> tuple[int, str]:
    """The port on the node's own addresses, or 0 and why nothing is asked.

    kube_proxy: its configuration, None where there is none; cilium: the data of cilium-config.
    """
    if kube_proxy is not None and not has_left(node):
        bound = kube_proxy.get("healthzBindAddress") or ADDRESS
    else:
        bound = cilium.get(BIND_ADDRESS) or ""
        if not bound:
            return 0, "kube-proxy is gone, and Cilium does not answer in its place (kubeProxyReplacementHealthzBindAddr is not set)"
    address, _colon, port = bound.rpartition(":")
    if address.strip("[]") and not ipaddress.ip_address(address.strip("[]")).is_unspecified:
        return 0, f"it is bound to {bound}, not to all of the node's addresses"
    return int(port), ""
