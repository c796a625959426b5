# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services and their endpoints: counts, and the ones that behave otherwise without kube-proxy. Pure."""
from __future__ import annotations

import collections

SERVICE_NAME = "kubernetes.io/service-name"
#: Keys of cilium-config that size the Service map, the first that is set, and the Helm values that set them; and the size without any. Sources:
#: pkg/loadbalancer/config.go and templates/cilium-configmap.yaml of Cilium 1.19.1.
MAP_KEYS = (("bpf-lb-service-map-max", "extraConfig.bpf-lb-service-map-max"), ("bpf-lb-map-max", "bpf.lbMapMax"))
MAP_PLACES = 65536
TOPOLOGY = ("service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints")


def summary(found, slices, kubernetes_service):
    """Return the facts; names are namespace/name."""
    backends = _backends(slices)
    facts = {
        "total": len(found),
        "by_type": dict(collections.Counter((one.get("spec") or {}).get("type", "ClusterIP") for one in found)),
        "endpoints": sum(backends.values()),
        "map_entries": sum(map_entries(one, backends[_name(one)]) for one in found),
        "api_addresses": _cluster_ips((kubernetes_service or {}).get("spec") or {}),
        "external_ips": collections.defaultdict(list),
        "load_balancer_ips": collections.defaultdict(list),
        "node_ports": _node_ports(found),
        "local_traffic": [], "session_affinity": {}, "source_ranges": [], "topology": [],
    }
    for one in found:
        _add(facts, one)
    return {**facts, "external_ips": dict(facts["external_ips"]), "load_balancer_ips": dict(facts["load_balancer_ips"])}


def _add(facts, one):
    name, spec = _name(one), one.get("spec") or {}
    for address in spec.get("externalIPs") or []:
        facts["external_ips"][address].append(name)
    for entry in ((one.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []:
        if entry.get("ip"):
            facts["load_balancer_ips"][entry["ip"]].append(name)
    if spec.get("externalTrafficPolicy") == "Local":
        facts["local_traffic"].append(name)
    if spec.get("sessionAffinity") == "ClientIP":
        timeout = ((spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}).get("timeoutSeconds", 10800)
        facts["session_affinity"][name] = timeout
    if spec.get("loadBalancerSourceRanges"):
        facts["source_ranges"].append(name)
    if nearby(one):
        facts["topology"].append(name)


def nearby(one):
    """Whether the Service asks for endpoints in the client's zone."""
    annotations = one["metadata"].get("annotations") or {}
    return bool((one.get("spec") or {}).get("trafficDistribution")) or any(annotations.get(key, "").lower() not in ("", "disabled") for key in TOPOLOGY)


def _node_ports(found):
    """The lowest and the highest NodePort with their Services, or None if there is none."""
    taken = sorted((port["nodePort"], _name(one)) for one in found for port in (one.get("spec") or {}).get("ports") or [] if port.get("nodePort"))
    return {"lowest": list(taken[0]), "highest": list(taken[-1])} if taken else None


def cluster_ips(found):
    """Cluster address -> name of its Service."""
    return {address: _name(one) for one in found for address in _cluster_ips(one.get("spec") or {})}


def _name(one):
    return f"{one['metadata']['namespace']}/{one['metadata']['name']}"


def _cluster_ips(spec):
    return [address for address in spec.get("clusterIPs") or [spec.get("clusterIP")] if address and address != "None"]


def _backends(slices):
    """Endpoints of each Service, over all its slices."""
    counts = collections.Counter()
    for item in slices:
        service = (item["metadata"].get("labels") or {}).get(SERVICE_NAME)
        counts[f"{item['metadata']['namespace']}/{service}"] += len(item.get("endpoints") or [])
    return counts


def map_places(config, value=lambda path: None):
    """Entries for which Cilium's Service map has room. config: of cilium-config; value: what a Helm value, by its path, will be, if it is known."""
    given = [str(value(path) or config.get(key)) for key, path in MAP_KEYS]
    return next((int(size) for size in given if size.isdecimal() and int(size)), MAP_PLACES)


def map_entries(one, backends):
    """Entries of Cilium's service map that one Service needs: each front end has one entry and one more per backend.

    A NodePort has two front ends in each family, the node's address and the wildcard. A local policy keeps a second set for traffic from inside.
    """
    spec = one.get("spec") or {}
    addresses = len(_cluster_ips(spec))
    addresses += len(spec.get("externalIPs") or [])
    addresses += len(((one.get("status") or {}).get("loadBalancer") or {}).get("ingress") or [])
    families = len(spec.get("ipFamilies") or ["IPv4"])
    scopes = 2 if "Local" in (spec.get("externalTrafficPolicy"), spec.get("internalTrafficPolicy")) else 1
    front_ends = sum(addresses + (2 * families if port.get("nodePort") else 0) for port in spec.get("ports") or [])
    return front_ends * scopes * (1 + backends)
