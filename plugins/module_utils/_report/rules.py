# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting rules: what module kube_proxy_cleanup found, by backend, family and owner. Pure."""

from __future__ import annotations

import dataclasses
from typing import Iterable, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.read import Reader

# Owners whose chains go with kube-proxy; the module decides chain by chain, here they are only counted together.
KUBE_PROXY = ("kube-proxy", "shared")


@dataclasses.dataclass(frozen=True)
class Count:
    """A number is None where nobody counted."""

    chains: Optional[int] = 0
    rules: Optional[int] = 0
    jumps: Optional[int] = 0

    @classmethod
    def read(cls, reader: Reader) -> Count:
        known = reader.names()
        return cls(*(None if key in known and value is None else int(value or 0) for key in ("chains", "rules", "jumps") for value in (reader.number(key),)))

    def __add__(self, other: Count) -> Count:
        return Count(_sum(self.chains, other.chains), _sum(self.rules, other.rules), _sum(self.jumps, other.jumps))

    def __str__(self) -> str:
        return f"{_number(self.chains, 'chain')}, {_number(self.rules, 'rule')}"

    def __bool__(self) -> bool:
        return (self.chains, self.rules, self.jumps) != (0, 0, 0)


@dataclasses.dataclass(frozen=True)
class Part:
    """The rules of one owner in one table."""

    backend: str
    family: str
    table: str
    owner: str
    count: Count


@dataclasses.dataclass(frozen=True)
class Found:
    parts: tuple[Part, ...]

    @classmethod
    def read(cls, reader: Reader) -> Found:
        parts = []
        for backend in reader.names():
            families = reader.child(backend)
            for family in families.names():
                tables = families.child(family)
                for table in tables.names():
                    owners = tables.child(table)
                    for owner in owners.names():
                        count = owners.child(owner)
                        parts.append(Part(backend, family, table, owner, count.end(Count.read(count))))
        return cls(tuple(parts))

    def kube_proxy(self) -> Count:
        return total(part.count for part in self.parts if part.owner in KUBE_PROXY)

    def by_family(self) -> dict[tuple[str, str], Count]:
        """Of kube-proxy, by backend and family, in the order they were read; without empty ones."""
        found: dict[tuple[str, str], Count] = {}
        for part in self.parts:
            if part.owner in KUBE_PROXY and part.count:
                key = (part.backend, part.family)
                found[key] = found.get(key, Count()) + part.count
        return found


def total(counts: Iterable[Count]) -> Count:
    return sum(counts, Count())


def _sum(one: Optional[int], other: Optional[int]) -> Optional[int]:
    return None if one is None or other is None else one + other


def _number(number: Optional[int], what: str) -> str:
    return f"{what}s not counted" if number is None else f"{number:,} {what}{'' if number == 1 else 's'}"
