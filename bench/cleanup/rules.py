# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real kube-proxy 1.34 made for the Services of a small dual-stack cluster, as often as wanted, beside chains of others. Pure but for reading it.

Each copy has chains and names of its own; its addresses are those of the original, which none of the ways that are compared looks at.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import pathlib
import re
from typing import Iterable

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "tests/unit/plugins/module_utils/_kube_proxy/fixtures"
DUMPS = {"iptables": "iptables-1.34-nft-ipv4.marked", "ip6tables": "iptables-1.34-nft-ipv6.marked"}
HASHED = re.compile(r"(KUBE-(?:SVC|SVL|SEP|EXT|FW)-)([A-Z2-7]{16})")
#: The namespace of the Services; what names it, or a chain of one, belongs to a Service.
SERVICES = "shop/"
#: A match on an object that kube-proxy makes beside its rules, which are not there without it.
NFACCT = re.compile(r"-m nfacct --nfacct-name +\S+ ")
KUBELETS = ("KUBE-IPTABLES-HINT", "KUBE-KUBELET-CANARY", "KUBE-FIREWALL")
#: After the first built-in chain of a table: chains of others.
OTHERS = {
    "mangle": (":KUBE-IPTABLES-HINT - [0:0]", ":KUBE-KUBELET-CANARY - [0:0]", ":CILIUM_POST_mangle - [0:0]"),
    "filter": (":CILIUM_INPUT - [0:0]", ":ADMIN - [0:0]", "-A INPUT -p udp -m udp --dport 4000 -j ADMIN", "-A ADMIN -p tcp -j ACCEPT"),
    "nat": (":CILIUM_POST_nat - [0:0]", ":DOCKER - [0:0]", "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER"),
}


def chains(lines: Iterable[str]) -> int:
    """How many chains of kube-proxy's the rules have."""
    return sum(line.startswith(":KUBE-") and line.split()[0][1:] not in KUBELETS for line in lines)


def dumps(wanted: int) -> dict[str, list[str]]:
    """At least so many of kube-proxy's chains, in both IP versions together, as lines for iptables-restore and ip6tables-restore."""
    once, twice = (sum(chains(_copied(program, copies)) for program in DUMPS) for copies in (1, 2))
    copies = 1 - (once - wanted) // (twice - once) if wanted > once else 1
    return {program: _copied(program, copies) for program in DUMPS}


@functools.cache
def _original(program: str) -> list[str]:
    lines = (FIXTURES / DUMPS[program]).read_text(encoding="utf-8").splitlines()
    return [NFACCT.sub("", line[2:]) for line in lines if not line.startswith("#")]


def _copied(program: str, copies: int) -> list[str]:
    found: list[str] = []
    head: list[str] = []
    body: list[str] = []
    for line in _original(program):
        if line.startswith("*"):
            table, head, body = line[1:], [line], []
            for other in OTHERS[table]:
                (head if other.startswith(":") else body).append(other)
        elif line == "COMMIT":
            found += [*head, *body, line]
        else:
            part = head if line.startswith(":") else body
            if line in OTHERS[table]:
                continue
            part += [_copy(line, number) for number in range(copies)] if HASHED.search(line) or SERVICES in line else [line]
    return found


def _copy(line: str, number: int) -> str:
    renamed = HASHED.sub(lambda match: match[1] + _hash(match[2], number), line)
    return renamed.replace(SERVICES, f"shop-{number}/")


@functools.cache
def _hash(original: str, number: int) -> str:
    return base64.b32encode(hashlib.sha256(f"{original}{number}".encode()).digest()).decode()[:16]
