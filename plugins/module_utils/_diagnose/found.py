# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings of a diagnosis: severity, id, object, node, found, why, remedy. Pure."""

from __future__ import annotations

SEVERITIES = ("fault", "warning", "note")
#: id -> (severity, why it matters, what to do)
KINDS = {
    "no-pod-matches": ("fault", "A Service without endpoints answers nobody.",
                       "Compare the selector with the pods' labels: kubectl -n {namespace} get pods --show-labels"),
    "pods-not-ready": ("fault", "Only pods that are ready get traffic.", "Look at their readiness probe: kubectl -n {namespace} describe pods"),
    "no-endpoints": ("fault", "A Service without a selector needs EndpointSlices that somebody writes.",
                     "Write them, or give the Service a selector: kubectl -n {namespace} get endpointslices"),
    "target-port-unknown": ("fault", "The endpoints have no port of that name, so the port leads nowhere.",
                            "Name the container's port so, or set targetPort to its number: kubectl -n {namespace} get endpointslices"),
    "local-only": ("note", "With the policy Local only nodes that have an endpoint answer from outside; the others drop.",
                   "Send traffic to those nodes only (spec.healthCheckNodePort tells which), or set the policy to Cluster."),
    "source-ranges": ("note", "Other clients are dropped by LoadBalancer addresses (with Cilium, not by NodePorts).",
                      "Check that the client's address is in spec.loadBalancerSourceRanges."),
    "agent-silent": ("fault", "Nobody tells what this node serves.", "kubectl -n {namespace} get pods -o wide -l k8s-app=cilium"),
    "answer-unread": ("warning", "Part of what this agent said was not understood, so it was not judged.", "Look at the evidence; report the version."),
    "frontend-missing": ("fault", "The agent does not know this address, so the node does not serve it.",
                         "See whether the agent's watch of the API works: cilium-dbg status --all-controllers; then restart the agent."),
    "frontend-unfinished": ("fault", "The agent knows this address and could not write it to the kernel's map.",
                            "See the error, and the maps' sizes (bpf.lbMapMax); then restart the agent."),
    "backends-differ": ("fault", "The node sends connections to backends that are gone, or not to all that there are.",
                        "If it lasts longer than a few seconds, restart the agent, and keep the archive for a report."),
    "map-differs": ("fault", "The kernel does something else than the agent believes.", "Restart the agent, which writes the map again."),
    "map-full": ("warning", "What does not fit into a map is not served.", "Raise the map's size, for Services bpf.lbMapMax."),
    "service-drops": ("warning", "Packets to Services were dropped since the agent's start.", "See them come: cilium-dbg monitor --type drop"),
    "drift": ("warning", "The agent runs otherwise than it is configured and changes at its next restart, whenever that is.",
              "Restart it when you choose: kubectl -n {namespace} delete pod -l k8s-app=cilium --field-selector spec.nodeName={node}"),
    "kpr-off": ("note", "This agent leaves NodePorts, external IPs and hosts to kube-proxy.", "That is right while kube-proxy runs there."),
    "nobody-listens": ("fault", "The pod is ready and refuses the port that the Service leads to.",
                       "Set targetPort to what the container listens on: kubectl -n {namespace} get svc,endpointslices"),
    "backend-silent": ("fault", "The node gets no answer from the pod itself, so no Service can give one.",
                       "Look for a NetworkPolicy, for the pod's node, and at: cilium-dbg monitor --type drop"),
    "not-served": ("fault", "The backends answer and the Service's address does not, from this node.",
                   "Compare this node's map with another's: cilium-dbg bpf lb list"),
    "stale-rules": ("warning", "kube-proxy's rules are left and nobody renews them; they send to endpoints that are gone.",
                    "ansible-playbook fleetops.kubeproxy_free.migrate takes them away; by hand, the role kube_proxy_cleanup."),
    "stale-connections": ("warning", "Connections from kube-proxy's time keep the backend that they began with, and nobody ends them when it goes.",
                          "Let their programs connect anew: on {node}, conntrack --delete --proto PROTOCOL --orig-dst ADDRESS, or restart them."),
    "node-unread": ("warning", "The node could not be asked, so what is wrong there is not told.", "ansible {node} -m ansible.builtin.ping"),
}  # fmt: skip


def finding(ident, obj, found, node="", namespace="kube-system"):
    """One finding. obj: "Service namespace/name" or "node name"; namespace: Cilium's, for what is to be typed about nodes."""
    severity, why, remedy = KINDS[ident]
    space = obj.partition(" ")[2].partition("/")[0] if obj.startswith("Service ") else namespace
    return {"severity": severity, "id": ident, "object": obj, "node": node, "found": found, "why": why,
            "remedy": remedy.format(node=node or "NODE", namespace=space)}  # fmt: skip
