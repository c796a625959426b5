# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does kube-proxy serve this Service on this node, in whichever mode it runs, by rules that it has made since it started?"""

from __future__ import annotations

import ipaddress
import re
import time
from typing import NamedTuple, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import words
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables.nft import Session
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import health, ipvs, nftables_mode, synced
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.apply import Busy, Refused, retrying
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.survey import Node
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._nftables import ruleset

ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:]+)\]|([0-9.]+)):(\d+)/(tcp|udp|sctp)")
NAME = re.compile(r"([a-z0-9.-]+)/([a-z0-9.-]+)")
PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132}
# Seconds that a kube-proxy which does not tell its metrics may just have begun.
SILENT = 15
SERVICES = "KUBE-SERVICES"
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
        # "NAMESPACE/NAME:PORTNAME cluster IP"; a port without a name has no colon. This comment is there in large clusters too.
        return options.get("--comment", "").split(" ")[0].split(":")[0] == service.name
    wanted = f"{service.address}/{ipaddress.ip_address(service.address).max_prefixlen}"
    return (options.get("-d"), options.get("-p"), options.get("--dport")) == (wanted, service.protocol, str(service.port))


def is_element_of(service: Service, key: bytes, chains: tuple[str, ...]) -> bool:
    """Is the element of map service-ips that of the Service? Each part of the key fills multiples of four bytes."""
    if service.address is None:
        # "service-HASH-NAMESPACE/NAME/PROTOCOL/PORTNAME"
        return any(chain.split("-", 2)[-1].startswith(f"{service.name}/") for chain in chains)
    protocol = bytes([PROTOCOLS[service.protocol], 0, 0, 0])
    return key == ipaddress.ip_address(service.address).packed + protocol + service.port.to_bytes(2, "big") + bytes(2)


def served_by(service: Service) -> Optional[str]:
    """Where kube-proxy has the Service now, with packets coming there."""
    node = Node(None)
    return retrying(lambda: _in_iptables(node, service)) or retrying(lambda: _in_nftables(node, service)) or _in_ipvs(service)


def _in_iptables(node: Node, service: Service) -> Optional[str]:
    for made in node.survey():
        if made.table.name != "nat" or SERVICES not in made.table.chains:
            continue
        if made.unchecked:
            raise Refused(f"nobody can tell whether kube-proxy serves: {'; '.join(made.unchecked)}")
        if any(SERVICES in rule.targets for _chain, rule in made.jumps):
            if any(is_rule_of(service, rule) for rule in node.backend(made).chain("nat", SERVICES)):
                return str(made.table)
    return None


def _in_nftables(node: Node, service: Service) -> Optional[str]:
    for family, live in nftables_mode.tables(node.session).items() if node.session else ():
        elements = ruleset.verdict_maps(node.session.kernel, family, nftables_mode.TABLE).get(SERVICE_MAP, []) if live and node.session else []
        if any(is_element_of(service, key, chains) for key, chains in elements):
            return f"nft {family} {nftables_mode.TABLE}"
    return None


def _in_ipvs(service: Service) -> Optional[str]:
    """A virtual server with a backend, at an address that is the node's own by kube-proxy's interface."""
    if service.address is None:
        return None
    backends = ipvs.running_servers().get(ipvs.Server(service.protocol, service.address, service.port), 0)
    return "ipvs" if backends and service.address in ipvs.bare(ipvs.discover().addresses) else None


def wake() -> list[str]:
    """Families whose tables of nftables mode were asleep and are not any more: kube-proxy's changes to one that sleeps are refused by the kernel."""
    session = Node(None).session
    return retrying(lambda: _wake(session)) if session else []


def _wake(session: Session) -> list[str]:
    session.begin()
    asleep = [family for family, live in nftables_mode.tables(session).items() if not live]
    if asleep:
        nftables_mode.link(session, asleep)
    return asleep


class Found(NamedTuple):
    served_by: Optional[str]
    # Has the kube-proxy that runs written its rules since it started? None if it does not tell.
    synced: Optional[bool]


def wait(service: Service, timeout: int) -> Found:
    """What was found as soon as the Service is served by rules of the kube-proxy that runs, or when the time is over."""
    deadline = time.monotonic() + timeout
    silent_until = time.monotonic() + SILENT
    while True:
        found, now = _look(service), time.monotonic()
        if found.synced is not None:
            silent_until = now + SILENT
        if now >= deadline or (found.served_by and (found.synced or (found.synced is None and now >= silent_until))):
            return found
        time.sleep(1)


def _look(service: Service) -> Found:
    # Asked first: what is written later is newer.
    written = synced.synced()
    try:
        return Found(served_by(service), written)
    except Busy:
        return Found(None, written)


def complaint(text: str, found: Found, timeout: int) -> str:
    """Why the Service that the user calls by this text is not present, and what to do."""
    service = parse(text)
    if found.served_by:
        why = f"rules in {found.served_by} hold Service {text}, but after {timeout} s no kube-proxy that runs here has written them; expected one that has"
    else:
        why = f"kube-proxy's rules do not hold Service {text} after {timeout} s; expected them to"
    if service.address is None and ipvs.discover().interface:
        why += ". In IPVS mode Services have no names: give service as ADDRESS:PORT/PROTOCOL"
    return f"{why}. See what keeps kube-proxy: kubectl -n kube-system logs -l k8s-app=kube-proxy, and on the node: curl 127.0.0.1:{health.PORT}/healthz"
