# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to go from one table, what stays and why, and what forbids to go on. Pure: a table in, a plan out."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables.model import Interest, Placed, Table, show
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import jumps
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.owners import KUBE_PROXY, KUBELET, SHARED, UNKNOWN, owner


class Kept(NamedTuple):
    chain: str
    why: str


class Reference(NamedTuple):
    """A rule that leads to a chain of kube-proxy's and is not kube-proxy's."""

    chain: str
    rule: str
    target: str


class Step(NamedTuple):
    # take away the jumps, so that no packet comes to the chains
    unlink: bool
    # delete the chains, which nothing leads to any more
    remove: bool


@dataclasses.dataclass
class TablePlan:
    table: Table
    jumps: list[Placed] = dataclasses.field(default_factory=list)
    chains: list[str] = dataclasses.field(default_factory=list)
    kept: list[Kept] = dataclasses.field(default_factory=list)
    # as long as there is one, nothing may be changed
    references: list[Reference] = dataclasses.field(default_factory=list)
    unknown: list[str] = dataclasses.field(default_factory=list)
    # rules whose words are not known, so that nobody can tell whose they are: why. Nothing may be changed then either.
    unchecked: list[str] = dataclasses.field(default_factory=list)

    def only(self, step: Step) -> TablePlan:
        """The part of it that belongs to the step."""
        return dataclasses.replace(self, jumps=self.jumps if step.unlink else [], chains=self.chains if step.remove else [])

    @property
    def empty(self) -> bool:
        return not (self.jumps or self.chains)


def interest(table: str) -> Interest:
    """Rules of kube-proxy's own chains go with them, whatever they say. All others are read, and those that lead to it word by word."""
    return Interest(skip=lambda chain: owner(table, chain).kind == KUBE_PROXY, spell=lambda chain: owner(table, chain).kind in (KUBE_PROXY, SHARED))


def plan(table: Table, needed: Optional[str]) -> TablePlan:
    """needed: why the shared chains have to stay for somebody else, or None."""
    made = TablePlan(table, unchecked=[f"{table}, {why}" for why in table.untold])
    kinds = {name: owner(table.name, name).kind for name in table.chains}
    references: dict[str, list[Reference]] = {KUBE_PROXY: [], SHARED: []}
    # of the shared chains themselves: they count if those stay
    out_of_shared: list[Reference] = []
    for chain, rule in table.rules():
        aims = [target for target in rule.targets if kinds.get(target) in references]
        if kinds[chain.name] == SHARED:
            out_of_shared += [Reference(chain.name, show(rule), target) for target in aims if kinds[target] == KUBE_PROXY]
            continue
        if rule.text is None:
            continue
        if aims and jumps.is_known(table.name, rule.text):
            made.jumps.append((chain.name, rule))
            continue
        for target in aims:
            references[kinds[target]].append(Reference(chain.name, show(rule), target))
    for _number, line in table.unread:
        for name, kind in kinds.items():
            if kind in references and name in line:
                references[kind].append(Reference("(unreadable)", line, name))

    why = _why_shared_stay(needed, references[SHARED])
    made.references = references[KUBE_PROXY]
    if why:
        made.references += out_of_shared
        made.jumps = [(chain, rule) for chain, rule in made.jumps if not any(kinds.get(target) == SHARED for target in rule.targets)]
    for name, kind in kinds.items():
        if kind == KUBE_PROXY or (kind == SHARED and not why):
            made.chains.append(name)
        elif kind == SHARED:
            made.kept.append(Kept(name, why))
        elif kind == KUBELET:
            made.kept.append(Kept(name, "it is kubelet's"))
        elif kind == UNKNOWN:
            made.unknown.append(name)
            made.kept.append(Kept(name, "no known version of kube-proxy makes it"))
    return made


def _why_shared_stay(needed: Optional[str], references: list[Reference]) -> str:
    if references:
        first = references[0]
        others = f" and {len(references) - 1} more" if len(references) > 1 else ""
        return f"a rule of chain {first.chain} that is not kube-proxy's needs {first.target}: {first.rule}{others}"
    return needed or ""
