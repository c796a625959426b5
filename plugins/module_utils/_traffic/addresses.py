# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a Service or a hostPort has for one node, and who may take each. Pure: from API objects.

What holds for an address, with kube-proxy and with Cilium's replacement (measured on Kubernetes 1.34 with Cilium 1.19):
- ClusterIP: from the host and from pods. A pod's way to it is Cilium's even while kube-proxy is in charge, and to external and LoadBalancer IPs it may be:
  of all frontends, an agent that leaves Services to kube-proxy drops only NodePorts (Cilium's pkg/loadbalancer/reflectors/conversions.go).
- NodePort: on each address of each node. The node that owns the address translates, so another node's is not ours to count.
  On 127.0.0.1 from the host: kube-proxy's iptables mode and Cilium, but not kube-proxy's nftables and IPVS modes. kube-proxy may be told of fewer
  addresses (node_ports.py).
- External IP: from anywhere when a node owns the address. Otherwise Cilium translates only what arrives from outside, by design.
- LoadBalancer IP: from the host and from pods, unless its ipMode is Proxy: then nodes leave it to the load balancer.
- hostPort: Cilium's replacement or the CNI's portmap serves it, never kube-proxy.
- externalTrafficPolicy Local: what comes from outside to a node without an endpoint gets no answer, and the client's address stays.
- Where Cilium masquerades by eBPF and kube-proxy serves, pods get no answer from NodePorts of their own node with that policy: kube-proxy does not
  masquerade them, so answers go past its rules. With masquerading by iptables Cilium leads them back.
- DSR: the client's address stays, whichever node it asks and wherever the backend is.
- A Service's health check port says 200 where it has an endpoint on the node, 503 elsewhere. netfilter has no part in it.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Iterator, Mapping, NamedTuple

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.conditions import is_ready
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import node_ports, objects
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.health import has_left

Object = dict[str, Any]
LOOPBACK = node_ports.LOOPBACK
EVERYBODY = {4: "0.0.0.0/0", 6: "::/0"}
# RFC 5737, RFC 3849: nobody sends from there
DOCUMENTATION = [ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]


class Address(NamedTuple):
    """One address and port of a Service (or hostPort) and who may take it."""

    what: str
    address: str
    port: int
    from_host: bool = True
    from_pod: bool = True
    from_outside: bool = False
    by_kube_proxy: bool = True


class Cluster(NamedTuple):
    """What the planner knows beside the Service in hand."""

    node: str
    nodes: list[Object]
    # the other nodes whose NodePorts this node probes
    peers: list[Object]
    served_by: str
    # kube-proxy's configuration; None where there is none
    kube_proxy: Mapping[str, Any] | None
    # further addresses of this node on which NodePorts are served
    further: tuple[str, ...] = ()
    # whether agents masquerade by eBPF
    bpf_masquerade: bool = False

    @property
    def own(self) -> Object | None:
        """The node's own object; None where the API has none."""
        return next((node for node in self.nodes if objects.name(node) == self.node), None)

    def own_addresses(self, *kinds: str) -> list[str]:
        return objects.addresses(self.own, kinds) if self.own else []

    def unserved(self, node: Object, address: str) -> str | None:
        """Why NodePorts are not served on an address of a node; None where they are. Cilium serves them on each."""
        known = self.served_by if objects.name(node) == self.node else "any"
        if self.kube_proxy is None or known == "cilium" or (known == "any" and has_left(node)):
            return None
        return node_ports.unserved(address, node, self.kube_proxy)

    @property
    def bypassed(self) -> bool:
        """Whether answers of this node's pods to each other go past kube-proxy's rules, which serve it."""
        if not self.bpf_masquerade or self.kube_proxy is None or self.served_by == "cilium":
            return False
        return self.served_by == "kube_proxy" or not (self.own and has_left(self.own))

    def owners(self, address: str) -> list[str]:
        return [objects.name(node) for node in self.nodes if address in objects.addresses(node, ("InternalIP", "ExternalIP"))]


def of_service(service: Object, port: Object, cluster: Cluster, ready: set[str]) -> Iterator[tuple[Address, str | None]]:
    """Each address with the reason to leave it out, or None."""
    spec = service["spec"]
    here = cluster.node in ready
    internal = None if here or spec.get("internalTrafficPolicy") != "Local" else f"internalTrafficPolicy is Local and no endpoint runs on {cluster.node}"
    for address in spec.get("clusterIPs") or [spec.get("clusterIP")]:
        if address and address != "None":
            yield Address("ClusterIP", address, port["port"]), internal
    for address, unserved in of_node_ports(service, port, cluster):
        owner = next(iter(cluster.owners(address.address)), cluster.node)
        why = unserved or _not_local(spec, owner, ready)
        if not why and cluster.bypassed and address.by_kube_proxy and address.from_pod and spec.get("externalTrafficPolicy") == "Local":
            yield address, "from pods: with masquerading by eBPF, their answers go past kube-proxy's rules"
            address = address._replace(from_pod=False)
        yield address, why
    for address in spec.get("externalIPs") or []:
        owners = cluster.owners(address)
        owner = owners[0] if owners else None
        own = owner == cluster.node
        yield Address("external IP", address, port["port"], own, own, True), _not_local(spec, owner, ready)
    for address in of_balancer(service, port):
        if not address.port:
            yield address, "the load balancer has a name and no address; names are not resolved"
        elif admitted(spec) != "all":
            yield address, f"loadBalancerSourceRanges {'lets nobody in' if admitted(spec) == 'none' else 'may keep the prober out'}"
        else:
            yield address, _not_local(spec, cluster.node, ready)


def of_balancer(service: Object, port: Object) -> Iterator[Address]:
    """The addresses of its load balancer; without a port where it is a name."""
    for ingress in service.get("status", {}).get("loadBalancer", {}).get("ingress") or []:
        inside, number = ingress.get("ipMode", "VIP") == "VIP", port["port"] if ingress.get("ip") else 0
        yield Address("LoadBalancer IP", ingress.get("ip") or ingress.get("hostname", ""), number, inside, inside, True)


def admitted(spec: Object) -> str:
    """Whom loadBalancerSourceRanges let in: all, none (but addresses kept for documentation), or some."""
    ranges = [ipaddress.ip_network(text.strip(), strict=False) for text in spec.get("loadBalancerSourceRanges") or []]
    families = {ipaddress.ip_network(EVERYBODY[one.version]) for one in ranges}
    if set(families) <= {whole for version in EVERYBODY for whole in ipaddress.collapse_addresses(one for one in ranges if one.version == version)}:
        return "all"
    return "none" if all(any(one.version == kept.version and one.subnet_of(kept) for kept in DOCUMENTATION) for one in ranges) else "some"


def of_node_ports(service: Object, port: Object, cluster: Cluster) -> Iterator[tuple[Address, str | None]]:
    """Each with the reason why it is not served, or None."""
    number = port.get("nodePort")
    if not number:
        return
    families = {objects.family(address) for address in service["spec"].get("clusterIPs") or [service["spec"].get("clusterIP")] if address and address != "None"}
    for node in cluster.nodes:
        own, peer = objects.name(node) == cluster.node, node in cluster.peers
        addresses = dict.fromkeys(objects.addresses(node, ("InternalIP", "ExternalIP")))  # some clouds name one as both
        for address in addresses:
            if objects.family(address) in families and (own or peer):
                # an ExternalIP is often one that the node itself does not have (address translation of a cloud)
                inside = address in objects.addresses(node, ("InternalIP",))
                yield Address("NodePort", address, number, inside, inside, own, by_kube_proxy=own), cluster.unserved(node, address)
        for address in dict.fromkeys(cluster.further) if own else []:
            if objects.family(address) in families and address not in addresses:
                yield Address("NodePort", address, number), cluster.unserved(node, address)
    if 4 in families:
        this = cluster.own or {"metadata": {"name": cluster.node}}
        yield Address("NodePort", LOOPBACK, number, from_pod=False), cluster.unserved(this, LOOPBACK)


def _not_local(spec: Object, owner: str | None, ready: set[str]) -> str | None:
    if spec.get("externalTrafficPolicy") != "Local" or owner is None or owner in ready:
        return None
    return f"externalTrafficPolicy is Local and no endpoint runs on {owner}"


def of_host_ports(pod: Object, cluster: Cluster) -> Iterator[tuple[Object, Address]]:
    spec = pod["spec"]
    if not has_host_port(pod, cluster.node) or not is_ready(pod):
        return
    families = {objects.family(entry["ip"]) for entry in pod["status"].get("podIPs") or []}
    for container in spec.get("containers") or []:
        for port in container.get("ports") or []:
            if not port.get("hostPort") or cluster.own is None:
                continue
            bound = port.get("hostIP") or ""
            addresses = [bound] if bound not in ("", "0.0.0.0", "::") else cluster.own_addresses("InternalIP")
            for address in addresses:
                if objects.family(address) in families:
                    inside = address != LOOPBACK
                    what = "hostPort" if port.get("protocol") in (None, "TCP") else f"{port['protocol']} hostPort"  # one number may be open over both
                    yield port, Address(what, address, port["hostPort"], from_pod=inside, from_outside=inside, by_kube_proxy=False)


def has_host_port(pod: Object, node: str) -> bool:
    spec = pod["spec"]
    ports = [port for container in spec.get("containers") or [] for port in container.get("ports") or [] if port.get("hostPort")]
    return bool(ports) and spec.get("nodeName") == node and not spec.get("hostNetwork") and not pod["metadata"].get("deletionTimestamp")


def own_by_family(cluster: Cluster) -> list[str]:
    """One of the node's own in each family."""
    found = {objects.family(address): address for address in reversed(cluster.own_addresses("InternalIP"))}
    return list(found.values())


def of_devices(agents: Mapping[str, Object]) -> dict[str, list[str]]:
    """By node, the addresses of the devices that its agent serves NodePorts on. agents: what cilium_status returns."""
    return {
        node: [address for device in agent["kube_proxy_replacement"]["devices"] for address in device["addresses"]
               if not ipaddress.ip_address(address).is_link_local]
        for node, agent in agents.items()
    }  # fmt: skip
