# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules by which kube-proxy leads packets from built-in chains to its own. Whatever else leads there is not kube-proxy's.

Sources: as for owners. kube-proxy itself looks for these rules word by word; so does this.
"""

from __future__ import annotations

from typing import Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import words

PORTALS = "kubernetes service portals"
EXTERNAL = "kubernetes externally-visible service portals"
FIREWALL = "kubernetes load balancer firewall"
CLUSTER_IPS_FIRST = "handle ClusterIPs; NOTE: this must be before the NodePort rules"
NODE_PORTS_LAST = "handle service NodePorts; NOTE: this must be the last rule in the chain"

# (table, built-in chain, chain of kube-proxy's, comment)
JUMPS = frozenset(
    (
        ("nat", "PREROUTING", "KUBE-SERVICES", PORTALS),
        ("nat", "OUTPUT", "KUBE-SERVICES", PORTALS),
        ("nat", "POSTROUTING", "KUBE-POSTROUTING", "kubernetes postrouting rules"),
        ("filter", "INPUT", "KUBE-SERVICES", PORTALS),  # until 1.19
        ("filter", "FORWARD", "KUBE-SERVICES", PORTALS),
        ("filter", "OUTPUT", "KUBE-SERVICES", PORTALS),
        ("filter", "INPUT", "KUBE-EXTERNAL-SERVICES", EXTERNAL),
        ("filter", "FORWARD", "KUBE-EXTERNAL-SERVICES", EXTERNAL),
        ("filter", "INPUT", "KUBE-NODEPORTS", "kubernetes health check service ports"),
        ("filter", "FORWARD", "KUBE-FORWARD", "kubernetes forwarding rules"),
        # since 1.25
        ("filter", "INPUT", "KUBE-PROXY-FIREWALL", FIREWALL),
        ("filter", "FORWARD", "KUBE-PROXY-FIREWALL", FIREWALL),
        ("filter", "OUTPUT", "KUBE-PROXY-FIREWALL", FIREWALL),
        # ipvs mode
        ("filter", "INPUT", "KUBE-NODE-PORT", "kubernetes health check rules"),
        ("filter", "INPUT", "KUBE-PROXY-FIREWALL", "kube-proxy firewall rules"),
        ("filter", "FORWARD", "KUBE-PROXY-FIREWALL", "kube-proxy firewall rules"),
        ("filter", "INPUT", "KUBE-IPVS-FILTER", "kubernetes ipvs access filter"),
        ("filter", "OUTPUT", "KUBE-IPVS-OUT-FILTER", "kubernetes ipvs access filter"),
        # userspace mode, until 1.25
        ("nat", "PREROUTING", "KUBE-PORTALS-CONTAINER", CLUSTER_IPS_FIRST),
        ("nat", "OUTPUT", "KUBE-PORTALS-HOST", CLUSTER_IPS_FIRST),
        ("nat", "PREROUTING", "KUBE-NODEPORT-CONTAINER", NODE_PORTS_LAST),
        ("nat", "OUTPUT", "KUBE-NODEPORT-HOST", NODE_PORTS_LAST),
        ("filter", "INPUT", "KUBE-NODEPORT-NON-LOCAL", "Ensure that non-local NodePort traffic can flow"),
    )
)

# The only other conditions that these rules have, in some versions or modes.
CONDITIONS = (["-m", "conntrack", "--ctstate", "NEW"], ["-m", "addrtype", "--dst-type", "LOCAL"])


def is_known(table: str, text: Optional[str]) -> bool:
    """Is the rule ("-A CHAIN ...") one of these? One whose words could not be read is not."""
    if text is None:
        return False
    try:
        parts = words.split(text)
    except words.Unreadable:
        return False
    chain, rest, comment, target = parts[1], parts[2:], None, None
    while rest:
        if rest[:3] == ["-m", "comment", "--comment"] and comment is None:
            comment = rest[3] if len(rest) > 3 else None
        elif rest[0] == "-j" and len(rest) == 2:
            target = rest[1]
        elif rest[:4] not in CONDITIONS:
            return False
        rest = rest[4:]
    return (table, chain, target, comment) in JUMPS
