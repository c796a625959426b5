# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On which of its addresses a node answers NodePorts, and where the kernel's map has no entry for them. Pure.

Sources: pkg/datapath/tables/node_address.go and pkg/loadbalancer/reconciler/bpf_reconciler.go of Cilium.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Iterable, Iterator, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose.expected import Front
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose.services import joined

#: Ranges to which NodePorts are restricted, in cilium-config; Helm's nodePort.addresses.
RANGES = "nodeport-addresses"
#: How the agents write the entry of a NodePort that its node's own programs go by, and whether it is IPv6.
ANY = {"0.0.0.0": False, "[::]": True}


def addresses(node: dict, ranges: str) -> list[str]:
    """The first InternalIP of each family, which is what Cilium prefers on its device, if the ranges allow it."""
    own: dict[bool, str] = {}
    for one in (node.get("status") or {}).get("addresses") or []:
        if one["type"] == "InternalIP":
            own.setdefault(":" in one["address"], one["address"])
    try:
        allowed = [ipaddress.ip_network(text, strict=False) for text in re.split(r"[,\s]+", ranges) if text]
    except ValueError:  # no agent starts with it, so nobody knows what these run with
        return []
    return [address for address in own.values() if not allowed or any(ipaddress.ip_address(address) in one for one in allowed)]


def missing(fronts: dict[str, Front], maps: dict[str, frozenset], own: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(Service, address) of NodePorts that the map has for the node's own programs, and not for its address, by which connections from outside find them.

    Agents up to 1.17 have these addresses in their own table too, later ones in the map only.
    """
    for address, front in fronts.items():
        host, _colon, port = address.rpartition(":")
        if host in ANY and entry(maps, address) is not None:
            found = [joined(one, port) for one in own if (":" in one) == ANY[host]]
            yield from ((front.service, one) for one in found if entry(maps, one) is None)


def text(address: str) -> str:
    """What a line of the map has to have in it to be one of this address, or of a NodePort on any."""
    host, colon, port = address.rpartition("/")[0].rpartition(":")
    return f"{'' if host in ANY else host}{colon}{port}"


def entry(maps: dict[str, frozenset], address: str) -> Optional[Any]:
    """What the map has for an address; older agents tell no protocol."""
    found = maps.get(address)
    return maps.get(address.rpartition("/")[0]) if found is None else found
