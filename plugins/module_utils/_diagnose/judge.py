# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the API, the agents and the nodes say to findings. Pure."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import services as api
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose.found import SEVERITIES, finding

#: Share of a map from which on it is told.
NEARLY_FULL = 0.9
#: Reasons of drops that concern Services, as the agents name them.
SERVICE_DROPS = ("service backend not found", "no service backend", "no mapping for nat masquerade", "no matching local container found", "missed tail call")


def diagnosis(facts, nodes):
    """All findings, faults first.

    facts: what module cilium_services returned; nodes: by name what the hosts of the run said (error, rules, probes), maybe not of all nodes.
    """
    found = []
    for name, service in facts["services"].items():
        found += _of_service(name, service, facts)
    for node, agent in facts["agents"].items():
        found += _of_agent(node, agent, facts["namespace"])
        if agent["kpr"] and not agent["error"]:
            for name, service in facts["services"].items():
                found += _served(node, agent, name, service)
    for node, said in nodes.items():
        found += _of_node(node, said, facts)
    return sorted(found, key=lambda one: SEVERITIES.index(one["severity"]))


def _of_service(name, service, facts):
    ready = [one for one in service["endpoints"] if one["ready"] or service["not_ready_too"]]
    if not ready:
        yield from _without_endpoints(name, service)
        return
    for port in service["ports"]:
        if not api.backends(service, port):
            yield finding("target-port-unknown", f"Service {name}",
                          f"port {port['name'] or port['port']} leads to targetPort {port['target']}, which no endpoint has")  # fmt: skip
    if service["external_policy"] == "Local" and service["type"] in ("NodePort", "LoadBalancer"):
        having = {one["node"] for one in ready}
        lacking = sorted(set(facts["agents"]) - having)
        if lacking:
            yield finding("local-only", f"Service {name}",
                          f"externalTrafficPolicy is Local, with endpoints on {', '.join(sorted(filter(None, having)))} and none on "
                          f"{', '.join(lacking[:5])}{', ...' if len(lacking) > 5 else ''}")  # fmt: skip
    if service["source_ranges"]:
        yield finding("source-ranges", f"Service {name}", f"only {', '.join(service['source_ranges'])}")


def _without_endpoints(name, service):
    if not service["selector"]:
        yield finding("no-endpoints", f"Service {name}", "it has no selector, and no EndpointSlice with a ready endpoint")
        return
    words = ",".join(f"{key}={value}" for key, value in service["selector"].items())
    pods = service["pods"] or {"matching": len(service["endpoints"]), "ready": 0}
    if not pods["matching"]:
        yield finding("no-pod-matches", f"Service {name}", f"no pod has the labels {words}")
    else:
        yield finding("pods-not-ready", f"Service {name}", f"{pods['ready']} of {pods['matching']} pods with the labels {words} are ready")


def _of_agent(node, agent, namespace):
    if agent["error"]:
        yield finding("agent-silent", f"node {node}", agent["error"], node, namespace)
        return
    for text in agent["unread"]:
        yield finding("answer-unread", f"node {node}", text, node)
    if not agent["kpr"]:
        yield finding("kpr-off", f"node {node}", f"the agent's word for its kube-proxy replacement is {agent['mode']!r}", node)
    for sentence in agent["drift"]:
        yield finding("drift", f"node {node}", sentence, node, namespace)
    for row in agent["unfinished"]:
        yield finding("frontend-unfinished", f"node {node}", f"{row['address']} is {row['status'] or '?'}: {row['error'] or 'no error is told'}", node)
    for metric in agent["metrics"]:
        yield from _of_metric(node, metric, namespace)


def _of_metric(node, metric, namespace):
    name, labels, value = metric["name"], metric["labels"], metric["value"]
    if name == "cilium_bpf_map_pressure" and value >= NEARLY_FULL:
        yield finding("map-full", f"node {node}", f"{labels.get('map_name')} is filled to {value:.0%}", node)
    if name == "cilium_drop_count_total" and value and labels.get("reason", "").lower() in SERVICE_DROPS:
        yield finding("service-drops", f"node {node}", f"{value:.0f} packets, {labels.get('direction', '').lower()}: {labels['reason']}", node)
    if name == "cilium_drift_checker_config_delta" and value:
        yield finding("drift", f"node {node}", f"{value:.0f} settings differ, by the agent's own count", node, namespace)


def _served(node, agent, name, service):
    """Whether the agent has each address of the Service, with the right backends, and the kernel's map the same."""
    table = {(front["address"], front["protocol"]): front for front in agent["frontends"] if not front["internal"]}
    for port in service["ports"]:
        wanted = api.backends(service, port)
        for address in _addresses(service, port):
            front = table.get((address, port["protocol"])) or table.get((address, "")) or table.get((address, "NONE"))
            words = f"{address}/{port['protocol']}"
            if front is None:
                if wanted:
                    yield finding("frontend-missing", f"Service {name}", f"{words} is not in the table of the agent on {node}", node)
                continue
            # With a policy of Local each node has backends of its own; the API's list is not what it should have.
            everywhere = service["internal_policy"] == "Cluster" and service["external_policy"] == "Cluster"
            if everywhere and front["backends"] != wanted:
                more, less = sorted(set(front["backends"]) - set(wanted)), sorted(set(wanted) - set(front["backends"]))
                yield finding("backends-differ", f"Service {name}", f"{words} on {node}: {_list('not in the API', more)}{_list('missing', less)}", node)
            yield from _in_map(node, agent, name, words, front)


def _in_map(node, agent, name, words, front):
    entry = agent["maps"].get(words, agent["maps"].get(front["address"]))
    if not agent["maps"]:
        return
    if entry is None or entry != front["backends"]:
        there = "is not in the map" if entry is None else f"leads to {', '.join(entry) or 'nothing'} in the map"
        told = ", ".join(front["backends"]) or "nothing"
        yield finding("map-differs", f"Service {name}", f"{words} on {node} {there}, and to {told} in the agent's table", node)


def _list(words, addresses):
    return f"{words}: {', '.join(addresses[:5])}{', ...' if len(addresses) > 5 else ''}. " if addresses else ""


def _addresses(service, port):
    for address in [*service["cluster_ips"], *service["external_ips"], *service["load_balancer_ips"]]:
        yield api.joined(address, port["port"])
    if port["node_port"]:
        for address in sorted({"::" if ":" in one else "0.0.0.0" for one in service["cluster_ips"]}):
            yield api.joined(address, port["node_port"])


def _of_node(node, said, facts):
    if said.get("error"):
        yield finding("node-unread", f"node {node}", said["error"], node)
        return
    rules = said.get("rules") or {}
    agent = facts["agents"].get(node) or {}
    if agent.get("kpr") and rules and not rules["clean"] and not rules["running"]:
        tables = (owners for backend in rules["found"].values() for family in backend.values() for owners in family.values())
        chains = sum(owners.get("kube-proxy", {}).get("chains", 0) for owners in tables)
        yield finding("stale-rules", f"node {node}", f"{chains} chains of kube-proxy, and no kube-proxy", node)
    if agent.get("kpr") and rules and not rules["running"]:
        yield from _of_connections(node, rules.get("connections") or [], facts)
    yield from _of_probes(node, said.get("probes") or [])


def _of_connections(node, connections, facts):
    """Those that kube-proxy would have ended, or sent elsewhere, when their backend went."""
    endpoints = {}
    for name, service in facts["services"].items():
        for port in service["ports"]:
            addresses = [*service["cluster_ips"], *service["external_ips"], *service["load_balancer_ips"]]
            endpoints.update({(port["protocol"].lower(), address, port["port"]): (name, api.endpoints(service, port)) for address in addresses})
    for one in connections:
        name, known = endpoints.get((one["protocol"], one["address"], one["port"]), ("", set()))
        where = f"{one['connections']} to {api.joined(one['address'], one['port'])}/{one['protocol']} on {node} translated to {one['backend']}"
        if name and one["backend"] not in known:
            yield finding("stale-connections", f"Service {name}", f"{where}, which is no endpoint", node)
        elif not name and facts["all_services"]:
            yield finding("stale-connections", f"node {node}", f"{where}, and no Service has that address and port", node)


def _of_probes(node, probes):
    """A Service's own address is judged only where its backends answer; else they are what is wrong."""
    silent = set()
    for probe in probes:
        service, kind, address = probe["name"].split(" ")
        if probe["ok"] or kind != "backend":
            continue
        silent.add(service)
        said = "; ".join(probe["errors"])
        yield finding("nobody-listens" if "refused" in said.lower() else "backend-silent", f"Service {service}", f"{address} from {node}: {said}", node)
    for probe in probes:
        service, kind, address = probe["name"].split(" ")
        if kind == "service" and not probe["ok"] and service not in silent:
            yield finding("not-served", f"Service {service}", f"{address} from {node}: {'; '.join(probe['errors'])}", node)


def probes(facts):
    """Targets for service_probe: the ClusterIPs and the backends of each Service's TCP ports, one connection each. The same on every node."""
    found = []
    for name, service in facts["services"].items():
        for port in service["ports"]:
            backends = api.backends(service, port)
            if port["protocol"] != "TCP" or not backends:
                continue
            where = [("backend", one) for one in backends] + [("service", api.joined(address, port["port"])) for address in service["cluster_ips"]]
            for kind, address in where:
                host, number = address.rsplit(":", 1)
                found.append({"name": f"{name} {kind} {address}", "kind": "tcp", "address": host.strip("[]"), "port": int(number), "service": name,
                              "requests": 1})  # fmt: skip
    return list({one["name"]: one for one in found}.values())
