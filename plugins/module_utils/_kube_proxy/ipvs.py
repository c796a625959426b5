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
import time
from typing import Collection, Iterable, NamedTuple

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import tools

INTERFACE, KIND = "kube-ipvs0", "dummy"
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
MATCHED = re.compile(r"--match-set (\S+)")
# The kernel lets go of a set some time after nf_tables has let go of the rules that use it. Seconds.
LETTING_GO = 5
INSTALL = "install it, then run this again"


class Server(NamedTuple):
    protocol: str
    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.protocol} {self.words[1]}"

    @property
    def words(self) -> list[str]:
        """As ipvsadm takes and prints it."""
        return [OPTION[self.protocol], f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"]


@dataclasses.dataclass
class Leftovers:
    """What is kube-proxy's of it."""

    interface: bool = False
    # of the interface, with the lengths of their prefixes
    addresses: list[str] = dataclasses.field(default_factory=list)
    servers: list[Server] = dataclasses.field(default_factory=list)
    sets: list[str] = dataclasses.field(default_factory=list)
    # sets of its own that stay, and why
    needed_sets: dict[str, str] = dataclasses.field(default_factory=dict)
    # virtual servers of others, which stay
    foreign_servers: list[Server] = dataclasses.field(default_factory=list)
    # KUBE-* sets of others, which stay
    unknown_sets: list[str] = dataclasses.field(default_factory=list)
    unchecked: list[str] = dataclasses.field(default_factory=list)

    @property
    def serves(self) -> bool:
        """Do packets still come to it? Without the interface their addresses are not the node's; without the servers nobody translates them."""
        return bool(self.interface or self.servers)

    def __bool__(self) -> bool:
        return bool(self.serves or self.sets)

    def only(self, unlink: bool, remove: bool) -> Leftovers:
        """What goes in the step: servers and interface when packets are led away, sets with the chains."""
        kept = self if unlink else Leftovers()
        return Leftovers(kept.interface, kept.addresses, kept.servers, self.sets if remove else [])

    def keep_used(self, rules: Iterable[str]) -> None:
        """Sets that these rules, which stay, are matched with."""
        for rule in rules:
            for name in set(MATCHED.findall(rule)).intersection(self.sets):
                self.needed_sets.setdefault(name, f"a rule that stays uses it: {rule}")
        self.sets = [name for name in self.sets if name not in self.needed_sets]


def read_servers(text: str) -> dict[Server, int]:
    """The virtual servers of /proc/net/ip_vs, and how many backends each has. Those by firewall mark are not of kube-proxy's kind and are left out."""
    found: dict[Server, int] = {}
    last = None
    for line in text.splitlines():
        match = SERVER.match(line)
        if match:
            protocol, old, new, port = match.groups()
            address = ipaddress.ip_address(int(old, 16)) if old else ipaddress.ip_address(new)
            last = Server(protocol.lower(), str(address), int(port, 16))
            found[last] = 0
        elif not line.startswith(" "):
            last = None
        elif last and line.split()[0] == "->":
            found[last] += 1
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


def sort_servers(
    servers: Iterable[Server], service: Collection[str], own: Collection[str], node_ports: Collection[tuple[str, int]]
) -> tuple[list[Server], list[Server]]:
    """Those of kube-proxy and the others. kube-proxy's are on an address of its interface, or on a node port that its sets hold at one of the node's own."""
    ours, others = [], []
    for one in servers:
        is_ours = one.address in service or (one.address in own and (one.protocol, one.port) in node_ports)
        (ours if is_ours else others).append(one)
    return ours, others


def discover() -> Leftovers:
    found = Leftovers(interface=INTERFACE in (name for _index, name in socket.if_nameindex()))
    servers = running_servers()
    own: list[str] = []
    if found.interface or servers:
        for line in tools.run([tools.need("ip"), "-o", "addr", "show"]).splitlines():
            name, address = line.split()[1], line.split()[3]
            (found.addresses if name == INTERFACE else own).append(address)
    # without the kernel's part there are no sets, and asking for them would load it
    has_sets = os.path.isdir("/sys/module/ip_set")
    ipset = tools.which("ipset") if has_sets else None
    node_ports: set[tuple[str, int]] = set()
    if ipset:
        names = tools.run([ipset, "list", "-n"]).split()
        found.sets = [name for name in names if name in SETS]
        found.unknown_sets = [name for name in names if name.startswith("KUBE-") and name not in SETS]
        for name in names:
            if name in NODE_PORT_SETS or name in map(ipv6_name, NODE_PORT_SETS):
                node_ports |= read_node_ports(tools.run([ipset, "save", name]))
    found.servers, found.foreign_servers = sort_servers(servers, bare(found.addresses), bare(own), node_ports)
    if has_sets and not ipset and (found.interface or servers):
        found.unchecked.append(f"ipsets: this host has no program ipset to list them; {INSTALL}")
    if found.servers and not tools.which("ipvsadm"):
        found.unchecked.append(f"{len(found.servers)} virtual servers of IPVS: this host has no program ipvsadm to delete them; {INSTALL}")
    return found


def running_servers() -> dict[Server, int]:
    try:
        with open(SERVERS, encoding="ascii") as file:
            return read_servers(file.read())
    except FileNotFoundError:
        return {}


def bare(addresses: Iterable[str]) -> set[str]:
    return {address.split("/")[0] for address in addresses}


def saved_servers(servers: Iterable[Server]) -> list[str]:
    """The servers and their backends, as ipvsadm reads them back."""
    wanted = [server.words for server in servers]
    return [line for line in tools.run([tools.need("ipvsadm"), "-S", "-n"]).splitlines() if line.split()[1:3] in wanted] if wanted else []


def unlink(found: Leftovers) -> None:
    """Takes servers and interface away."""
    for server in found.servers:
        tools.run([tools.need("ipvsadm"), "-D", *server.words])
    if found.interface:
        tools.run([tools.need("ip"), "link", "delete", "dev", INTERFACE])


def remove_sets(names: Iterable[str]) -> dict[str, str]:
    """Destroys them; the rules that used them have to be gone. Those that could not be, and why."""
    kept = {}
    deadline = time.monotonic() + LETTING_GO
    for name in names:
        why = _destroy(name)
        while why and time.monotonic() < deadline:
            time.sleep(0.1)
            why = _destroy(name)
        if why:
            kept[name] = f"somebody else uses it: {why}"
    return kept


def _destroy(name: str) -> str:
    """Why it is in use; empty if it is gone."""
    try:
        tools.run([tools.need("ipset"), "destroy", name])
    except tools.ToolFailed as error:
        if "in use" not in error.stderr:
            raise
        return error.stderr.strip()
    return ""
