# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does kube-proxy serve this Service on this node, in whichever mode it runs?"""

from __future__ import annotations

import ipaddress
import re
import time
from typing import NamedTuple, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import words
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import ipvs, nftables_mode
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.apply import retrying
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.survey import Node
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._nftables import ruleset

ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:]+)\]|([0-9.]+)):(\d+)/(tcp|udp|sctp)")
NAME = re.compile(r"([a-z0-9.-]+)/([a-z0-9.-]+)")
PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132}
SERVES = re.compile(r"KUBE-(SVC|SVL|EXT|FW|XLB)-[A-Z2-7]{16}")
# nftables mode: address . protocol . port -> chain of the Service
SERVICE_MAP = "service-ips"


class Service(NamedTuple):
    """Known by its name, or else by its cluster address."""

    name: Optional[str] = None
    address: Optional[str] = None
    port: int = 0
    protocol: str = ""


def parse(text: str) -> Service:
    """"namespace/name", or "10.96.0.1:443/tcp", or "[fd00::1]:443/tcp"."""
    match = ADDRESS.fullmatch(text)
    if match:
        return Service(None, str(ipaddress.ip_address(match[1] or match[2])), int(match[3]), match[4])
    if NAME.fullmatch(text):
        return Service(name=text)
    raise ValueError(f"'{text}' is no Service; expected NAMESPACE/NAME, or ADDRESS:PORT/PROTOCOL such as 10.96.0.1:443/tcp or [fd00::1]:443/tcp")


def is_rule_of(service: Service, rule: str) -> bool:
    """Does the rule of chain KUBE-SERVICES in nat ("-A KUBE-SERVICES ...") lead to the Service?"""
    parts = words.split(rule)
    options = dict(zip(parts, parts[1:]))
    if not SERVES.fullmatch(options.get("-j", "")):
        return False
    if service.address is None:
        # "NAMESPACE/NAME:PORTNAME cluster IP"; a port without a name has no colon. Beyond 1000 endpoints kube-proxy leaves comments out.
        return options.get("--comment", "").split(" ")[0].split(":")[0] == service.name
    wanted = f"{service.address}/{ipaddress.ip_address(service.address).max_prefixlen}"
    return (options.get("-d"), options.get("-p"), options.get("--dport")) == (wanted, service.protocol, str(service.port))


def is_element_of(service: Service, key: bytes, chains: tuple[str, ...]) -> bool:
    """Is the element of map service-ips that of the Service? Each part of the key fills multiples of four bytes."""
    if service.address is None:
        return any(f"-{service.name}/" in chain for chain in chains)
    protocol = bytes([PROTOCOLS[service.protocol], 0, 0, 0])
    return key == ipaddress.ip_address(service.address).packed + protocol + service.port.to_bytes(2, "big") + bytes(2)


def served_by(service: Service) -> Optional[str]:
    """Where kube-proxy has the Service now, with packets coming there."""
    node = Node(None)
    for made in retrying(node.survey):
        if made.table.name == "nat" and made.jumps and "KUBE-SERVICES" in made.table.chains:
            if any(is_rule_of(service, rule) for rule in node.backend(made).chain("nat", "KUBE-SERVICES")):
                return str(made.table)
    if node.session:
        for family, live in nftables_mode.tables(node.session).items():
            elements = ruleset.verdict_maps(node.session.kernel, family, nftables_mode.TABLE).get(SERVICE_MAP, []) if live else []
            if any(is_element_of(service, key, chains) for key, chains in elements):
                return f"nft {family} {nftables_mode.TABLE}"
    if ipvs.Server(service.protocol, service.address or "", service.port) in ipvs.discover().servers:
        return "ipvs"
    return None


def wait(service: Service, timeout: int) -> Optional[str]:
    """The same, as soon as it is so; None if it is not in time."""
    deadline = time.monotonic() + timeout
    while True:
        found = served_by(service)
        if found or time.monotonic() >= deadline:
            return found
        time.sleep(1)
