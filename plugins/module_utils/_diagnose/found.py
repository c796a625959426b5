# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings of a diagnosis: severity, id, object, node, found, why, remedy. Pure."""

from __future__ import annotations

SEVERITIES = ("fault", "warning", "note")
RESTART = "kubectl -n {cilium} delete pod -l k8s-app=cilium --field-selector spec.nodeName={node}"
#: id -> (severity, why it matters, what to do)
KINDS = {
    "no-pod-matches": ("fault", "A Service without endpoints answers nobody.",
                       "Compare the selector with the pods' labels: kubectl -n {namespace} get pods --show-labels"),
    "pods-not-ready": ("fault", "Only pods that are ready get traffic.", "Look at their readiness probe: kubectl -n {namespace} describe pods"),
    "no-endpoints": ("fault", "A Service without a selector needs EndpointSlices that somebody writes.",
                     "Write them, or give the Service a selector: kubectl -n {namespace} get endpointslices"),
    "target-port-unknown": ("fault", "The endpoints have no port of that name, so the port leads nowhere.",
                            "Name the container's port so, or set targetPort to its number: kubectl -n {namespace} get endpointslices"),
    "left-to-others": ("note", "kube-proxy and Cilium leave Services with this label to another proxy; if there is none, nobody answers.",
                       "Take the label away if Cilium is to serve it: kubectl -n {namespace} get services --show-labels"),
    "local-only-external": ("note", "With the external policy Local only nodes that have an endpoint answer from outside; the others drop.",
                            "Send traffic to those nodes only (spec.healthCheckNodePort tells which), or set externalTrafficPolicy to Cluster."),
    "local-only-internal": ("warning", "With the internal policy Local, pods and programs on nodes without an endpoint get no answer.",
                            "Run a pod of it on each node that needs it, or set internalTrafficPolicy to Cluster."),
    "source-ranges": ("note", "Other clients are dropped by LoadBalancer addresses (with Cilium, not by NodePorts).",
                      "Check that the client's address is in spec.loadBalancerSourceRanges."),
    "agent-silent": ("fault", "Nobody tells what this node serves.", "kubectl -n {namespace} get pods -o wide -l k8s-app=cilium"),
    "answer-unread": ("warning", "Part of what this agent said was not understood, so it was not judged.",
                      "Look at agents/{node} in the archive, and report it with the agent's version."),
    "frontend-missing": ("fault", "The agent does not know this address, so the node does not serve it. It was so in two readings.",
                         "See whether the agent's watch of the API works: cilium-dbg status --all-controllers in its pod; then restart the agent: " + RESTART),
    "frontend-unfinished": ("fault", "The agent knows this address and could not write it to the kernel's map. It was so in two readings.",
                            "See the error, and the maps' sizes (bpf.lbMapMax); then restart the agent: " + RESTART),
    "backends-differ": ("fault", "The node sends connections to backends that are gone, or not to all that there are. It was so in two readings.",
                        "Look at agents/{node}/log.txt in the archive for errors of its watch; then restart the agent: " + RESTART),
    "map-differs": ("fault", "The kernel does something else than the agent believes. It was so in two readings.",
                    "Restart the agent, which writes the map again: " + RESTART),
    "node-port-missing": ("fault", "From outside this NodePort does not answer on the node's own address; it does on those of devices that the agent chose. "
                          "It was so in two readings.",
                          "Let the Helm value devices match the device that has the address (on {node}: ip -brief address; what the agent chose, in its pod: "
                          "cilium-dbg status --verbose), or name the ranges that are to answer in nodePort.addresses; then restart the agent: " + RESTART),
    "socket-lb-not-attached": ("fault", "Connections from the node itself to Services, and with full coverage those of its pods, are not translated.",
                               "See what is attached, on {node}: bpftool cgroup tree; and whose the mount is that the agent uses (cgroup.hostRoot); "
                               "then restart the agent: " + RESTART),
    "map-full": ("warning", "What does not fit into a map is not served.",
                 "Raise that map's size in the release: bpf.lbMapMax for Services, bpf.ctTcpMax and bpf.ctAnyMax for ct, bpf.natMax, bpf.policyMapMax."),
    "service-drops": ("warning", "Packets to Services were dropped since the agent's start.",
                      "See them come: kubectl -n {namespace} exec ds/cilium -- cilium-dbg monitor --type drop, in the pod on {node}"),
    "drift": ("warning", "The agent runs otherwise than it is configured and changes at its next restart, whenever that is.",
              "Restart it when you choose: " + RESTART),
    "kpr-off": ("note", "This agent leaves NodePorts, external IPs and hosts to kube-proxy.", "That is right while kube-proxy runs there."),
    "nobody-listens": ("fault", "The pod is ready and refuses the port that the Service leads to.",
                       "Set targetPort to what the container listens on: kubectl -n {namespace} get svc,endpointslices"),
    "backend-silent": ("fault", "The node gets no answer from the pod itself, and no network policy selects it.",
                       "Look at the pod's node, at routes and firewalls between the nodes, and at: cilium-dbg monitor --type drop"),
    "policy-closes": ("fault", "A policy without a rule lets nobody in, so no Service can give an answer. Only the pod's own node gets through.",
                      "Give the policy a rule for its clients: kubectl -n {namespace} get networkpolicies,ciliumnetworkpolicies -o yaml"),
    "policy-selects": ("warning", "The nodes probe, and a policy that names only pods keeps nodes out. The clients that it names may be served well.",
                       "Try from a pod that the policy lets in: kubectl -n {namespace} get networkpolicies,ciliumnetworkpolicies -o yaml"),
    "not-served": ("fault", "The backends answer and the Service's address does not, from this node.",
                   "Compare this node's map with another's: agents/*/services-1.json in the archive, or cilium-dbg bpf lb list in both pods"),
    "not-probed": ("note", "Only a connection shows that a server listens, that no policy is in the way and that a node serves.",
                   "Name one Service to have it probed from every node: -e kpr_service=NAMESPACE/NAME; try UDP with its own client; "
                   "from outside, verify probes with kpr_outside_host and kpr_verify_namespaces."),
    "stale-rules": ("warning", "kube-proxy's rules are left and nobody renews them; they send to endpoints that are gone.",
                    "ansible-playbook -i INVENTORY fleetops.kubeproxy_free.migrate takes them away; by hand, the role kube_proxy_cleanup."),
    "stale-connections": ("warning", "Connections from kube-proxy's time keep the backend that they began with, and nobody ends them when it goes.",
                          "Let their programs connect anew: on {node}, conntrack --delete --proto PROTOCOL --orig-dst ADDRESS, or restart them."),
    "node-unread": ("warning", "The node could not be asked, or not all, so what is wrong there is not told.",
                    "See that Ansible reaches HOST, {node}'s host in the inventory: ansible -i INVENTORY HOST -m ansible.builtin.ping"),
}  # fmt: skip


def finding(ident, obj, found, node="", cilium="kube-system"):
    """One finding. obj: "Service namespace/name" or "node name"; cilium: its namespace, for what is to be typed about agents."""
    severity, why, remedy = KINDS[ident]
    space = obj.partition(" ")[2].partition("/")[0] if obj.startswith("Service ") else cilium
    return {"severity": severity, "id": ident, "object": obj, "node": node, "found": found, "why": why,
            "remedy": remedy.format(node=node or "NODE", namespace=space, cilium=cilium)}  # fmt: skip
