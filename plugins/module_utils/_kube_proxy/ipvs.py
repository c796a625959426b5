# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ipvs mode leaves beside its chains: an interface with every Service address, virtual servers, ipsets.

Sources: pkg/proxy/ipvs/proxier.go and pkg/proxy/ipvs/ipset.go of Kubernetes.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
import socket
from typing import NamedTuple

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import tools

INTERFACE = "kube-ipvs0"
SERVERS = "/proc/net/ip_vs"
# The node port sets tell which virtual servers on the node's own addresses are kube-proxy's.
NODE_PORT_SETS = (
    "KUBE-NODE-PORT-TCP",
    "KUBE-NODE-PORT-LOCAL-TCP",
    "KUBE-NODE-PORT-UDP",
    "KUBE-NODE-PORT-LOCAL-UDP",
    "KUBE-NODE-PORT-SCTP-HASH",
    "KUBE-NODE-PORT-LOCAL-SCTP-HASH",
)
IPV4_SETS = (
    "KUBE-LOOP-BACK",
    "KUBE-CLUSTER-IP",
    "KUBE-EXTERNAL-IP",
    "KUBE-EXTERNAL-IP-LOCAL",
    "KUBE-LOAD-BALANCER",
    "KUBE-LOAD-BALANCER-LOCAL",
    "KUBE-LOAD-BALANCER-FW",
    "KUBE-LOAD-BALANCER-SOURCE-IP",
    "KUBE-LOAD-BALANCER-SOURCE-CIDR",
    "KUBE-HEALTH-CHECK-NODE-PORT",
    "KUBE-IPVS-IPS",  # since 1.26
    *NODE_PORT_SETS,
)


def ipv6_name(name: str) -> str:
    """ipset allows 31 characters, and kube-proxy cuts the name off there."""
    return name.replace("KUBE-", "KUBE-6-", 1)[:31]


SETS = frozenset([*IPV4_SETS, *(ipv6_name(name) for name in IPV4_SETS)])

SERVER = re.compile(r"(TCP|UDP|SCTP) +(?:([0-9A-F]{8})|\[([0-9A-Fa-f:]+)\]):([0-9A-F]{4}) ")
OPTION = {"tcp": "-t", "udp": "-u", "sctp": "--sctp-service"}


class Server(NamedTuple):
    protocol: str
    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.protocol} {self.socket()}"

    def socket(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclasses.dataclass
class Leftovers:
    """What is kube-proxy's of it."""

    interface: bool = False
    addresses: list[str] = dataclasses.field(default_factory=list)
    servers: list[Server] = dataclasses.field(default_factory=list)
    sets: list[str] = dataclasses.field(default_factory=list)
    # virtual servers of others, which stay
    foreign_servers: list[Server] = dataclasses.field(default_factory=list)
    # KUBE-* sets of others, which stay
    unknown_sets: list[str] = dataclasses.field(default_factory=list)
    unchecked: list[str] = dataclasses.field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.interface or self.servers or self.sets)


def read_servers(text: str) -> list[Server]:
    """The virtual servers of /proc/net/ip_vs. Those by firewall mark are not of kube-proxy's kind and are left out."""
    found = []
    for line in text.splitlines():
        match = SERVER.match(line)
        if match:
            protocol, old, new, port = match.groups()
            address = ipaddress.ip_address(int(old, 16)) if old else ipaddress.ip_address(new)
            found.append(Server(protocol.lower(), str(address), int(port, 16)))
    return found


def read_node_ports(saved: str) -> set[tuple[str, int]]:
    """(protocol, port) of every entry of a node port set, as 'ipset save' prints them: "add SET 30080" or "add SET ADDRESS,sctp:30080"."""
    found = set()
    for line in saved.splitlines():
        parts = line.split()
        if len(parts) >= 3 and parts[0] == "add":
            protocol = next((word.lower() for word in parts[1].split("-") if word in ("TCP", "UDP", "SCTP")), "")
            port = parts[2].rpartition(":")[2]
            if port.isdigit():
                found.add((protocol, int(port)))
    return found


def sort_servers(servers: list[Server], service_addresses: list[str], node_ports: set[tuple[str, int]]) -> tuple[list[Server], list[Server]]:
    """Those of kube-proxy and the others. kube-proxy's are on an address of its interface, or on a node port that its sets hold."""
    ours = [one for one in servers if one.address in service_addresses or (one.protocol, one.port) in node_ports]
    return ours, [one for one in servers if one not in ours]


def discover() -> Leftovers:
    found = Leftovers(interface=INTERFACE in (name for _index, name in socket.if_nameindex()))
    if found.interface:
        lines = tools.run([tools.which("ip") or "ip", "-o", "addr", "show", "dev", INTERFACE]).splitlines()
        found.addresses = [line.split()[3].split("/")[0] for line in lines]
    # without the kernel's part there are no sets, and asking for them would load it
    ipset = tools.which("ipset") if os.path.isdir("/sys/module/ip_set") else None
    node_ports: set[tuple[str, int]] = set()
    if ipset:
        names = tools.run([ipset, "list", "-n"]).split()
        found.sets = [name for name in names if name in SETS]
        found.unknown_sets = [name for name in names if name.startswith("KUBE-") and name not in SETS]
        for name in names:
            if name in NODE_PORT_SETS or name in map(ipv6_name, NODE_PORT_SETS):
                node_ports |= read_node_ports(tools.run([ipset, "save", name]))
    try:
        with open(SERVERS, encoding="ascii") as file:
            servers = read_servers(file.read())
    except FileNotFoundError:
        servers = []
    found.servers, found.foreign_servers = sort_servers(servers, found.addresses, node_ports)
    if not ipset and os.path.isdir("/sys/module/ip_set") and (found.interface or servers):
        found.unchecked.append("ipsets: this host has no program ipset")
    if found.servers and not tools.which("ipvsadm"):
        found.unchecked.append("virtual servers of IPVS: this host has no program ipvsadm to delete them")
    return found


def remove(found: Leftovers) -> list[tuple[str, str]]:
    """Deletes them; the rules that used the sets have to be gone. What could not be deleted: (set, why)."""
    for server in found.servers:
        tools.run([tools.which("ipvsadm") or "ipvsadm", "-D", OPTION[server.protocol], server.socket()])
    if found.interface:
        tools.run([tools.which("ip") or "ip", "link", "delete", "dev", INTERFACE])
    kept = []
    for name in found.sets:
        try:
            tools.run([tools.which("ipset") or "ipset", "destroy", name])
        except tools.ToolFailed as error:
            if "in use" not in error.stderr:
                raise
            kept.append((name, f"a rule that stays uses it: {error.stderr.strip()}"))
    return kept
