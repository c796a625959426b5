# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every agent has to serve, from what the API says: made once, and looked at for each agent. Pure.

Source: DefaultSelectBackends of pkg/loadbalancer/writer and pkg/clustermesh/selectbackends.go of Cilium.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import services as api


class Front(NamedTuple):
    """An address of a Service. It leads at least to some backends and at most to others; None: to any, for other clusters add theirs."""

    service: str
    least: frozenset
    most: Optional[frozenset]
    #: With a policy of Local, node -> its own backends. Those of no node (None) may be on each.
    by_node: Optional[dict]
    #: Nodes that are not chosen do not have it.
    everywhere: bool

    def least_on(self, node: str) -> frozenset:
        return self.least if self.by_node is None else self.by_node.get(node, frozenset())

    def most_on(self, node: str) -> Optional[frozenset]:
        return self.most if self.by_node is None or self.most is None else self.least_on(node) | self.by_node.get(None, frozenset())


def fronts(services: dict, settings: dict) -> dict[str, Front]:
    """Address with port and protocol -> what it leads to. settings: those of Cilium, as in its ConfigMap."""
    by_zone = settings.get("enable-service-topology") == "true"
    found = {}
    for name, service in services.items():
        if not api.served(service, settings.get("k8s-service-proxy-name") or ""):
            continue
        for port in service["ports"]:
            leads_to = api.endpoints(service, port)
            for kind, address in api.addresses(service, port):
                of_family = [one for one in leads_to if one[0].startswith("[") == address.startswith("[")]
                found[f"{address}/{port['protocol']}"] = _front(name, service, kind, of_family, by_zone)
    return found


def _front(name: str, service: dict, kind: str, leads_to: list, by_zone: bool) -> Front:
    ready = frozenset(address for address, _node, is_ready in leads_to if is_ready)
    policy = service["internal_policy"] if kind == "ClusterIP" else service["external_policy"]
    nearby = by_zone and service["nearby"] and service["internal_policy"] != "Local"
    elsewhere = service["global"] and service["affinity"] != "none"
    return Front(
        name,
        frozenset() if nearby or elsewhere else ready,  # those of its zone, or of other clusters, may be enough
        None if service["global"] else ready,
        _by_node(leads_to) if policy == "Local" and not elsewhere else None,
        not service["only_nodes"],
    )


def _by_node(leads_to: list) -> dict[Any, frozenset]:
    found: dict[Any, set] = {}
    for address, node, is_ready in leads_to:
        if is_ready:
            found.setdefault(node, set()).add(address)
    return {node: frozenset(addresses) for node, addresses in found.items()}
