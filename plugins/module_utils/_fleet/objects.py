# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects that the hand-over saves, and how it keeps a DaemonSet off some nodes. Pure; private to this collection."""

from __future__ import annotations

import copy
import json
import re

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet.nodes import LABEL, LEFT

RELEASE = re.compile(r"v[0-9]+[.][0-9]+[.][0-9]+")
#: What keeps a DaemonSet off nodes that kube-proxy has left.
RETIRED = {"key": LEFT[0], "operator": "NotIn", "values": [LEFT[1]]}

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
            found.append(f"the node affinity {LEFT[0]} in DaemonSet kube-system/kube-proxy")
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


def record(parts):
    """Return the data of a ConfigMap out of its parts: one key for each, sorted, so that a diff shows what changed."""
    return {f"{name}.json": json.dumps(part, indent=1, sort_keys=True) for name, part in parts.items()}
