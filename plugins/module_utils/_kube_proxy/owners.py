# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a chain is. A chain's name says nothing without its table, so every entry has both.

Sources, in Kubernetes: pkg/proxy/iptables/proxier.go, pkg/proxy/ipvs/proxier.go, pkg/proxy/userspace/proxier.go (until 1.25) and
pkg/kubelet/kubelet_network_linux.go, of 1.24 to 1.37. What a row says of versions is when a component makes the chain; leftovers of older
versions stay until the node restarts, so the owner does not depend on the version of today, except for the shared ones.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple, Optional

KUBE_PROXY = "kube-proxy"
KUBELET = "kubelet"
# kube-proxy's and, up to kubelet 1.26, also kubelet's.
SHARED = "shared"
UNKNOWN = "unknown"
FOREIGN = "foreign"

TABLES = ("nat", "filter", "mangle")

EXACT = {
    ("nat", "KUBE-SERVICES"): KUBE_PROXY,
    ("nat", "KUBE-NODEPORTS"): KUBE_PROXY,
    ("nat", "KUBE-PROXY-CANARY"): KUBE_PROXY,
    ("filter", "KUBE-PROXY-CANARY"): KUBE_PROXY,
    ("mangle", "KUBE-PROXY-CANARY"): KUBE_PROXY,
    ("filter", "KUBE-SERVICES"): KUBE_PROXY,
    ("filter", "KUBE-EXTERNAL-SERVICES"): KUBE_PROXY,
    ("filter", "KUBE-NODEPORTS"): KUBE_PROXY,
    ("filter", "KUBE-FORWARD"): KUBE_PROXY,
    ("filter", "KUBE-PROXY-FIREWALL"): KUBE_PROXY,  # since 1.25
    # ipvs mode. Until 1.24 it had a KUBE-FIREWALL in nat; the one in filter is kubelet's.
    ("nat", "KUBE-FIREWALL"): KUBE_PROXY,
    ("nat", "KUBE-NODE-PORT"): KUBE_PROXY,
    ("nat", "KUBE-LOAD-BALANCER"): KUBE_PROXY,
    ("filter", "KUBE-NODE-PORT"): KUBE_PROXY,
    ("filter", "KUBE-SOURCE-RANGES-FIREWALL"): KUBE_PROXY,  # since 1.25
    ("filter", "KUBE-IPVS-FILTER"): KUBE_PROXY,  # since 1.26
    ("filter", "KUBE-IPVS-OUT-FILTER"): KUBE_PROXY,  # since 1.29
    # userspace mode, until 1.25
    ("nat", "KUBE-PORTALS-CONTAINER"): KUBE_PROXY,
    ("nat", "KUBE-PORTALS-HOST"): KUBE_PROXY,
    ("nat", "KUBE-NODEPORT-CONTAINER"): KUBE_PROXY,
    ("nat", "KUBE-NODEPORT-HOST"): KUBE_PROXY,
    ("filter", "KUBE-NODEPORT-NON-LOCAL"): KUBE_PROXY,
    # kubelet makes both until 1.26 (in 1.27 with a feature gate off), fills them, and does not make them again when they are gone.
    ("nat", "KUBE-MARK-MASQ"): SHARED,
    ("nat", "KUBE-POSTROUTING"): SHARED,
    ("nat", "KUBE-MARK-DROP"): KUBELET,  # until 1.26
    ("nat", "KUBE-KUBELET-CANARY"): KUBELET,
    ("filter", "KUBE-KUBELET-CANARY"): KUBELET,
    ("mangle", "KUBE-KUBELET-CANARY"): KUBELET,
    # tells images which backend the host uses
    ("mangle", "KUBE-IPTABLES-HINT"): KUBELET,
    # keeps martian packets to 127.0.0.0/8 out (CVE-2020-8558) and does not come back by itself
    ("filter", "KUBE-FIREWALL"): KUBELET,
}

# Chains of a Service or endpoint: a prefix and 16 characters of base32(sha256). XLB until 1.23, EXT since 1.24. In nat only.
HASHED = re.compile(r"KUBE-(SVC|SVL|SEP|FW|EXT|XLB)-[A-Z2-7]{16}")

# Others who took names that begin with KUBE-. Table, pattern, who.
OTHERS = (
    ("filter", re.compile(r"KUBE-ROUTER-(INPUT|FORWARD|OUTPUT)"), "kube-router"),
    ("filter", re.compile(r"KUBE-(POD-FW|NWPLCY)-[A-Z2-7]{16}"), "kube-router"),
    ("filter", re.compile(r"KUBE-NWPLCY-(DEFAULT|COMMON)"), "kube-router"),
    ("nat", re.compile(r"KUBE-HOSTPORTS|KUBE-HP-[A-Z2-7]{16}"), "the container runtime's host ports"),
    ("mangle", re.compile(r"KUBE-VIP-EGRESS"), "kube-vip"),
)


class Owner(NamedTuple):
    kind: str
    # who exactly, for a foreign chain where that is known
    who: Optional[str] = None


@functools.lru_cache(maxsize=None)
def owner(table: str, chain: str) -> Owner:
    kind = EXACT.get((table, chain))
    if kind:
        return Owner(kind, kind)
    if not chain.startswith("KUBE-"):
        return Owner(FOREIGN)
    if table == "nat" and HASHED.fullmatch(chain):
        return Owner(KUBE_PROXY, KUBE_PROXY)
    for where, pattern, who in OTHERS:
        if where == table and pattern.fullmatch(chain):
            return Owner(FOREIGN, who)
    return Owner(UNKNOWN)
