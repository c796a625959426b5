# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of pods and Services: what collides, and what Cilium has to know of them. Pure."""

from __future__ import annotations

import ipaddress
from itertools import combinations
from typing import Any, Iterable

Networks = dict[str, list[str]]


def effective(pod_cidrs: Iterable[str], service_cidrs: Iterable[str], cluster: dict[str, Any]) -> Networks:
    """What kubeadm is told in the end: the user's own ClusterConfiguration wins."""
    given = cluster.get("networking") or {}
    return {
        "pods": given["podSubnet"].split(",") if given.get("podSubnet") else list(pod_cidrs),
        "Services": given["serviceSubnet"].split(",") if given.get("serviceSubnet") else list(service_cidrs),
    }


def families(networks: Networks) -> set[int]:
    """4, 6 or both: what pods have addresses of. What is no network is told by overlaps."""
    return {6 if ":" in cidr else 4 for cidr in networks["pods"]}


def overlaps(networks: Networks) -> list[str]:
    """What is wrong with the networks themselves, one sentence each."""
    result, known = [], []
    for kind, cidrs in networks.items():
        for cidr in cidrs:
            try:
                known.append((kind, ipaddress.ip_network(cidr)))
            except ValueError as error:
                result.append(f"network of {kind}: found {cidr} ({error}), expected one such as 10.244.0.0/16; correct kpr_pod_cidrs or kpr_service_cidrs.")
    for (kind, one), (other_kind, other) in combinations(known, 2):
        if one.version == other.version and one.overlaps(other):
            found = f"found {one} for {kind}, which overlaps {other} for {other_kind}"
            result.append(f"{found}, expected networks apart; change kpr_pod_cidrs or kpr_service_cidrs.")
    return result


def holding(networks: Networks, address: str) -> str:
    """The network that a node's address lies in, as "10.96.0.0/12 for Services"; empty if it lies in none."""
    place = ipaddress.ip_address(address)
    for kind, cidrs in networks.items():
        for cidr in cidrs:
            try:
                if place in ipaddress.ip_network(cidr):
                    return f"{cidr} for {kind}"
            except ValueError:  # told by overlaps
                continue
    return ""


def cilium_values(networks: Networks, wanted: dict[str, Any]) -> dict[str, Any]:
    """Helm values that keep pods in the cluster's own networks: kubeadm's node CIDRs or, where the user wants cluster-pool, its lists.

    Without them the chart takes 10.0.0.0/8, in which kubeadm's default network of Services lies. The user's own values belong over these.
    """
    by_family = {family: [cidr for cidr in networks["pods"] if (":" in cidr) == (family == 6)] for family in (4, 6)}
    ipam: dict[str, Any] = {"mode": "kubernetes"}
    if ((wanted.get("ipam") or {}).get("mode")) == "cluster-pool":
        ipam = {"operator": {f"clusterPoolIPv{family}PodCIDRList": cidrs for family, cidrs in by_family.items() if cidrs}}
    return {"ipam": ipam, **{f"ipv{family}": {"enabled": bool(cidrs)} for family, cidrs in by_family.items()}}
