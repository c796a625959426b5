# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API says of Services and their endpoints, compact. Pure."""

from __future__ import annotations

SERVICE_NAME = "kubernetes.io/service-name"


def summary(services, slices):
    """name (namespace/name) -> what a Service is to have. ExternalName Services have nothing of their own and are left out."""
    endpoints = _endpoints(slices)
    return {name_of(one): _service(one, endpoints.get(name_of(one), [])) for one in services if (one["spec"].get("type") or "ClusterIP") != "ExternalName"}


def name_of(one):
    return f"{one['metadata']['namespace']}/{one['metadata']['name']}"


def _service(one, endpoints):
    spec = one["spec"]
    addresses = spec.get("clusterIPs") or [spec.get("clusterIP")]
    ingress = ((one.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return {
        "type": spec.get("type") or "ClusterIP",
        "selector": spec.get("selector") or {},
        "cluster_ips": [address for address in addresses if address and address != "None"],
        "external_ips": spec.get("externalIPs") or [],
        "load_balancer_ips": [entry["ip"] for entry in ingress if entry.get("ip")],
        "external_policy": spec.get("externalTrafficPolicy") or "Cluster",
        "internal_policy": spec.get("internalTrafficPolicy") or "Cluster",
        "not_ready_too": bool(spec.get("publishNotReadyAddresses")),
        "source_ranges": spec.get("loadBalancerSourceRanges") or [],
        "ports": [
            {"name": port.get("name") or "", "port": port["port"], "protocol": port.get("protocol") or "TCP", "node_port": port.get("nodePort"),
             "target": port.get("targetPort", port["port"])}
            for port in spec.get("ports") or []
        ],
        "endpoints": endpoints,
        "pods": None,
    }  # fmt: skip


def _endpoints(slices):
    """Service -> its endpoints, each with its address, node, state, and the port that it has for each of the Service's ports by name."""
    found = {}
    for one in slices:
        service = (one["metadata"].get("labels") or {}).get(SERVICE_NAME)
        if not service:
            continue
        ports = {f"{port.get('name') or ''}/{port.get('protocol') or 'TCP'}": port["port"] for port in one.get("ports") or [] if port.get("port")}
        for endpoint in one.get("endpoints") or []:
            state = endpoint.get("conditions") or {}
            found.setdefault(f"{one['metadata']['namespace']}/{service}", []).extend(
                {"address": address, "node": endpoint.get("nodeName"), "ready": state.get("ready") is not False, "terminating": bool(state.get("terminating")),
                 "ports": ports}
                for address in endpoint.get("addresses") or []
            )  # fmt: skip
    return found


def pods(found):
    """How many pods a selector matches, and how many of them are ready."""
    ready = sum(any(one["type"] == "Ready" and one["status"] == "True" for one in (pod.get("status") or {}).get("conditions") or []) for pod in found)
    return {"matching": len(found), "ready": ready}


def backends(service, port):
    """The addresses with ports, as the agents write them, to which this port of the Service leads; only those that are ready."""
    key = f"{port['name']}/{port['protocol']}"
    return sorted({
        joined(one["address"], one["ports"][key]) for one in service["endpoints"]
        if key in one["ports"] and not one["terminating"] and (one["ready"] or service["not_ready_too"])
    })  # fmt: skip


def endpoints(service, port):
    """The same of all its endpoints, also of those that are not ready or about to end."""
    key = f"{port['name']}/{port['protocol']}"
    return {joined(one["address"], one["ports"][key]) for one in service["endpoints"] if key in one["ports"]}


def joined(address, port):
    """192.0.2.1:80, [2001:db8::1]:80."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
