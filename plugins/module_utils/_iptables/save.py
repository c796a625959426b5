# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text that iptables-save (of any backend and version) prints, read into tables."""

from __future__ import annotations

import re
from typing import Iterable

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import words
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables.model import Chain, Interest, Rule, Table

CHAIN_LINE = re.compile(r":(\S+) (\S+) \[\d+:\d+\]$")
RULE_LINE = re.compile(r"(?:\[\d+:\d+\] )?(-A (\S+)(?: .*)?)$")


AGAIN = "run this again; if it stays so, look at what the program prints"


class Incomplete(ValueError):
    """The text ends, or goes on, where a table is not finished: the program was cut off."""


def targets(parts: list[str]) -> tuple[str, ...]:
    """Every word that follows -j or -g. A comment may be "-j" as well; the word after it is then no chain's name."""
    return tuple(after for option, after in zip(parts, parts[1:]) if option in ("-j", "-g", "--jump", "--goto"))


def rule(text: str, known: Iterable[str] = ()) -> Rule:
    """The rule of a line "-A CHAIN ...". Of one that cannot be cut into words, every known chain that it names counts as a target."""
    try:
        aims = targets(words.split(text))
    except words.Unreadable:
        aims = tuple(name for name in known if name in text)
    return Rule(identity=text, targets=aims, text=text)


def read(lines: Iterable[str], backend: str, family: str, interest: Interest) -> dict[str, Table]:
    """The tables of the text. Rules of chains without interest are counted only. Raises Incomplete."""
    tables: dict[str, Table] = {}
    table = None
    number = 0
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\n")
        if table is not None and line[:1] in (":", "-", "["):
            _read_line(table, number, line, interest)
        elif line.startswith("*") and table is None:
            table = tables[line[1:]] = Table(backend, family, line[1:])
        elif line == "COMMIT" and table is not None:
            table = None
        elif not line or line.startswith("#"):
            continue
        elif table is None or line.startswith("*"):
            raise Incomplete(f"{backend} {family}: in what iptables-save prints, line {number} is '{line}', expected a table; {AGAIN}")
        else:
            _read_line(table, number, line, interest)
    if table is not None:
        raise Incomplete(f"{backend} {family}: what iptables-save prints ends in line {number}, expected the COMMIT of table {table.name}; {AGAIN}")
    return tables


def _read_line(table: Table, number: int, line: str, interest: Interest) -> None:
    if line.startswith("-A "):
        # Most lines by far are rules without interest.
        chain = table.chains.get(line[3:].partition(" ")[0])
        if chain is not None and chain.rules is None:
            chain.size = (chain.size or 0) + 1
            return
    match = CHAIN_LINE.match(line) if line.startswith(":") else None
    if match:
        name, policy = match.groups()
        table.chains[name] = Chain(name, None if policy == "-" else policy, None if interest.skip(name) else [], 0)
        return
    match = RULE_LINE.match(line)
    chain = table.chains.get(match[2]) if match else None
    if match is None or chain is None:
        table.unread.append((number, line))
        return
    chain.size = (chain.size or 0) + 1
    if chain.rules is not None:
        chain.rules.append(rule(match[1], table.chains))
