# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node, its pods and a client outside are to ask, of every kind of address a Service can have, and what they are to be told. Pure.

What holds for each kind: addresses.py.
"""

from __future__ import annotations

import re
from typing import Any, Iterable, Iterator, Mapping

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.conditions import is_ready
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import addresses, objects
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.health import node_port
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import endpoint

Object = dict[str, Any]
#: What Cilium may translate on a packet's way out of a pod, whoever is in charge.
CILIUMS_FROM_PODS = ("ClusterIP", "external IP", "LoadBalancer IP")
#: By Cilium's bpf-lb-mode, the protocols that backends answer straight, so that they see the client's address (Cilium's guide to DSR). The mode annotation
#: leaves it to each Service.
DIRECT_RETURN = {"dsr": ("TCP", "UDP"), "hybrid": ("TCP",)}


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
    around = _next_nodes(all_nodes, node, peers)
    cluster = addresses.Cluster(node, all_nodes, around, served_by, kube_proxy, tuple((further or {}).get(node) or ()), bpf_masquerade)
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
            for address, reason in addresses.of_service(service, port, cluster, ready):
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
        if addresses.has_host_port(pod, cluster.node) and not is_ready(pod):
            result["skipped"].append({"service": f"{objects.full_name(pod)} hostPort", "why": "the pod is not ready"})
        for port, address in addresses.of_host_ports(pod, cluster):
            label = f"{objects.full_name(pod)}:{port.get('name') or port['containerPort']}"
            probe = hints.get(label) or _default_probe(port.get("name"), port["containerPort"], port.get("protocol"))
            if probe:
                _add(result, label, address, probe, client, requests)
            else:
                result["skipped"].append({"service": label, "why": f"nothing is known about how to ask a {port['protocol']} port"})
    return result


def _add_promises(
    result: Object, label: str, service: Object, port: Object, probe: Object, cluster: addresses.Cluster, ready: set[str], direct_return: tuple[str, ...]
) -> None:
    """What a client outside is promised beyond an answer.

    Source ranges that let nobody in; by externalTrafficPolicy Local and by DSR, that its own address is kept; by the former, that a node without an
    endpoint is silent.
    """
    spec = service["spec"]
    for address in addresses.of_balancer(service, port):
        if address.port and addresses.admitted(spec) == "none":
            _add_outside(result["closed"], label, address, {"kind": "tcp", "expect": {"unanswered": True}}, 1)
    local = spec.get("externalTrafficPolicy") == "Local"
    if not probe.get("client_request") or not (local or port.get("protocol", "TCP") in direct_return):
        return
    own = [address for address, unserved in addresses.of_node_ports(service, port, cluster) if address.from_outside and not unserved]
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


def _add_health_check(result: Object, service: Object, cluster: addresses.Cluster, slices: list[Object]) -> None:
    ready = {node for port in service["spec"].get("ports") or [] for node in objects.ready_nodes(slices, service, port)}
    probe = {"kind": "http", "request": "/healthz", "expect": {"status": 200 if cluster.node in ready else 503}}
    number = service["spec"]["healthCheckNodePort"]
    for address in addresses.own_by_family(cluster):
        why = cluster.unserved(cluster.own, address) if cluster.own else None
        if why:
            result["skipped"].append({"service": f"{objects.full_name(service)} health check {address}", "why": why})
        else:
            _add(result, objects.full_name(service), addresses.Address("health check", address, number, from_pod=False, by_kube_proxy=False), probe, None, 1)


def _add_node_health(result: Object, cluster: addresses.Cluster, settings: Mapping[str, Any]) -> None:
    number, why = node_port(cluster.own, settings["kube_proxy"], settings["cilium"]) if cluster.own else (0, "the node has no object in the API")
    if why:
        result["skipped"].append({"service": f"kube-proxy's health check on {cluster.node}", "why": why})
    for address in addresses.own_by_family(cluster) if number else []:
        probe = {"kind": "http", "request": "/healthz", "expect": {"status": 200}}
        _add(result, "kube-proxy", addresses.Address("health check", address, number, from_pod=False, by_kube_proxy=False), probe, None, 1)


def _add(result: Object, label: str, address: addresses.Address, probe: Object, client: Object | None, requests: int) -> None:
    if address.from_host:
        result["targets"].append(_target("host", label, address, probe, requests, address.by_kube_proxy))
    if address.from_pod and client is not None:
        by_kube_proxy = address.by_kube_proxy and address.what not in CILIUMS_FROM_PODS
        result["targets"].append(_target("pod", label, address, probe, requests, by_kube_proxy, {"pod_uid": client["metadata"]["uid"]}))
    if address.from_outside:
        _add_outside(result["outside"], label, address, probe, requests)


def _add_outside(targets: list[Object], label: str, address: addresses.Address, probe: Object, requests: int) -> None:
    # where another client's packets to an external or LoadBalancer IP arrive is for the network to decide
    targets.append(_target("outside", label, address, probe, requests, address.by_kube_proxy and address.what.startswith("NodePort")))


def _target(origin: str, label: str, address: addresses.Address, probe: Object, requests: int, by_kube_proxy: bool, namespace: Any = "host") -> Object:
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


def _endpoints(slices: list[Object], service: Object, port: Object) -> Iterator[addresses.Address]:
    """The addresses of the port's ready endpoints."""
    for one, number in objects.ready(slices, service, port):
        for address in one.get("addresses") or []:
            yield addresses.Address("endpoint", address, number, by_kube_proxy=False)


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
