# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a node has to be able to reach, of every kind a Service can have. Pure: from API objects to probe targets.

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
import re
from typing import Any, Iterable, Iterator, Mapping, NamedTuple

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.conditions import is_ready
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import node_ports, objects
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.health import has_left, node_port
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import endpoint

Object = dict[str, Any]
LOOPBACK = node_ports.LOOPBACK
#: What Cilium may translate on a packet's way out of a pod, whoever is in charge.
CILIUMS_FROM_PODS = ("ClusterIP", "external IP", "LoadBalancer IP")
#: By Cilium's bpf-lb-mode, the protocols that backends answer straight, so that they see the client's address (Cilium's guide to DSR). The mode annotation
#: leaves it to each Service.
DIRECT_RETURN = {"dsr": ("TCP", "UDP"), "hybrid": ("TCP",)}
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


def plan(
    node: str,
    services: Iterable[Object],
    endpoint_slices: Iterable[Object],
    nodes: Iterable[Object],
    pods: Iterable[Object] = (),
    clients: Iterable[Object] = (),
    probes: dict[str, Object] | None = None,
    served_by: str = "any",
    kube_proxy: Mapping[str, Any] | None = None,
    peers: int = 2,
    requests: int = 10,
    direct: Iterable[str] = (),
    further: Mapping[str, list[str]] | None = None,
    health: Mapping[str, Any] | None = None,
    lb_mode: str = "snat",
    bpf_masquerade: bool = False,
) -> dict[str, list[Any]]:
    """Targets for this node, targets for a client outside the cluster, those that must not answer it, and what was left out and why.

    services and pods (for their hostPorts) are those to probe, clients the pods that may be probed from. probes says how to
    ask a port: {"namespace/name:port": {kind, request, expect}}, port being its name or number; with client_request, the request
    that a server answers with the client's address, externalTrafficPolicy Local and DSR are held to all of their promise. direct names Services whose
    endpoints are asked without them, too: what fails there is not the Service's fault. further: by node, addresses beside those that its object has.
    kube_proxy: its configuration, None where there is none. It says on which addresses of a node NodePorts are served: of this one unless served_by is
    cilium or, with any, kube-proxy has left it; of the others unless it has left them.
    health: kube_proxy and cilium, the configurations that say who answers health checks; without it health checks are not asked.
    lb_mode: bpf-lb-mode of the Cilium that serves; with dsr and hybrid, servers see the client's address wherever they run.
    bpf_masquerade: whether agents masquerade by eBPF. Where kube-proxy serves, pods get no answer then from what it translates without masquerading.
    """
    all_nodes = sorted(nodes, key=objects.name)
    cluster = Cluster(node, all_nodes, _next_nodes(all_nodes, node, peers), served_by, kube_proxy, tuple((further or {}).get(node) or ()),
                      bpf_masquerade)  # fmt: skip
    result: dict[str, list[Any]] = {"targets": [], "outside": [], "closed": [], "skipped": []}
    client = next((pod for pod in clients if _is_client(pod, node)), None)
    if client is None:
        result["skipped"].append({"service": "*", "why": f"no pod to probe from runs on node {node}"})
    slices = list(endpoint_slices)
    hints = probes or {}
    for service in services:
        for port in service["spec"].get("ports") or []:
            label = f"{objects.full_name(service)}:{port.get('name') or port['port']}"
            probe = _how(hints, service, port)
            why = None if probe else f"nothing is known about how to ask a {port.get('protocol', 'TCP')} port"
            ready = objects.ready_nodes(slices, service, port)
            if not ready:
                why = "it has no ready endpoint"
            if why:
                result["skipped"].append({"service": label, "why": why})
                continue
            for address, reason in _service_addresses(service, port, cluster, ready):
                if reason:
                    result["skipped"].append({"service": f"{label} {address.what} {address.address}", "why": reason})
                else:
                    _add(result, label, address, _with_affinity(probe, service), client, requests)
            _add_promises(result, label, service, port, probe, cluster, ready, DIRECT_RETURN.get(lb_mode, ()))
            if objects.full_name(service) in direct:
                for address in _endpoints(slices, service, port):
                    _add(result, f"pods of {label}", address, probe, client, requests)
        if health is not None and service["spec"].get("healthCheckNodePort"):
            _add_health_check(result, service, cluster, slices)
    if health is not None:
        _add_node_health(result, cluster, health)
    for pod in pods:
        if _has_host_port(pod, cluster.node) and not is_ready(pod):
            result["skipped"].append({"service": f"{objects.full_name(pod)} hostPort", "why": "the pod is not ready"})
        for port, address in _host_ports(pod, cluster):
            label = f"{objects.full_name(pod)}:{port.get('name') or port['containerPort']}"
            probe = hints.get(label) or _default_probe(port.get("name"), port["containerPort"], port.get("protocol"))
            if probe:
                _add(result, label, address, probe, client, requests)
            else:
                result["skipped"].append({"service": label, "why": f"nothing is known about how to ask a {port['protocol']} port"})
    return result


def _add_promises(
    result: Object, label: str, service: Object, port: Object, probe: Object, cluster: Cluster, ready: set[str], direct_return: tuple[str, ...]
) -> None:
    """What a client outside is promised beyond an answer.

    Source ranges that let nobody in; by externalTrafficPolicy Local and by DSR, that its own address is kept; by the former, that a node without an
    endpoint is silent.
    """
    spec = service["spec"]
    for address in _balanced(service, port):
        if address.port and _admitted(spec) == "none":
            _add_outside(result["closed"], label, address, {"kind": "tcp", "expect": {"unanswered": True}}, 1)
    local = spec.get("externalTrafficPolicy") == "Local"
    if not probe.get("client_request") or not (local or port.get("protocol", "TCP") in direct_return):
        return
    own = [address for address, unserved in _node_ports(service, port, cluster) if address.from_outside and not unserved]
    if local and cluster.node not in ready:
        for address in own:
            _add_outside(result["closed"], label, address, {"kind": "tcp", "expect": {"unanswered": True}}, 1)
        return
    masquerading = "|".join(map(re.escape, cluster.own_addresses("InternalIP", "ExternalIP")))
    for address in own:
        # the server must not see the node in the client's place
        expect = {"status": 200, "answer": rf"^(?!\[?(?:{masquerading})\]?:)"}
        asked = {"kind": probe["kind"], "request": probe["client_request"], "expect": expect}
        _add_outside(result["outside"], f"the client of {label}", address._replace(what="NodePort"), asked, 1)


def _add_health_check(result: Object, service: Object, cluster: Cluster, slices: list[Object]) -> None:
    ready = {node for port in service["spec"].get("ports") or [] for node in objects.ready_nodes(slices, service, port)}
    probe = {"kind": "http", "request": "/healthz", "expect": {"status": 200 if cluster.node in ready else 503}}
    number = service["spec"]["healthCheckNodePort"]
    for address in _own_addresses(cluster):
        why = cluster.unserved(cluster.own, address) if cluster.own else None
        if why:
            result["skipped"].append({"service": f"{objects.full_name(service)} health check {address}", "why": why})
        else:
            _add(result, objects.full_name(service), Address("health check", address, number, from_pod=False, by_kube_proxy=False), probe, None, 1)


def _add_node_health(result: Object, cluster: Cluster, settings: Mapping[str, Any]) -> None:
    number, why = node_port(cluster.own, settings["kube_proxy"], settings["cilium"]) if cluster.own else (0, "the node has no object in the API")
    if why:
        result["skipped"].append({"service": f"kube-proxy's health check on {cluster.node}", "why": why})
    for address in _own_addresses(cluster) if number else []:
        probe = {"kind": "http", "request": "/healthz", "expect": {"status": 200}}
        _add(result, "kube-proxy", Address("health check", address, number, from_pod=False, by_kube_proxy=False), probe, None, 1)


def _own_addresses(cluster: Cluster) -> list[str]:
    """One of the node's own in each family."""
    found = {objects.family(address): address for address in reversed(cluster.own_addresses("InternalIP"))}
    return list(found.values())


def ready_pods(pods: Iterable[Object]) -> list[str]:
    """Names of those that are ready and not about to end."""
    return [objects.name(pod) for pod in pods if is_ready(pod)]


def device_addresses(agents: Mapping[str, Object]) -> dict[str, list[str]]:
    """By node, the addresses of the devices that its agent serves NodePorts on. agents: what cilium_status returns."""
    return {
        node: [address for device in agent["kube_proxy_replacement"]["devices"] for address in device["addresses"]
               if not ipaddress.ip_address(address).is_link_local]
        for node, agent in agents.items()
    }  # fmt: skip


def _service_addresses(service: Object, port: Object, cluster: Cluster, ready: set[str]) -> Iterator[tuple[Address, str | None]]:
    """Each address with the reason to leave it out, or None."""
    spec = service["spec"]
    here = cluster.node in ready
    internal = None if here or spec.get("internalTrafficPolicy") != "Local" else f"internalTrafficPolicy is Local and no endpoint runs on {cluster.node}"
    for address in spec.get("clusterIPs") or [spec.get("clusterIP")]:
        if address and address != "None":
            yield Address("ClusterIP", address, port["port"]), internal
    for address, unserved in _node_ports(service, port, cluster):
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
    for address in _balanced(service, port):
        if not address.port:
            yield address, "the load balancer has a name and no address; names are not resolved"
        elif _admitted(spec) != "all":
            yield address, f"loadBalancerSourceRanges {'lets nobody in' if _admitted(spec) == 'none' else 'may keep the prober out'}"
        else:
            yield address, _not_local(spec, cluster.node, ready)


def _balanced(service: Object, port: Object) -> Iterator[Address]:
    """The addresses of its load balancer; without a port where it is a name."""
    for ingress in service.get("status", {}).get("loadBalancer", {}).get("ingress") or []:
        inside, number = ingress.get("ipMode", "VIP") == "VIP", port["port"] if ingress.get("ip") else 0
        yield Address("LoadBalancer IP", ingress.get("ip") or ingress.get("hostname", ""), number, inside, inside, True)


def _admitted(spec: Object) -> str:
    """Whom loadBalancerSourceRanges let in: all, none (but addresses kept for documentation), or some."""
    ranges = [ipaddress.ip_network(text.strip(), strict=False) for text in spec.get("loadBalancerSourceRanges") or []]
    families = {ipaddress.ip_network(EVERYBODY[one.version]) for one in ranges}
    if set(families) <= {whole for version in EVERYBODY for whole in ipaddress.collapse_addresses(one for one in ranges if one.version == version)}:
        return "all"
    return "none" if all(any(one.version == kept.version and one.subnet_of(kept) for kept in DOCUMENTATION) for one in ranges) else "some"


def _node_ports(service: Object, port: Object, cluster: Cluster) -> Iterator[tuple[Address, str | None]]:
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


def _host_ports(pod: Object, cluster: Cluster) -> Iterator[tuple[Object, Address]]:
    spec = pod["spec"]
    if not _has_host_port(pod, cluster.node) or not is_ready(pod):
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


def _has_host_port(pod: Object, node: str) -> bool:
    spec = pod["spec"]
    ports = [port for container in spec.get("containers") or [] for port in container.get("ports") or [] if port.get("hostPort")]
    return bool(ports) and spec.get("nodeName") == node and not spec.get("hostNetwork") and not pod["metadata"].get("deletionTimestamp")


def _add(result: Object, label: str, address: Address, probe: Object, client: Object | None, requests: int) -> None:
    if address.from_host:
        result["targets"].append(_target("host", label, address, probe, requests, address.by_kube_proxy))
    if address.from_pod and client is not None:
        by_kube_proxy = address.by_kube_proxy and address.what not in CILIUMS_FROM_PODS
        result["targets"].append(_target("pod", label, address, probe, requests, by_kube_proxy, {"pod_uid": client["metadata"]["uid"]}))
    if address.from_outside:
        _add_outside(result["outside"], label, address, probe, requests)


def _add_outside(targets: list[Object], label: str, address: Address, probe: Object, requests: int) -> None:
    # where another client's packets to an external or LoadBalancer IP arrive is for the network to decide
    targets.append(_target("outside", label, address, probe, requests, address.by_kube_proxy and address.what.startswith("NodePort")))


def _target(origin: str, label: str, address: Address, probe: Object, requests: int, by_kube_proxy: bool, namespace: Any = "host") -> Object:
    return {
        **{key: probe[key] for key in ("kind", "request", "expect") if key in probe},
        "name": f"{origin} to {label} {address.what} {endpoint(address.address, address.port)}",
        "address": address.address,
        "port": address.port,
        "namespace": namespace,
        "service": label,
        "requests": requests,
        "by_kube_proxy": by_kube_proxy,
    }


def _how(hints: dict[str, Object], service: Object, port: Object) -> Object | None:
    for key in (port.get("name"), port["port"]):
        hint = hints.get(f"{objects.full_name(service)}:{key}")
        if hint:
            return hint
    return _default_probe(port.get("name"), port["port"], port.get("protocol"))


def _default_probe(name: str | None, number: int, protocol: str | None) -> Object | None:
    """How to ask a port of which nobody said how: without sending anything that its server might take amiss."""
    if protocol in (None, "TCP"):
        return {"kind": "tcp"}
    if protocol == "UDP" and (number == 53 or (name or "").startswith("dns")):
        return {"kind": "dns"}
    return None


def _with_affinity(probe: Object, service: Object) -> Object:
    if service["spec"].get("sessionAffinity") != "ClientIP" or probe["kind"] not in ("http", "udp"):
        return probe
    return {**probe, "expect": {**(probe.get("expect") or {}), "same_backend": True}}


def _endpoints(slices: list[Object], service: Object, port: Object) -> Iterator[Address]:
    """The addresses of the port's ready endpoints."""
    for one, number in objects.ready(slices, service, port):
        for address in one.get("addresses") or []:
            yield Address("endpoint", address, number, by_kube_proxy=False)


def _next_nodes(nodes: list[Object], node: str, count: int) -> list[Object]:
    """The nodes that follow in the circle of names: every node is probed by as many others, however large the cluster.

    One that is not ready is passed over: what it does not serve is no fault of the node that asks.
    """
    ready = [other for other in nodes if is_ready(other)]
    after = [other for other in ready if objects.name(other) > node]
    before = [other for other in ready if objects.name(other) < node]
    return (after + before)[:count]


def _is_client(pod: Object, node: str) -> bool:
    return pod["spec"].get("nodeName") == node and not pod["spec"].get("hostNetwork") and is_ready(pod)
