# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nft backend: tables of nf_tables that iptables-nft manages, read and changed in the kernel itself.

Only the programs can print a rule as iptables writes it, so they are asked for the few chains whose rules have to be recognised by
their words; everything else goes by the kernel's own names and handles.
"""

from __future__ import annotations

import errno
from typing import Iterable, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import tools
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables.model import Chain, Interest, Placed, Rule, Table
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._nftables import ruleset
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._nftables.netlink import Nftables, Overtaken

# What a kernel without nf_tables answers, by how much of it there is: netlink, netfilter's part of it, nf_tables' part.
NOT_THERE = (errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.EINVAL, errno.EOPNOTSUPP)


class Session:
    """One view of nf_tables, over all its tables: whatever is committed builds on what was read, or raises Overtaken."""

    def __init__(self, kernel: Nftables) -> None:
        self.kernel = kernel
        self.generation = 0

    def begin(self) -> None:
        self.generation = self.kernel.generation()

    def check(self) -> None:
        """Raises Overtaken if somebody has changed anything since the view began, apart from our own commits."""
        if self.kernel.generation() != self.generation:
            raise Overtaken("someone else has changed the rules of nf_tables meanwhile")

    def commit(self, messages: Iterable[bytes]) -> None:
        self.generation = self.kernel.commit(messages, self.generation)


def open_session() -> Optional[Session]:
    """None where the kernel has no nf_tables."""
    try:
        session = Session(Nftables())
        session.begin()
    except OSError as error:
        if error.errno not in NOT_THERE:
            raise
        return None
    return session


class Nft:
    name = "nft"

    def __init__(self, family: str, programs: Optional[tools.Programs], session: Session) -> None:
        self.family = family
        self.programs = programs
        self.session = session

        # the chains of all tables, and in which generation they were read
        self._chains: tuple[int, ruleset.Chains] = (-1, {})

    def tables(self) -> list[str]:
        return [table.name for table in ruleset.tables(self.session.kernel, self.family)]

    def chains(self, table: str) -> dict[str, Optional[str]]:
        """Name -> policy. Kernels tell the chains of all tables, whichever is asked for; so they are asked once for all."""
        if self._chains[0] != self.session.generation:
            self._chains = self.session.generation, ruleset.chains(self.session.kernel, self.family)
        return self._chains[1].get(table, {})

    def read(self, name: str, interest: Interest) -> Table:
        table = Table(self.name, self.family, name)
        kernel = self.session.kernel
        for chain, policy in self.chains(name).items():
            table.chains[chain] = Chain(chain, policy)
            if not interest.skip(chain):
                found = ruleset.rules(kernel, self.family, name, chain)
                table.chains[chain].rules = [Rule(rule.identity, rule.targets, handle=rule.handle) for rule in found]
                table.chains[chain].size = len(found)
                if any(interest.spell(target) for rule in found for target in rule.targets):
                    self._add_text(table, chain)
        for label, elements in ruleset.verdict_maps(kernel, self.family, name).items():
            # A map leads to chains just as a chain's rules do. No chain's name has a space.
            found = [Rule(key + repr(chains).encode(), chains, text=f"element {key.hex()} : {', '.join(chains)}") for key, chains in elements]
            table.chains[f"map {label}"] = Chain(f"map {label}", rules=found, size=len(found))
        return table

    def _add_text(self, table: Table, chain: str) -> None:
        """The rules' words. Where they cannot be had, the rules stay without, and nobody can take them for known ones."""
        try:
            texts = self.chain(table.name, chain)
        except (tools.ToolFailed, tools.Missing) as error:
            table.untold.append(f"rules of chain {chain}: {error}")
            return
        rules = table.chains[chain].rules or []
        if len(texts) != len(rules):
            table.untold.append(
                f"rules of chain {chain}: the kernel has {len(rules)}, and '{' '.join(self._programs().iptables)}' prints {len(texts)}. "
                "Is it older than the program that made them? Install a newer iptables, then run this again"
            )
            return
        table.chains[chain].rules = [rule._replace(text=text) for rule, text in zip(rules, texts)]

    def chain(self, table: str, name: str) -> list[str]:
        """The text of the chain's rules."""
        return [line for line in tools.run([*self._programs().iptables, "-t", table, "-S", name]).splitlines() if line.startswith("-A ")]

    def dump(self, name: str) -> list[str]:
        """The table's text, with every rule."""
        return tools.run([*self._programs().save, "-t", name]).splitlines()

    def _programs(self) -> tools.Programs:
        return self.programs or tools.need_all("nft", self.family)

    def unlink(self, table: Table, rules: Iterable[Placed]) -> None:
        self.session.commit(ruleset.delete_rule(self.family, table.name, chain, rule.handle or 0) for chain, rule in rules)

    def remove(self, table: Table, chains: Iterable[str]) -> None:
        self.session.commit(ruleset.delete_chains(self.family, table.name, chains))
