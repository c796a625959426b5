# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory, controller and reachability: what has to be right before anything else can be said. Pure."""
from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan.picture import BLOCKER, WARNING, finding, node, some


def cluster_unreadable(picture):
    if picture.cluster.get("error"):
        yield finding(
            "cluster-unreadable", BLOCKER, picture.name, picture.cluster["error"],
            "The plan, and every step after it, reads the cluster through the Kubernetes API.",
            "Set kpr_kubeconfig (and kpr_context) to a kubeconfig on the controller that reaches this cluster, then run the plan again.",
        )


def helm_missing(picture):
    if not picture.wanted["helm"]:
        yield finding(
            "helm-missing", BLOCKER, "controller", f"no program {picture.wanted['helm_binary']}",
            "Cilium's release is read and changed with Helm.",
            "Install Helm 3 or 4 on the controller, or set kpr_helm_binary to its path.",
        )


def node_unreachable(picture):
    for name, facts in sorted(picture.nodes.items()):
        if facts["error"]:
            yield finding(
                "node-unreachable", BLOCKER, node(name), facts["error"],
                "Its kernel, rules and way to the API server are unknown, and kube-proxy's rules could not be removed from it.",
                f"Repair the connection (try: ansible -i INVENTORY {facts['host']} -m ansible.builtin.ping), "
                "or take the host out of the inventory when the node has left the cluster.",
            )


def traffic_unnamed(picture):
    if picture.wanted["traffic"] and not picture.wanted["traffic_namespaces"]:
        yield finding(
            "traffic-unnamed", WARNING, picture.name, "kpr_traffic is true and kpr_traffic_namespaces is empty",
            "Only Services in namespaces that you name are asked, so nothing would be measured.",
            "Name them in kpr_traffic_namespaces, for example: -e '{\"kpr_traffic_namespaces\": [\"shop\"]}'",
        )


BEFORE_API = (cluster_unreadable, helm_missing, node_unreachable, traffic_unnamed)


def no_control_plane(picture):
    control_planes = [name for name, facts in picture.cluster["nodes"].items() if facts["control_plane"]]
    if control_planes and not set(control_planes) & set(picture.nodes):
        yield finding(
            "no-control-plane", BLOCKER, picture.name,
            f"none of its hosts in this run is a control plane; the cluster has {some(control_planes)}, the run has {some(picture.nodes)}",
            "kube-proxy runs on control planes too, and would be left there without the objects that maintain it.",
            "Add the control planes to the inventory with the same kpr_cluster, or correct kpr_cluster, kpr_node_name or --limit.",
        )


def nodes_unknown(picture):
    for name in sorted(set(picture.nodes) - set(picture.cluster["nodes"])):
        yield finding(
            "node-unknown", BLOCKER, node(name), f"host {picture.nodes[name]['host']} is no node of the cluster that kpr_kubeconfig leads to",
            "Its rules would be changed while another cluster's kube-proxy maintains them.",
            f"Set kpr_node_name of {picture.nodes[name]['host']} to the name that `kubectl get nodes` shows, or correct kpr_kubeconfig.",
        )


def nodes_left_out(picture):
    missing = set(picture.linux_nodes) - set(picture.nodes)
    if missing and set(picture.nodes) & set(picture.cluster["nodes"]):
        yield finding(
            "nodes-left-out", BLOCKER, picture.name, f"{len(missing)} of its nodes are not in this run: {some(missing)}",
            "At the end kube-proxy's DaemonSet is deleted; nodes that have not moved would keep rules that nobody updates.",
            "Add them to the inventory with the same kpr_cluster, and run without --limit and job slices.",
        )


def nodes_of_other_systems(picture):
    others = set(picture.cluster["nodes"]) - set(picture.linux_nodes)
    if others:
        yield finding(
            "nodes-not-linux", WARNING, picture.name, f"{some(others)} do not run Linux",
            "Cilium does not run there; they keep a kube-proxy of their own, and are left alone.",
            "See that they are served by a DaemonSet other than kube-system/kube-proxy, which is deleted at the end.",
        )


def facts_unread(picture):
    for sentence in picture.cluster["unread"]:
        yield finding(
            "cluster-facts-unread", WARNING, picture.name, sentence,
            "The plan says nothing about what it could not read.",
            "Allow the credentials of kpr_kubeconfig to read it, then run the plan again.",
        )
    for name, facts in sorted(picture.read_nodes.items()):
        for sentence in facts["unread"]:
            yield finding(
                "node-facts-unread", WARNING, node(name), sentence,
                "The plan says nothing about what it could not read.",
                "Repair what the message names, then run the plan again.",
            )


RULES = (no_control_plane, nodes_unknown, nodes_left_out, nodes_of_other_systems, facts_unread)
