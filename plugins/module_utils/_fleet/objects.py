# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of the hand-over: what is saved, and how a DaemonSet is kept off some nodes. Pure; private to this collection."""

from __future__ import annotations

import copy
import json
import re

LABEL = "kubeproxy-free.fleetops.io"
RELEASE = re.compile(r"v[0-9]+[.][0-9]+[.][0-9]+")
RETIRED = {"key": f"{LABEL}/kube-proxy", "operator": "NotIn", "values": ["off"]}

#: Set by the API server or its controllers; an object that still has them cannot be created again.
SERVER_METADATA = ("creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields", "resourceVersion",
                   "selfLink", "uid")
SERVER_ANNOTATIONS = ("deprecated.daemonset.template.generation", "kubectl.kubernetes.io/last-applied-configuration")


def saved(found):
    """Return one object as it can be created again: without status and what the server adds."""
    kept = {key: copy.deepcopy(value) for key, value in found.items() if key != "status"}
    metadata = {key: value for key, value in kept["metadata"].items() if key not in SERVER_METADATA}
    annotations = {key: value for key, value in metadata.pop("annotations", {}).items() if key not in SERVER_ANNOTATIONS}
    if annotations:
        metadata["annotations"] = annotations
    return {**kept, "metadata": metadata}


def refreshed(kept, found):
    """Return what is saved of kube-proxy's objects, as they are now (found): those that are missing stay as they were kept.

    Whoever changed one meanwhile finds it changed after a way back; what the gate changes in the DaemonSet stays as it was.
    """
    now = {item["kind"]: saved(item) for item in found}
    before = {item["kind"]: item for item in kept}
    if "DaemonSet" in now and "DaemonSet" in before:
        _ungate(now["DaemonSet"]["spec"], before["DaemonSet"]["spec"])
    return list({**before, **now}.values())


def _ungate(spec, former):
    for mapping, source, key in ((spec, former, "updateStrategy"), (spec["template"]["spec"], former["template"]["spec"], "affinity")):
        mapping.pop(key, None)
        if key in source:
            mapping[key] = copy.deepcopy(source[key])


def _terms(daemonset):
    affinity = daemonset["spec"]["template"]["spec"].get("affinity") or {}
    required = (affinity.get("nodeAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    return required.get("nodeSelectorTerms") or []


def is_gated(daemonset):
    """Whether every way to schedule the DaemonSet's pods already avoids the retired nodes."""
    terms = _terms(daemonset)
    return bool(terms) and all(RETIRED in (term.get("matchExpressions") or []) for term in terms)


def gated(daemonset):
    """Return the DaemonSet kept off retired nodes, changing no pod that runs.

    The DaemonSet controller places pods by the present template and, with OnDelete, leaves those of the former template alone.
    Terms of the user's own node affinity stay; node selector terms are alternatives, so each of them gets the expression.
    """
    result = saved(daemonset)
    if is_gated(result):
        return result
    spec = result["spec"]["template"]["spec"]
    terms = [{**term, "matchExpressions": [*(term.get("matchExpressions") or []), RETIRED]} for term in _terms(result) or [{}]]
    affinity = spec["affinity"] = copy.deepcopy(spec.get("affinity") or {})
    node = affinity["nodeAffinity"] = affinity.get("nodeAffinity") or {}
    node["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": terms}
    result["spec"]["updateStrategy"] = {"type": "OnDelete"}
    return result


def traces(labels, daemonsets):
    """Return what only a migration puts in a cluster, after it has written its record; labels: {node: its labels}, daemonsets: kube-proxy's, if it is there.

    The mark of a node that was cordoned is none of it: a way back that is cut off at its very end has left that alone.
    """
    keys = {f"{LABEL}/{name}" for name in ("replacement", "kube-proxy", "state")}
    found = [f"labels {LABEL}/ on node {node}" for node, own in sorted(labels.items()) if keys & set(own)]
    for daemonset in daemonsets:
        if any(RETIRED in (term.get("matchExpressions") or []) for term in _terms(daemonset)):
            found.append(f"the node affinity {LABEL}/kube-proxy in DaemonSet kube-system/kube-proxy")
    return found


def with_version(found, version):
    """Return a saved DaemonSet with kube-proxy's image of the cluster's present version, for clusters upgraded since.

    Only a tag such as v1.34.4, which kubeadm writes, is known to exist for another version; images of a provider or with a digest stay as they were saved.
    """
    result = copy.deepcopy(found)
    for container in result["spec"]["template"]["spec"]["containers"]:
        name, _colon, tag = container["image"].rpartition(":")
        if container["name"] == "kube-proxy" and "@" not in name and RELEASE.fullmatch(tag) and RELEASE.fullmatch(version):
            container["image"] = f"{name}:{version}"
    return result


def labelled(nodes, labels):
    """Return patches that set labels on nodes; a value of None removes the label. Names are without the prefix."""
    wanted = {f"{LABEL}/{name}": value for name, value in labels.items()}
    return [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": wanted}} for name in nodes]


def uncordoned(labels):
    """Return patches that let nodes take pods again, for those that we have cordoned; labels: {node: its labels}. The mark goes with the same patch."""
    marked = [node for node, own in labels.items() if f"{LABEL}/cordoned" in own]
    return [{**patch, "spec": {"unschedulable": None}} for patch in labelled(marked, {"cordoned": None})]


def record(parts):
    """Return the data of a ConfigMap out of its parts: one key for each, sorted, so that a diff shows what changed."""
    return {f"{name}.json": json.dumps(part, indent=1, sort_keys=True) for name, part in parts.items()}


def agents_to_recreate(agents, wanted, settings=None):
    """Return {node: pod name} of the agents that do not run as wanted, for nodes that have one.

    wanted: whether kube-proxy is to be replaced; settings: what their pods are to have started with, as text.
    """
    return {node: agent["pod"] for node, agent in agents.items()
            if agent["pod"] and (agent["kube_proxy_replacement"]["enabled"] is not wanted
                                 or any((agent["settings"].get(key) or "").strip() != value for key, value in (settings or {}).items()))}


def agents_restarted(agents, before):
    """Return [{node, pod, before, now}] of the agents that were restarted more often than before; a pod that is another one began at none."""
    found = []
    for node, agent in agents.items():
        earlier = before.get(node) or {}
        count = (earlier.get("restarts") or 0) if earlier.get("pod_uid") == agent["pod_uid"] else 0
        if (agent["restarts"] or 0) > count:
            found.append({"node": node, "pod": agent["pod"], "before": count, "now": agent["restarts"]})
    return found


def pod_named(name, namespace):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}}


def nodes_with_ready_pod(pods):
    """Return the nodes on which one of these pods is Ready and not about to end."""
    return [pod["spec"]["nodeName"] for pod in pods if not pod["metadata"].get("deletionTimestamp") and _is_ready(pod)]


def nodes_not_ready(nodes):
    """Return the names of the nodes of which Kubernetes does not say that they are Ready."""
    return [node["metadata"]["name"] for node in nodes if not _is_ready(node)]


def _is_ready(thing):
    """Of a pod or a node."""
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in thing.get("status", {}).get("conditions", []))


def left_out(labels, names):
    """Return the cluster's nodes that are not among these names; labels: {node: its labels}. No agent of Cilium runs on Windows."""
    return sorted(node for node, own in labels.items() if node not in names and own.get("kubernetes.io/os") != "windows")
