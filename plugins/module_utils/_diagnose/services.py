# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API says of Services and their endpoints, compact. Pure.

Sources: pkg/loadbalancer/reflectors/conversions.go and pkg/k8s/utils/utils.go of Cilium, well_known_labels.go of Kubernetes.
"""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.conditions import says_ready
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts.services import SERVICE_NAME, nearby

#: Labels of Services that a proxy leaves to another one, or to nobody.
PROXY_NAME, HEADLESS = "service.kubernetes.io/service-proxy-name", "service.kubernetes.io/headless"
#: Annotations of Cilium: the only kind of address that is served; nodes that serve it; backends in other clusters.
ONLY_TYPE, ONLY_NODES = "service.cilium.io/type", ("service.cilium.io/node", "service.cilium.io/node-selector")
GLOBAL, AFFINITY = ("service.cilium.io/global", "io.cilium/global-service"), ("service.cilium.io/affinity", "io.cilium/service-affinity")
#: Slices with the endpoints of other clusters, which agents learn otherwise.
MANAGED_BY, OF_OTHER_CLUSTERS = "endpointslice.kubernetes.io/managed-by", "endpointslice-mesh-controller.cilium.io"
#: The endpoint that Cilium writes for its Ingresses and Gateways. Nothing is there; the agent's own proxy answers.
OF_INGRESS = ("192.192.192.192", 9999)


def summary(services, slices):
    """name (namespace/name) -> what a Service is to have. ExternalName Services have nothing of their own and are left out."""
    endpoints = _endpoints(slices)
    return {name_of(one): _service(one, endpoints.get(name_of(one), [])) for one in services if (one["spec"].get("type") or "ClusterIP") != "ExternalName"}


def name_of(one):
    return f"{one['metadata']['namespace']}/{one['metadata']['name']}"


def _service(one, endpoints):
    spec, labels, annotations = one["spec"], one["metadata"].get("labels") or {}, one["metadata"].get("annotations") or {}
    kind = spec.get("type") or "ClusterIP"
    addresses = spec.get("clusterIPs") or [spec.get("clusterIP")]
    ingress = ((one.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return {
        "type": kind,
        "selector": spec.get("selector") or {},
        "cluster_ips": [address for address in addresses if address and address != "None"],
        "external_ips": spec.get("externalIPs") or [],
        # with the mode Proxy the balancer speaks to the nodes in its own name, and nodes do not serve its address
        "load_balancer_ips": [
            entry["ip"] for entry in ingress if kind == "LoadBalancer" and entry.get("ip") and (entry.get("ipMode") or "VIP") == "VIP"
        ],
        "families": spec.get("ipFamilies") or [],
        "external_policy": spec.get("externalTrafficPolicy") or "Cluster",
        "internal_policy": spec.get("internalTrafficPolicy") or "Cluster",
        "source_ranges": spec.get("loadBalancerSourceRanges") or [],
        "proxy": labels.get(PROXY_NAME, ""),
        "headless": HEADLESS in labels,
        "only_type": annotations.get(ONLY_TYPE, ""),
        "only_nodes": any(key in annotations for key in ONLY_NODES),
        "nearby": nearby(one),
        "global": any(annotations.get(key, "").lower() == "true" for key in GLOBAL),
        "affinity": next((annotations[key].lower() for key in AFFINITY if key in annotations), "none"),
        "ingress": any(one["address"] == OF_INGRESS[0] and OF_INGRESS[1] in one["ports"].values() for one in endpoints),
        "ports": [
            {"name": port.get("name") or "", "port": port["port"], "protocol": port.get("protocol") or "TCP", "node_port": port.get("nodePort"),
             "target": port.get("targetPort", port["port"])}
            for port in spec.get("ports") or []
        ],
        "endpoints": [one for one in endpoints if one["address"] != OF_INGRESS[0]],
        "pods": None,
        "policies": [],
    }  # fmt: skip


def _endpoints(slices):
    """Service -> its endpoints, each with its address, node, whether it is ready, and the port that it has for each of the Service's ports by name."""
    found = {}
    for one in slices:
        labels = one["metadata"].get("labels") or {}
        if SERVICE_NAME not in labels or labels.get(MANAGED_BY) == OF_OTHER_CLUSTERS or one.get("addressType") == "FQDN":
            continue
        ports = {f"{port.get('name') or ''}/{port.get('protocol') or 'TCP'}": port["port"] for port in one.get("ports") or [] if port.get("port")}
        for endpoint in one.get("endpoints") or []:
            # Ready says all: it is also so for those of publishNotReadyAddresses, and not for those that end.
            ready = (endpoint.get("conditions") or {}).get("ready") is not False
            found.setdefault(f"{one['metadata']['namespace']}/{labels[SERVICE_NAME]}", []).extend(
                {"address": address, "node": endpoint.get("nodeName"), "ready": ready, "ports": ports} for address in endpoint.get("addresses") or []
            )
    return found


def pods(found):
    """How many pods a selector matches, and how many of them are ready."""
    return {"matching": len(found), "ready": sum(map(says_ready, found))}


def served(service, proxy_name):
    """Whether Cilium is to serve it at all; proxy_name: its setting k8s-service-proxy-name."""
    return not service["headless"] and service["proxy"] == proxy_name


def addresses(service, port):
    """(kind, address with port as the agents write it) of one port of the Service."""
    found = [("ClusterIP", address, port["port"]) for address in service["cluster_ips"]]
    if port["node_port"]:
        families = service["families"] or ["IPv6" if ":" in address else "IPv4" for address in service["cluster_ips"]]
        found += [("NodePort", "::" if family == "IPv6" else "0.0.0.0", port["node_port"]) for family in sorted(set(families))]
    found += [("LoadBalancer", address, port["port"]) for address in service["load_balancer_ips"]]
    if service["only_type"] in ("ClusterIP", "NodePort", "LoadBalancer"):
        found = [one for one in found if one[0] == service["only_type"]]
    found += [("ExternalIPs", address, port["port"]) for address in service["external_ips"]]
    return [(kind, joined(address, number)) for kind, address, number in found]


def endpoints(service, port):
    """(address with port as the agents write it, node, whether it is ready) to which this port of the Service leads."""
    key = f"{port['name']}/{port['protocol']}"
    return [(joined(one["address"], one["ports"][key]), one["node"], one["ready"]) for one in service["endpoints"] if key in one["ports"]]


def backends(service, port):
    """Those that are ready."""
    return sorted({address for address, _node, ready in endpoints(service, port) if ready})


def nodes(service):
    """The nodes of its ready endpoints; None among them for endpoints of no node."""
    return {one["node"] for one in service["endpoints"] if one["ready"]}


def joined(address, port):
    """192.0.2.1:80, [2001:db8::1]:80."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
