# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a table of iptables holds, in the same shape for every backend and however it was read."""

from __future__ import annotations

import dataclasses
from typing import Callable, Collection, Iterator, NamedTuple, Optional, Union

FAMILIES = ("ip", "ip6")


class Interest(NamedTuple):
    """What to read of a table, by names of chains."""

    # the chain's rules are of no interest
    skip: Callable[[str], bool]
    # rules that lead to the chain are wanted with their words, as iptables writes them
    spell: Callable[[str], bool]


class Rule(NamedTuple):
    """One rule. Two rules are the same if their identities are, which leave counters aside."""

    identity: Union[str, bytes]
    # every chain (or target extension) that the rule may hand a packet to
    targets: tuple[str, ...]
    # as iptables-save prints it ("-A CHAIN ..."), where that was read
    text: Optional[str] = None
    # the kernel's own number of the rule (nft only)
    handle: Optional[int] = None


# A rule and the name of the chain that has it.
Placed = tuple[str, Rule]


@dataclasses.dataclass
class Chain:
    name: str
    # built-in chains have one: ACCEPT or DROP
    policy: Optional[str] = None
    # None: not read
    rules: Optional[list[Rule]] = None
    # None: not counted
    size: Optional[int] = None


@dataclasses.dataclass
class Table:
    backend: str
    family: str
    name: str
    chains: dict[str, Chain] = dataclasses.field(default_factory=dict)
    # lines that could not be read: their number and text
    unread: list[tuple[int, str]] = dataclasses.field(default_factory=list)
    # why there are rules without text although their words are wanted
    untold: list[str] = dataclasses.field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.backend} {self.family} {self.name}"

    def rules(self) -> Iterator[tuple[Chain, Rule]]:
        """Every rule that was read, with its chain."""
        for chain in self.chains.values():
            for rule in chain.rules or ():
                yield chain, rule


def difference(before: Table, after: Table, gone: Collection[str], unlinked: Collection[Placed]) -> list[str]:
    """What differs between the tables, beside the chains that are to be gone and the rules that were to be unlinked."""
    found: list[str] = []
    gone_chains = frozenset(gone)
    gone_rules = {(chain, rule.identity) for chain, rule in unlinked}
    for name in [*before.chains, *(name for name in after.chains if name not in before.chains)]:
        if name in gone_chains:
            continue
        old, new = before.chains.get(name), after.chains.get(name)
        if old is None or new is None:
            found.append(f"chain {name} is {'new' if old is None else 'gone'}")
            continue
        if old.policy != new.policy:
            found.append(f"chain {name}: policy {old.policy} became {new.policy}")
        kept = [rule for rule in old.rules or () if (name, rule.identity) not in gone_rules]
        if [rule.identity for rule in kept] != [rule.identity for rule in new.rules or ()]:
            found.extend(_rules_that_differ(name, kept, new.rules or []))
    was, became = [text for _number, text in before.unread], [text for _number, text in after.unread]
    found += [f"gone: {text}" for text in was if text not in became] + [f"new: {text}" for text in became if text not in was]
    return found


def _rules_that_differ(chain: str, old: list[Rule], new: list[Rule]) -> list[str]:
    was, became = {rule.identity for rule in old}, {rule.identity for rule in new}
    found = [f"chain {chain}: gone: {show(rule)}" for rule in old if rule.identity not in became]
    found += [f"chain {chain}: new: {show(rule)}" for rule in new if rule.identity not in was]
    return found or [f"chain {chain}: the same rules, in another order or number"]


def show(rule: Rule) -> str:
    """The rule for a message."""
    if rule.text is not None:
        return rule.text
    return f"rule with handle {rule.handle}" + (f" to {', '.join(rule.targets)}" if rule.targets else "")
