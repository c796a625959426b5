# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an agent's table is not what the API asks for, and where the kernel's map is not what the table says. Pure.

The API, an agent and the map are read one after the other while pods come and go, so a difference counts only if it is still there in a second reading.
"""

from __future__ import annotations

from typing import Any, Iterable

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import node_ports
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose.answers import PROXY, Row
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose.expected import Front

#: What an agent calls an address whose traffic a CiliumLocalRedirectPolicy sends to pods of the node itself.
REDIRECTED = "LocalRedirect"
Difference = dict[str, Any]


def differences(fronts: dict[str, Front], node: str, told: dict[str, Any], own: Iterable[str]) -> list[Difference]:
    """Each with its kind (the finding's id), service, address, and the backends that are too many (more) and too few (less).

    own: addresses on which the node is to answer NodePorts.
    """
    table: dict[str, Row] = told["frontends"]
    maps: dict[str, frozenset] = told["maps"]
    found = []
    for address, front in fronts.items():
        row = table.get(address) or table.get(address.rpartition("/")[0])  # older agents tell no protocol
        if row is None:
            if front.least_on(node) and front.everywhere:
                found.append(_difference("frontend-missing", front.service, address))
            continue
        entry = node_ports.entry(maps, address)
        if row.active == front.most == entry:
            continue  # nearly all
        if entry and PROXY in entry:
            continue
        if row.type != REDIRECTED:
            found += _of_table(address, front, row, node)
        if maps:
            found += _of_map(address, front.service, row, entry)
    found += [_difference("node-port-missing", service, address) for service, address in node_ports.missing(fronts, maps, own)]
    return found + [_difference("frontend-unfinished", one["service"], one["address"], status=one["status"], error=one["error"]) for one in told["unfinished"]]


def _of_table(address: str, front: Front, row: Row, node: str) -> Iterable[Difference]:
    most = front.most_on(node)
    more = row.active - most if most is not None else ()
    none_of_several = front.most if not row.active and front.by_node is None else None
    less = none_of_several or front.least_on(node) - row.active
    if more or less:
        yield _difference("backends-differ", front.service, address, sorted(more), sorted(less))


def _of_map(address: str, service: str, row: Row, entry: Any) -> Iterable[Difference]:
    if entry is None:
        yield _difference("map-differs", service, address, less=sorted(row.active), absent=True)
    elif not row.active <= entry <= row.all:
        yield _difference("map-differs", service, address, sorted(entry - row.all), sorted(row.active - entry), absent=False)


def _difference(kind: str, service: str, address: str, more: Any = (), less: Any = (), **said: Any) -> Difference:
    return {"kind": kind, "service": service, "address": address, "more": list(more), "less": list(less), **said}


def lasting(first: Iterable[Difference], second: Iterable[Difference]) -> list[Difference]:
    """What of the second reading was so in the first one: the same address, and of its backends those that were too many, or too few, both times."""
    before = {(one["kind"], one["service"], one["address"]): one for one in first}
    found = []
    for one in second:
        old = before.get((one["kind"], one["service"], one["address"]))
        if old is None:
            continue
        both = {key: [backend for backend in one[key] if backend in old[key]] for key in ("more", "less")}
        absent = one.get("absent") and old.get("absent")
        if both["more"] or both["less"] or absent or not (one["more"] or one["less"]):
            found.append({**one, **both})
    return found
