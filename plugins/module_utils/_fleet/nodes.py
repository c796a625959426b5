# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes by our labels and by what Kubernetes says of them. Pure; private to this collection."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.conditions import is_ready, says_ready

#: Prefix of every label of ours.
LABEL = "kubeproxy-free.fleetops.io"
#: Label and value of nodes that kube-proxy has left.
LEFT = (f"{LABEL}/kube-proxy", "off")


def labelled(nodes, labels):
    """Return patches that set labels on nodes; a value of None removes the label. Names are without the prefix."""
    wanted = {f"{LABEL}/{name}": value for name, value in labels.items()}
    return [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": wanted}} for name in nodes]


def uncordoned(labels):
    """Return patches that let nodes take pods again, for those that we have cordoned; labels: {node: its labels}. The mark goes with the same patch."""
    marked = [node for node, own in labels.items() if f"{LABEL}/cordoned" in own]
    return [{**patch, "spec": {"unschedulable": None}} for patch in labelled(marked, {"cordoned": None})]


def left_out(labels, names):
    """Return the cluster's nodes that are not among these names; labels: {node: its labels}. No agent of Cilium runs on Windows."""
    return sorted(node for node, own in labels.items() if node not in names and own.get("kubernetes.io/os") != "windows")


def with_ready_pod(pods):
    """Return the nodes on which one of these pods is Ready and not about to end."""
    return [pod["spec"]["nodeName"] for pod in pods if is_ready(pod)]


def not_ready(nodes):
    """Return the names of the nodes of which Kubernetes does not say that they are Ready."""
    return [node["metadata"]["name"] for node in nodes if not says_ready(node)]
