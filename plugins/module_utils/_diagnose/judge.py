# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the API, the agents and the nodes say to findings. Pure."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import services as api
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose.found import SEVERITIES, finding
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._monitoring import metrics

#: Hooks of the root cgroup to which socket load balancing attaches a program for each IP version, and how the names of Cilium's programs begin.
HOOKS, OURS = ("connect", "sendmsg", "recvmsg"), ("cil_", "sock4_", "sock6_")


def diagnosis(facts, nodes, probed=True):
    """All findings, faults first.

    facts: what module cilium_services has written; nodes: by name what the hosts of the run said (error, facts, probes), maybe not of all nodes;
    probed: whether they were asked to probe.
    """
    found = []
    for name, service in facts["services"].items():
        found += _of_service(name, service, facts)
    for node, agent in facts["agents"].items():
        found += _of_agent(node, agent, facts["namespace"])
    known = _endpoints(facts["services"])
    for node, said in nodes.items():
        found += _of_node(node, said, facts, known)
    found += _not_probed(facts, probed)
    return sorted(found, key=lambda one: SEVERITIES.index(one["severity"]))


def _of_service(name, service, facts):
    if not _served(service, facts):
        label = f"{api.HEADLESS} is there" if service["headless"] else f"{api.PROXY_NAME} is {service['proxy']!r}"
        yield finding("left-to-others", f"Service {name}", f"its label {label}, so Cilium serves none of its addresses")
    if service["ingress"]:
        return
    if not any(one["ready"] for one in service["endpoints"]):
        if not service["global"]:  # other clusters may have some
            yield from _without_endpoints(name, service)
        return
    for port in service["ports"]:
        if not api.backends(service, port):
            yield finding("target-port-unknown", f"Service {name}",
                          f"port {port['name'] or port['port']} leads to targetPort {port['target']}, which no endpoint has")  # fmt: skip
    if service["external_policy"] == "Local" and service["type"] in ("NodePort", "LoadBalancer"):
        yield from _local(name, service, facts, "external")
    if service["internal_policy"] == "Local" and service["cluster_ips"]:
        yield from _local(name, service, facts, "internal")
    if service["source_ranges"]:
        yield finding("source-ranges", f"Service {name}", f"only {', '.join(service['source_ranges'])}")


def _served(service, facts):
    return api.served(service, facts["settings"].get("k8s-service-proxy-name") or "")


def _local(name, service, facts, side):
    having = api.nodes(service)
    lacking = sorted(set(facts["agents"]) - having)
    if lacking and None not in having:
        yield finding(f"local-only-{side}", f"Service {name}",
                      f"{side}TrafficPolicy is Local, with endpoints on {', '.join(sorted(having))} and none on {', '.join(_some(lacking))}")  # fmt: skip


def _without_endpoints(name, service):
    if not service["selector"]:
        yield finding("no-endpoints", f"Service {name}", "it has no selector, and no EndpointSlice with a ready endpoint")
        return
    words = ",".join(f"{key}={value}" for key, value in service["selector"].items())
    pods = service["pods"] or {"matching": len(service["endpoints"]), "ready": 0}
    if not pods["matching"]:
        yield finding("no-pod-matches", f"Service {name}", f"no pod has the labels {words}")
    else:
        yield finding("pods-not-ready", f"Service {name}",
                      f"{pods['ready']} of {pods['matching']} pods with the labels {words} are ready; expected one at least")


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
    for one in agent["differences"]:
        yield finding(one["kind"], f"Service {one['service']}", SAID[one["kind"]]({**one, "devices": agent["devices"]}, node), node, namespace)
    for metric in agent["metrics"]:
        yield from _of_metric(node, metric, namespace)


def _of_metric(node, metric, namespace):
    name, labels, value = metric["name"], metric["labels"], metric["value"]
    if name == metrics.PRESSURE.name and value >= metrics.NEARLY_FULL:
        yield finding("map-full", f"node {node}", f"{labels.get('map_name')} is filled to {value:.0%}; expected less than {metrics.NEARLY_FULL:.0%}", node)
    if name == metrics.DROPS.name and value and labels.get("reason") in metrics.SERVICE_DROPS:
        yield finding("service-drops", f"node {node}", f"{value:.0f} packets, {labels.get('direction', '').lower()}: {labels['reason']}", node, namespace)
    if name == metrics.DRIFT.name and value:
        yield finding("drift", f"node {node}", f"{value:.0f} settings differ, by the agent's own count", node, namespace)


def _backends_differ(one, node):
    gone, missing = (", ".join(_some(one[key])) for key in ("more", "less"))
    said = [f"leads to {gone}, which the API does not have as ready"] if gone else []
    return f"{one['address']} on {node}: in the agent's table it {' and '.join(said + ([f'lacks {missing}, which are ready'] if missing else []))}"


def _map_differs(one, node):
    if one["absent"]:
        return f"{one['address']} on {node} is not in the kernel's map; in the agent's table it leads to {', '.join(_some(one['less'])) or 'nothing'}"
    parts = [f"{words} {', '.join(_some(one[key]))}" for key, words in (("more", "leads to"), ("less", "does not lead to")) if one[key]]
    return f"{one['address']} on {node}: in the kernel's map it {' and '.join(parts)}; the agent's table says otherwise"


def _node_port_missing(one, node):
    devices = ", ".join(f"{device['name']} ({', '.join(device['addresses']) or 'no address'})" for device in one["devices"])
    return f"{one['address']} on {node} is not in the kernel's map, the same port on any address is; the agent's devices are {devices or 'none'}; " \
           "expected one that has the node's address"


#: Words for each kind of difference.
SAID = {
    "frontend-missing": lambda one, node: f"{one['address']} is not in the table of the agent on {node}; the API has it",
    "backends-differ": _backends_differ,
    "map-differs": _map_differs,
    "node-port-missing": _node_port_missing,
    "frontend-unfinished": lambda one, node: f"{one['address']} on {node} is {one['status'] or '?'}: {one['error'] or 'no error is told'}; expected Done",
}


def _some(names):
    return [*names[:5], *(["..."] if len(names) > 5 else [])]


def _of_node(node, said, facts, known):
    if said.get("error"):
        yield finding("node-unread", f"node {node}", said["error"], node)
        return
    there, agent = said.get("facts") or {}, facts["agents"].get(node) or {}
    for text in there.get("unread") or []:
        yield finding("node-unread", f"node {node}", text, node)
    rules = there.get("rules") or {}
    if agent.get("kpr") and rules and not rules["running"]:
        if not rules["clean"]:
            tables = (owners for backend in rules["found"].values() for family in backend.values() for owners in family.values())
            chains = sum(owners.get("kube-proxy", {}).get("chains", 0) for owners in tables)
            yield finding("stale-rules", f"node {node}", f"{chains} chains of kube-proxy, and no kube-proxy; expected none", node)
        yield from _of_connections(node, there.get("connections") or [], facts, known)
    sockets = []
    if agent.get("socket_lb") and not agent["error"] and there.get("socket_programs") is not None:
        sockets = list(_of_sockets(node, there["socket_programs"], facts))
    yield from sockets
    differing = {(one["service"], _port(one["address"])) for one in agent.get("differences") or []}
    yield from _of_probes(node, said.get("probes") or [], facts["services"], lambda name, address: sockets or (name, _port(address)) in differing)


def _of_sockets(node, programs, facts):
    """An agent says what it is configured to do; the kernel says what is attached."""
    attached = {program["attach_type"] for program in programs if program["name"].startswith(OURS)}
    versions = [version for version in "46" if facts["settings"].get(f"enable-ipv{version}") == "true"]
    lacking = [hook + version for version in versions for hook in HOOKS if hook + version not in attached]
    if lacking:
        yield finding("socket-lb-not-attached", f"node {node}", f"the agent says that its socket load balancing is on; no program of Cilium is attached to "
                      f"{', '.join(lacking)} of the root cgroup, {len(attached)} are to others", node, facts["namespace"])  # fmt: skip


def _endpoints(services):
    """(protocol, address, port) -> (Service, its endpoints), of the addresses that kube-proxy translates."""
    found = {}
    for name, service in services.items():
        for port in service["ports"]:
            addresses = [*service["cluster_ips"], *service["external_ips"], *service["load_balancer_ips"]]
            leads_to = {address for address, _node, _ready in api.endpoints(service, port)}
            found.update({(port["protocol"].lower(), address, port["port"]): (name, leads_to) for address in addresses})
    return found


def _of_connections(node, connections, facts, endpoints):
    """Those that kube-proxy would have ended, or sent elsewhere, when their backend went."""
    for one in connections:
        name, known = endpoints.get((one["protocol"], one["address"], one["port"]), ("", set()))
        where = f"{one['connections']} to {api.joined(one['address'], one['port'])}/{one['protocol']} on {node} translated to {one['backend']}"
        if name and one["backend"] not in known:
            yield finding("stale-connections", f"Service {name}", f"{where}, which is no endpoint", node)
        elif not name and facts["all_services"]:
            yield finding("stale-connections", f"node {node}", f"{where}, and no Service has that address and port", node)


def _port(address):
    """30080 of 192.0.2.1:30080 and of [::]:30080/TCP."""
    return address.rpartition(":")[2].partition("/")[0]


def _of_probes(node, probes, services, explained):
    """A Service's own address is judged only where its backends answer; else they are what is wrong.

    explained: whether it is told already why a Service's NodePort does not answer from here.
    """
    silent = set()
    for probe in probes:
        name, kind, address = probe["name"].split(" ")
        if probe["ok"] or kind != "backend":
            continue
        silent.add(name)
        yield _of_backend(node, name, address, "; ".join(probe["errors"]), services[name])
    for probe in probes:
        name, kind, address = probe["name"].split(" ")
        if kind == "backend" or probe["ok"] or name in silent or _left_alone(services[name], node):
            continue
        if kind == "service" or not explained(name, address):
            what = "NodePort " if kind == "node-port" else ""
            yield finding("not-served", f"Service {name}", f"{what}{address} from {node}: {'; '.join(probe['errors'])}; expected a connection", node)


def _of_backend(node, name, address, said, service):
    where = f"{address} from {node}: {said}"
    if "refused" in said.lower():
        return finding("nobody-listens", f"Service {name}", f"{where}; expected a connection", node)
    host = address.rsplit(":", 1)[0].strip("[]")
    policies = [one for one in service["policies"] if host in one["addresses"]]
    names = ", ".join(dict.fromkeys(one["name"] for one in policies))
    if not policies:
        return finding("backend-silent", f"Service {name}", f"{where}; expected a connection", node)
    if not any(one["opens"] for one in policies):
        return finding("policy-closes", f"Service {name}", f"{where}; {names} selects the pod and lets nobody in", node)
    return finding("policy-selects", f"Service {name}", f"{where}; {names} selects the pod and does not seem to let nodes in", node)


def _left_alone(service, node):
    """Nodes that are not to serve it: with the internal policy Local those without an endpoint, and those that the Service did not choose."""
    return service["only_nodes"] or service["internal_policy"] == "Local" and not {node, None} & api.nodes(service)


def _not_probed(facts, probed):
    """What only a connection can show was not looked at; so that silence is not taken for health."""
    if not probed:
        yield finding("not-probed", "every Service", "no connection was opened, to none of them")
        return
    for name, service in facts["services"].items():
        ports = [f"{port['port']}/{port['protocol']}" for port in service["ports"] if port["protocol"] != "TCP"]
        said = [f"no datagram was sent to {', '.join(ports)}, since nobody here knows what its server answers to"] if ports else []
        outer = [f"NodePort {_port(address)}" if kind == "NodePort" else address
                 for port in service["ports"] for kind, address in api.addresses(service, port) if kind != "ClusterIP"]  # fmt: skip
        if outer and _served(service, facts):
            said.append(f"nothing was sent from outside of the cluster to {', '.join(dict.fromkeys(outer))}")
        if said:
            yield finding("not-probed", f"Service {name}", "; ".join(said))


def probes(facts):
    """Targets for service_probe: the ClusterIPs and the backends of each Service's TCP ports, one connection each. The same on every node."""
    found = {}
    for name, service, port, backends in _tcp(facts):
        for kind, addresses in (("backend", backends), ("service", _own(service, port, "ClusterIP", backends, facts))):
            for address in addresses:
                found[f"{name} {kind} {address}"] = _target(name, kind, address)
    return list(found.values())


def node_probes(facts):
    """Node -> the targets that only it has: its own address with the NodePorts of each Service's TCP ports, one connection each.

    A node's connections to itself pass none of the devices at which what comes from outside is translated; socket load balancing serves them, or nobody.
    """
    ports = [(name, service, address) for name, service, port, backends in _tcp(facts) for address in _own(service, port, "NodePort", backends, facts)]
    return {
        node: [_target(name, "node-port", api.joined(own, _port(address))) for name, service, address in ports if _at_node(service, node)
               for own in agent["node_addresses"] if (":" in own) == address.startswith("[")]
        for node, agent in facts["agents"].items() if agent["kpr"] and agent["socket_lb"]
    }  # fmt: skip


def _tcp(facts):
    """(Service's name, Service, port, backends) of all TCP ports."""
    for name, service in facts["services"].items():
        for port in service["ports"]:
            if port["protocol"] == "TCP":
                yield name, service, port, api.backends(service, port)


def _own(service, port, kind, backends, facts):
    """The Service's addresses of one kind that are to answer: of families that have backends."""
    families = {address.startswith("[") for address in backends}
    return [address for one, address in api.addresses(service, port) if one == kind and address.startswith("[") in families] if _served(service, facts) else []


def _at_node(service, node):
    """Whether a node is asked for its NodePorts: under a policy of Local only with an endpoint, though Cilium serves the node itself without one, too."""
    return not _left_alone(service, node) and (service["external_policy"] != "Local" or bool({node, None} & api.nodes(service)))


def _target(name, kind, address):
    host, number = address.rsplit(":", 1)
    return {"name": f"{name} {kind} {address}", "kind": "tcp", "address": host.strip("[]"), "port": int(number), "service": name, "requests": 1}
