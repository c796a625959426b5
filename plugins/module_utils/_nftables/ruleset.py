# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in nf_tables: questions in, plain values out. Numbers and layout: linux/netfilter/nf_tables.h."""

from __future__ import annotations

from typing import Iterable, Iterator, NamedTuple, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._nftables.netlink import (
    Nftables,
    attribute,
    attributes,
    fields,
    message,
    number,
    string,
    text,
)

NFT_MSG_NEWTABLE, NFT_MSG_GETTABLE, NFT_MSG_DELTABLE = 0, 1, 2
NFT_MSG_GETCHAIN, NFT_MSG_DELCHAIN = 4, 5
NFT_MSG_GETRULE, NFT_MSG_DELRULE = 7, 8
NFT_MSG_GETSET, NFT_MSG_GETSETELEM = 10, 13

TABLE_NAME, TABLE_FLAGS = 1, 2
TABLE_F_DORMANT = 1
CHAIN_TABLE, CHAIN_NAME, CHAIN_HOOK, CHAIN_POLICY = 1, 3, 4, 5
RULE_TABLE, RULE_CHAIN, RULE_HANDLE, RULE_EXPRESSIONS, RULE_COMPAT, RULE_USERDATA = 1, 2, 3, 4, 5, 7
EXPR_NAME, EXPR_DATA = 1, 2
IMMEDIATE_DATA = 2
DATA_VALUE, DATA_VERDICT = 1, 2
VERDICT_CHAIN = 2
SET_TABLE, SET_NAME, SET_DATA_TYPE = 1, 2, 6
SET_DATA_IS_VERDICT = 0xFFFFFF00
ELEMENTS_TABLE, ELEMENTS_SET, ELEMENTS_LIST = 1, 2, 3
ELEMENT_KEY, ELEMENT_DATA = 1, 2

POLICIES = {0: "DROP", 1: "ACCEPT"}

# What an expression counts for itself; it changes while nobody changes the rule. Expression -> attributes; None: all of them.
COUNTED = {"counter": None, "last": None, "quota": {4}}


# table -> chain -> policy
Chains = dict[str, dict[str, Optional[str]]]


class NftTable(NamedTuple):
    name: str
    dormant: bool


class NftRule(NamedTuple):
    handle: int
    # chains that it jumps or goes to
    targets: tuple[str, ...]
    # everything that makes the rule what it is
    identity: bytes


def tables(kernel: Nftables, family: str) -> list[NftTable]:
    found = []
    for answer in kernel.dump(NFT_MSG_GETTABLE, family):
        values = fields(answer)
        found.append(NftTable(text(values[TABLE_NAME]), bool(_integer(values.get(TABLE_FLAGS)) & TABLE_F_DORMANT)))
    return found


def chains(kernel: Nftables, family: str) -> Chains:
    """Of all tables, in the kernel's order; chains without a hook have no policy."""
    found: Chains = {}
    for answer in kernel.dump(NFT_MSG_GETCHAIN, family):
        values = fields(answer)
        policy = POLICIES[_integer(values[CHAIN_POLICY])] if CHAIN_HOOK in values else None
        found.setdefault(text(values[CHAIN_TABLE]), {})[text(values[CHAIN_NAME])] = policy
    return found


def rules(kernel: Nftables, family: str, table: str, chain: str) -> list[NftRule]:
    found = []
    wanted = chain.encode()
    for answer in kernel.dump(NFT_MSG_GETRULE, family, string(RULE_TABLE, table) + string(RULE_CHAIN, chain)):
        values = fields(answer)
        if values[RULE_CHAIN].rstrip(b"\0") == wanted:
            found.append(_rule(values))
    return found


def verdict_maps(kernel: Nftables, family: str, table: str) -> dict[str, list[tuple[bytes, tuple[str, ...]]]]:
    """Of each map from keys to verdicts: its elements, as (key, chains)."""
    names = []
    for answer in kernel.dump(NFT_MSG_GETSET, family, string(SET_TABLE, table)):
        values = fields(answer)
        if _integer(values.get(SET_DATA_TYPE)) == SET_DATA_IS_VERDICT:
            names.append(text(values[SET_NAME]))
    return {name: list(_elements(kernel, family, table, name)) for name in names}


def _elements(kernel: Nftables, family: str, table: str, name: str) -> Iterator[tuple[bytes, tuple[str, ...]]]:
    for answer in kernel.dump(NFT_MSG_GETSETELEM, family, string(ELEMENTS_TABLE, table) + string(ELEMENTS_SET, name)):
        for _kind, element in attributes(fields(answer).get(ELEMENTS_LIST, b"")):
            values = fields(element)
            yield fields(values.get(ELEMENT_KEY, b"")).get(DATA_VALUE, b""), _verdict_chains(values.get(ELEMENT_DATA, b""))


def _rule(values: dict[int, bytes]) -> NftRule:
    aims: list[str] = []
    identity = [values.get(RULE_COMPAT, b""), values.get(RULE_USERDATA, b"")]
    for _kind, expression in attributes(values.get(RULE_EXPRESSIONS, b"")):
        parts = fields(expression)
        name, data = text(parts[EXPR_NAME]), parts.get(EXPR_DATA, b"")
        if name == "immediate":
            aims.extend(_verdict_chains(fields(data).get(IMMEDIATE_DATA, b"")))
        if name in COUNTED:
            left_out = COUNTED[name]
            data = b"".join(attribute(kind, value) for kind, value in attributes(data) if left_out is not None and kind not in left_out)
        identity += [parts[EXPR_NAME], data]
    # Lengths keep neighbours apart.
    return NftRule(int.from_bytes(values[RULE_HANDLE], "big"), tuple(aims), b"".join(len(part).to_bytes(4, "big") + part for part in identity))


def _verdict_chains(data: bytes) -> tuple[str, ...]:
    verdict = fields(data).get(DATA_VERDICT)
    chain = fields(verdict).get(VERDICT_CHAIN) if verdict is not None else None
    return (text(chain),) if chain is not None else ()


def _integer(value: Optional[bytes]) -> int:
    return int.from_bytes(value or b"", "big")


def delete_rule(family: str, table: str, chain: str, handle: int) -> bytes:
    place = string(RULE_TABLE, table) + string(RULE_CHAIN, chain)
    return message(NFT_MSG_DELRULE, family, place + attribute(RULE_HANDLE, handle.to_bytes(8, "big")))


def delete_chains(family: str, table: str, chains: Iterable[str]) -> Iterator[bytes]:
    """First their rules, all of them, so that the chains may refer to each other as they like; then the chains."""
    names = [(name.encode() + b"\0") for name in chains]
    rules_of, chain_of = string(RULE_TABLE, table), string(CHAIN_TABLE, table)
    for name in names:
        yield message(NFT_MSG_DELRULE, family, rules_of + attribute(RULE_CHAIN, name))
    for name in names:
        yield message(NFT_MSG_DELCHAIN, family, chain_of + attribute(CHAIN_NAME, name))


def delete_table(family: str, table: str) -> bytes:
    return message(NFT_MSG_DELTABLE, family, string(TABLE_NAME, table))


def set_dormant(family: str, table: str, dormant: bool) -> bytes:
    """A dormant table keeps all it has and sees no packet."""
    return message(NFT_MSG_NEWTABLE, family, string(TABLE_NAME, table) + number(TABLE_FLAGS, TABLE_F_DORMANT if dormant else 0))
