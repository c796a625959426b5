# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of kube-proxy's iptables modes by which probed addresses enter, and what they counted during the probes.

kube-proxy's nftables mode has no counters, and IPVS counts elsewhere: there connection tracking (conntrack.py) is the proof.
"""

from __future__ import annotations

import ipaddress
import shlex
from typing import Any, Callable, Mapping, NamedTuple

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import Path

# (name of the dump, chain, rule) -> packets; the dump's name ends with its family
Counters = Mapping["tuple[str, str, str]", int]
ENTRY_CHAINS = ("KUBE-SERVICES", "KUBE-NODEPORTS")


class Entry(NamedTuple):
    """What a rule of an entry chain lets in; no address: that of a NodePort, any of the node's own."""

    address: str | None
    protocol: str
    port: int


def parse_entry(chain: str, rule: str) -> Entry | None:
    """The entry a rule describes; None for rules that are not about one Service port."""
    if chain not in ENTRY_CHAINS:
        return None
    try:
        words = shlex.split(rule)
    except ValueError:
        return None
    options = {word: words[index + 1] for index, word in enumerate(words[:-1]) if word in ("-d", "-p", "--dport")}
    if "-p" not in options or not options.get("--dport", "").isdigit():
        return None
    address = str(ipaddress.ip_interface(options["-d"]).ip) if "-d" in options else None
    if address is None and chain == "KUBE-SERVICES":
        return None
    return Entry(address, options["-p"], int(options["--dport"]))


def watch(counters: Counters, paths: list[Path]) -> dict[tuple[str, str, str], list[str]]:
    """The entry rules that concern the paths, each with the names of those paths."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for key in counters:
        entry = parse_entry(key[1], key[2])
        names = [path.name for path in paths if entry and _concerns(entry, path, key[0])]
        if names:
            found[key] = names
    return found


def _concerns(entry: Entry, path: Path, dump: str) -> bool:
    same_family = dump.endswith("ipv6") == (":" in path.address)
    return same_family and (entry.protocol, entry.port) == (path.protocol, path.port) and entry.address in (None, path.address)


def compare(before: Counters, after: Counters, paths: list[Path]) -> dict[str, Any]:
    """What moved between two readings. A counter that went back was reset in between: what it shows now is new."""
    watched = watch(after, paths)
    moved = []
    for key, names in watched.items():
        start = before.get(key, 0)
        packets = after[key] - start if after[key] >= start else after[key]
        if packets:
            dump, dummy, rule = key
            moved.append({"where": dump, "rule": rule, "packets": packets, "targets": names})
    return {"watched": sorted({name for names in watched.values() for name in names}), "moved": moved}


def observe(read: Callable[[], Counters], paths: list[Path], work: Callable[[], Any]) -> tuple[Any, dict[str, Any]]:
    """Do the work between two readings; return its result and what moved."""
    before = read()
    result = work()
    return result, compare(before, read(), paths)
