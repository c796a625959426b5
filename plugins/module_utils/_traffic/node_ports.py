# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On which of a node's addresses kube-proxy serves NodePorts, and a Service's health check. Pure.

As in Kubernetes' cmd/kube-proxy/app/server.go and server_linux.go, and in pkg/proxy: util/nodeport_addresses.go, healthcheck/service_health.go and
iptables/proxier.go. Its bindAddress, which may be another node address than the API's, is not looked at.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Mapping

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import objects

LOOPBACK = "127.0.0.1"
#: In place of ranges: of each family the node's first address.
PRIMARY = "primary"


def unserved(address: str, node: Mapping[str, Any], kube_proxy: Mapping[str, Any]) -> str | None:
    """Why kube-proxy, configured so, serves none on an address of a node; None where it does."""
    mode = kube_proxy.get("mode") or "iptables"
    if address == LOOPBACK and mode != "iptables":
        return f"kube-proxy's {mode} mode does not serve it"
    if address == LOOPBACK and (kube_proxy.get("iptables") or {}).get("localhostNodePorts") is False:
        return "kube-proxy's iptables.localhostNodePorts is false"
    given = kube_proxy.get("nodePortAddresses") or ([PRIMARY] if mode == "nftables" else [])
    # ranges of one family leave the other as it is
    ranges = [one for one in _ranges(given, node) if one.version == objects.family(address)]
    if not ranges or any(ipaddress.ip_address(address) in one for one in ranges):
        return None
    return f"it is none of kube-proxy's nodePortAddresses ({', '.join(given)})"


def _ranges(given: list[str], node: Mapping[str, Any]) -> list[Any]:
    if given == [PRIMARY]:
        addresses = objects.addresses(node, ("InternalIP",)) + objects.addresses(node, ("ExternalIP",))
        given = list({objects.family(address): address for address in reversed(addresses)}.values())
    return [ipaddress.ip_network(one, strict=False) for one in given]
