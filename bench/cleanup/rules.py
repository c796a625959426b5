# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules in the shape of kube-proxy 1.34's iptables mode, for as many chains as wanted, beside chains of others. Pure."""

from __future__ import annotations

import base64
import hashlib
from typing import Iterable

#: Of one Service in three: a NodePort, which has a KUBE-EXT chain too.
NODE_PORT_EVERY = 3
ENDPOINTS = 2
HEAD = {
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
}
OWNED = {
    "mangle": ("KUBE-PROXY-CANARY",),
    "filter": ("KUBE-EXTERNAL-SERVICES", "KUBE-FORWARD", "KUBE-NODEPORTS", "KUBE-PROXY-CANARY", "KUBE-PROXY-FIREWALL", "KUBE-SERVICES"),
    "nat": ("KUBE-MARK-MASQ", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-PROXY-CANARY", "KUBE-SERVICES"),
}
OTHERS = {
    "mangle": ("KUBE-IPTABLES-HINT", "KUBE-KUBELET-CANARY", "CILIUM_POST_mangle"),
    "filter": ("KUBE-FIREWALL", "KUBE-KUBELET-CANARY", "CILIUM_INPUT", "ADMIN"),
    "nat": ("KUBE-KUBELET-CANARY", "CILIUM_POST_nat", "DOCKER"),
}
FILTER = (
    "-A INPUT -j KUBE-FIREWALL",
    '-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL',
    '-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS',
    '-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES',
    "-A INPUT -p udp -m udp --dport 4000 -j ADMIN",
    '-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
    '-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    "-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP",
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT',
    "-A ADMIN -s 192.0.2.0/24 -j ACCEPT",
)
NAT = (
    '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
    '-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
    "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
    "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
    "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
    '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
)


def chains(lines: Iterable[str]) -> int:
    """How many chains of kube-proxy's the rules have."""
    names = [line.split()[0] for line in lines if line.startswith(":KUBE-")]
    return sum(name[1:] not in ("KUBE-IPTABLES-HINT", "KUBE-KUBELET-CANARY", "KUBE-FIREWALL") for name in names)


def dump(wanted: int) -> list[str]:
    """At least so many of kube-proxy's chains, as lines for iptables-restore."""
    made: list[str] = []
    rules: list[str] = []
    number = 0
    while len(made) + sum(map(len, OWNED.values())) < wanted:
        _service(number, made, rules)
        number += 1
    bodies = {"mangle": (), "filter": FILTER, "nat": (*NAT, *rules)}
    lines = []
    for table, hooks in HEAD.items():
        lines += [f"*{table}", *(f":{hook} ACCEPT [0:0]" for hook in hooks)]
        lines += [f":{chain} - [0:0]" for chain in (*OTHERS[table], *OWNED[table], *(made if table == "nat" else ()))]
        lines += [*bodies[table], "COMMIT"]
    return lines


def _service(number: int, made: list[str], rules: list[str]) -> None:
    name, address = f"made/service-{number}:http", f"10.{96 + number // 65536}.{number // 256 % 256}.{number % 256}"
    service = _chain("SVC", name)
    made.append(service)
    rules.append(f'-A KUBE-SERVICES -d {address}/32 -p tcp -m comment --comment "{name} cluster IP" -m tcp --dport 80 -j {service}')
    rules.append(f'-A {service} ! -s 10.244.0.0/16 -d {address}/32 -p tcp -m comment --comment "{name} cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ')
    if number % NODE_PORT_EVERY == 0:
        external = _chain("EXT", name)
        made.append(external)
        rules.append(f'-A KUBE-NODEPORTS -p tcp -m comment --comment "{name}" -m tcp --dport {1024 + number % 64000} -j {external}')
        rules.append(f'-A {external} -m comment --comment "masquerade traffic for {name} external destinations" -j KUBE-MARK-MASQ')
        rules.append(f"-A {external} -j {service}")
    for index in range(ENDPOINTS):
        pod = f"10.244.{(number * ENDPOINTS + index) // 250 % 250}.{(number * ENDPOINTS + index) % 250 + 1}"
        endpoint = _chain("SEP", f"{name} {index}")
        made.append(endpoint)
        chance = f"-m statistic --mode random --probability {1 / (ENDPOINTS - index):.11f} " if index < ENDPOINTS - 1 else ""
        rules.append(f'-A {service} -m comment --comment "{name} -> {pod}:8080" {chance}-j {endpoint}')
        rules.append(f'-A {endpoint} -s {pod}/32 -m comment --comment "{name}" -j KUBE-MARK-MASQ')
        rules.append(f'-A {endpoint} -p tcp -m comment --comment "{name}" -m tcp -j DNAT --to-destination {pod}:8080')


def _chain(kind: str, name: str) -> str:
    return f"KUBE-{kind}-{base64.b32encode(hashlib.sha256(f'{kind}{name}'.encode()).digest()).decode()[:16]}"
