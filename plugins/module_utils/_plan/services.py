# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that behave otherwise without kube-proxy, and whether Cilium's tables hold them all. Pure."""
from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import ports as ranges
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts.services import map_places
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan.picture import BLOCKER, NOTE, WARNING, finding, some

FULL, NEARLY_FULL = 1.0, 0.75


def external_ips(picture):
    owned = {address for facts in picture.cluster["nodes"].values() for address in facts["addresses"]}
    owned |= {address for facts in picture.read_nodes.values() for device in (facts["devices"] or {}).values() for address in device["addresses"]}
    for address, services in sorted(picture.cluster["services"]["external_ips"].items()):
        if address not in owned:
            yield finding(
                "external-ip-unowned", WARNING, f"external IP {address}", f"no node has it; Services: {some(services)}",
                "Pods and the nodes themselves reach it through kube-proxy's rules; without them their connections time out. From outside it stays as it "
                "is, if packets for it are routed to a node.",
                "Let clients inside the cluster use the Service's name, or give the address to the Service as a LoadBalancer IP.",
            )


def map_size(picture):
    entries = picture.cluster["services"]["map_entries"]
    size = map_places(picture.config, picture.value)
    if entries > NEARLY_FULL * size:
        yield finding(
            "service-map-size", BLOCKER if entries > FULL * size else WARNING, picture.name, f"about {entries} entries for {size} places",
            "Services that find no place are not served, and nothing but a log line says so.",
            f"Set bpf.lbMapMax in kpr_cilium_values to at least {_power_of_two(2 * entries)}; where extraConfig has bpf-lb-service-map-max, set that.",
        )


def _power_of_two(number):
    return 1 << (number - 1).bit_length()


def node_port_range(picture):
    ports = picture.cluster["services"]["node_ports"]
    served = _served(picture)
    if not served:  # the rules about values speak of that
        return
    handed_out = ranges.known((picture.cluster["kubeadm"] or {}).get("node_port_range"))
    if handed_out and not ranges.holds(served, handed_out):
        yield finding(
            "node-port-range-differs", BLOCKER, picture.name,
            f"the API server gives NodePorts of {ranges.text(handed_out)}, Cilium serves {ranges.text(served)}",
            "A Service with a NodePort outside of Cilium's range would be accepted and not be served.",
            "Set nodePort.range in kpr_cilium_values to the API server's --service-node-port-range, as \"FIRST,LAST\".",
        )
    for port, service in (ports["lowest"], ports["highest"]) if ports else ():
        if not ranges.holds(served, (port, port)):
            yield finding(
                "node-port-out-of-range", BLOCKER, f"Service {service}", f"NodePort {port}; Cilium serves {ranges.text(served)}",
                "The NodePort would not answer any more.",
                "Set nodePort.range in kpr_cilium_values to the API server's --service-node-port-range, as \"FIRST,LAST\".",
            )


def _served(picture):
    return ranges.served(picture.value("nodePort.range"), picture.config.get("node-port-range"))


def host_ports(picture):
    served, workloads = _served(picture), {entry["object"]: entry["ports"] for entry in picture.cluster["host_ports"]}
    for name, facts in picture.read_nodes.items():
        if facts["host_ports"]:
            workloads[f"node {name}"] = facts["host_ports"]
    for item, ports in sorted(workloads.items()):
        inside = [port for port in ports if served and ranges.holds(served, (port, port))]
        if inside:
            yield finding(
                "host-port-in-node-port-range", BLOCKER, item, f"hostPort {some(map(str, inside))}; Cilium serves NodePorts of {ranges.text(served)}",
                "Cilium ignores a hostPort in the range of NodePorts.",
                "Move the hostPort out of the range, or use a NodePort.",
            )
    if workloads:
        yield finding(
            "host-ports", NOTE, picture.name, f"hostPorts of {some(workloads)}",
            "Cilium serves them itself when it replaces kube-proxy. The plugin portmap has served them up to now; its rules stay with the pods that are "
            "there. A way back needs it again.",
            "Keep cni.chainingMode: portmap in the release until there will be no way back.",
        )


# (key of the services' facts, id, severity, what is found, why, remedy)
BEHAVIOUR = (
    ("local_traffic", "external-traffic-local", NOTE, "externalTrafficPolicy: Local",
     "Cilium answers their health-check ports as kube-proxy did. While both run on a node, one of them finds the port taken.",
     "After the first node, see that your load balancer still finds the nodes with local endpoints."),
    ("session_affinity", "session-affinity", NOTE, "sessionAffinity: ClientIP",
     "Each client may be led to another backend once, when its node moves. Clients inside the cluster are told apart by network namespace, not by address.",
     "Nothing, unless a session lost once is a problem; then move the nodes in a quiet hour."),
)


def behaviour(picture):
    services = picture.cluster["services"]
    for key, ident, severity, found, why, remedy in BEHAVIOUR:
        if services[key] and not picture.settled:
            yield finding(
                ident, severity, picture.name, f"{len(services[key])} Services with {found}: {some(services[key])}",
                why,
                remedy,
            )


def source_ranges(picture):
    found = picture.cluster["services"]["source_ranges"]
    everywhere = str(picture.value("bpf.lbSourceRangeAllTypes", picture.config.get("bpf-lb-source-range-all-types"))).lower() == "true"
    if found and not picture.settled:
        yield finding(
            "source-ranges", WARNING, picture.name, f"{len(found)} Services with loadBalancerSourceRanges: {some(found)}",
            ("With bpf.lbSourceRangeAllTypes Cilium applies them to NodePorts and external IPs, too, which kube-proxy does not." if everywhere else
             "Cilium applies them to the LoadBalancer addresses only.") + " It sees the address that the load balancer shows it.",
            "After the first node, try from an address inside and from one outside of the ranges.",
        )


def topology(picture):
    found = picture.cluster["services"]["topology"]
    if found and picture.config.get("enable-service-topology") != "true" and not picture.value("loadBalancer.serviceTopology"):
        yield finding(
            "topology-ignored", WARNING, picture.name, f"{len(found)} Services ask for endpoints nearby: {some(found)}",
            "kube-proxy keeps their traffic in its zone, Cilium does so only when told.",
            "Set loadBalancer.serviceTopology: true in kpr_cilium_values.",
        )


RULES = (external_ips, map_size, node_port_range, host_ports, behaviour, source_ranges, topology)
