# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plans in the shape in which the module returns them, and as a diff. Pure."""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, Iterable, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.ipvs import INTERFACE, Leftovers
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.owners import FOREIGN, KUBE_PROXY, SHARED, owner
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.plan import TablePlan

# Lines of a diff for one table and owner; more are only counted.
DIFF_LINES = 1000

# file of a backup -> (table, chain) -> rules
Counts = dict[str, dict[tuple[str, str], int]]


def place(made: TablePlan) -> dict[str, str]:
    return {"backend": made.table.backend, "family": made.table.family, "table": made.table.name}


def found(plans: Iterable[TablePlan], saved: Counts) -> dict[str, dict[str, dict[str, dict[str, dict[str, Optional[int]]]]]]:
    """backend -> family -> table -> owner -> counts. Rules are counted as they were read or saved; else their number is None."""
    all_of_it: dict[str, Any] = {}
    for made in plans:
        table = made.table
        owners = all_of_it.setdefault(table.backend, {}).setdefault(table.family, {}).setdefault(table.name, {})
        for name, chain in table.chains.items():
            counts = owners.setdefault(owner(table.name, name).kind, {"chains": 0, "rules": 0})
            counts["chains"] += 1
            counts["rules"] = _sum([counts["rules"], _size(made, name, saved)])
        for _chain, rule in made.jumps:
            kinds = {owner(table.name, target).kind for target in rule.targets}
            counts = owners[SHARED if kinds == {SHARED} else KUBE_PROXY]
            counts["jumps"] = counts.get("jumps", 0) + 1
            owners[FOREIGN]["rules"] -= 1
    return all_of_it


def removed(plans: Iterable[TablePlan], saved: Counts) -> dict[str, Any]:
    """What goes of iptables, in all and by table; rules are those in the chains."""
    by_table: dict[str, dict[str, Any]] = {}
    for made in plans:
        if made.empty:
            continue
        entry = by_table.setdefault(str(made.table), {"chains": 0, "rules": 0, "jumps": 0})
        entry["chains"] += len(made.chains)
        entry["jumps"] += len(made.jumps)
        entry["rules"] = _sum([entry["rules"], *(_size(made, chain, saved) for chain in made.chains)])
    return {"by_table": by_table, **{what: _sum([entry[what] for entry in by_table.values()]) for what in ("chains", "rules", "jumps")}}


def everything_removed(plans: Iterable[TablePlan], saved: Counts, tables: Iterable[str], leftovers: Leftovers) -> dict[str, Any]:
    return {
        **removed(plans, saved),
        "tables": [f"{family} kube-proxy" for family in tables],
        "sets": leftovers.sets,
        "virtual_servers": len(leftovers.servers),
        "interface": leftovers.interface,
    }


def _size(made: TablePlan, chain: str, saved: Counts) -> Optional[int]:
    of_table = saved.get(f"{made.table.family}-{made.table.backend}")
    size = made.table.chains[chain].size
    return of_table.get((made.table.name, chain), 0) if size is None and of_table is not None else size


def _sum(numbers: list[Optional[int]]) -> Optional[int]:
    return None if None in numbers else sum(number for number in numbers if number is not None)


def ipvs(leftovers: Leftovers) -> dict[str, Any]:
    said = {key: value for key, value in dataclasses.asdict(leftovers).items() if key != "unchecked"}
    return {**said, "servers": list(map(str, leftovers.servers)), "foreign_servers": list(map(str, leftovers.foreign_servers))}


def kept(plans: Iterable[TablePlan]) -> list[dict[str, str]]:
    return [{**place(made), "chain": one.chain, "why": one.why} for made in plans for one in made.kept]


def unknown(plans: Iterable[TablePlan]) -> list[dict[str, str]]:
    return [{**place(made), "chain": chain} for made in plans for chain in made.unknown]


def references(plans: Iterable[TablePlan]) -> list[dict[str, str]]:
    return [{**place(made), **one._asdict()} for made in plans for one in made.references]


def unread(plans: Iterable[TablePlan]) -> list[dict[str, Any]]:
    return [{**place(made), "line": number, "text": text} for made in plans for number, text in made.table.unread]


def diff(plans: Iterable[TablePlan], dump: Callable[[TablePlan], list[str]]) -> list[dict[str, str]]:
    """Per table and owner the chains and rules that go. dump gives the table's text."""
    parts = []
    for made in plans:
        if made.empty:
            continue
        goes: dict[str, list[str]] = {}
        chains, jumps = set(made.chains), {rule.text: rule for _chain, rule in made.jumps}
        for line in dump(made):
            chain = chain_of(line)
            if chain in chains:
                goes.setdefault(owner(made.table.name, chain).kind, []).append(line)
            elif line in jumps:
                goes.setdefault(owner(made.table.name, jumps[line].targets[0]).kind, []).append(line)
        for kind, lines in goes.items():
            shown = lines[:DIFF_LINES] + ([f"# and {len(lines) - DIFF_LINES} lines more"] if len(lines) > DIFF_LINES else [])
            header = f"{made.table}: {kind}"
            parts.append({"before_header": header, "after_header": header, "before": "\n".join([*shown, ""]), "after": ""})
    return parts


def diff_of_objects(tables: Iterable[str], leftovers: Leftovers) -> list[dict[str, str]]:
    """What goes beside rules of iptables."""
    lines = [f"table {family} kube-proxy" for family in tables]
    lines += [f"virtual server {server}" for server in leftovers.servers]
    lines += [f"interface {INTERFACE} {' '.join(leftovers.addresses)}"] if leftovers.interface else []
    lines += [f"set {name}" for name in leftovers.sets]
    header = "kube-proxy's tables of nf_tables, and what is IPVS mode's"
    return [{"before_header": header, "after_header": header, "before": "\n".join([*lines, ""]), "after": ""}] if lines else []


def chain_of(line: str) -> str:
    """Of a line of iptables-save; chains' names are never quoted."""
    if line.startswith(":"):
        return line[1:].split(" ", 1)[0]
    return line[3:].split(" ", 1)[0] if line.startswith("-A ") else ""
