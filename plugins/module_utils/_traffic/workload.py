# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is still missing of the workload that the role verify puts in a cluster. Pure."""

from __future__ import annotations

from typing import Any, Iterable

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.conditions import says_ready

Object = dict[str, Any]
CLIENT, ECHO = "client", "echo"
#: What the role's own namespace is known by. Without both labels it is somebody else's, and is neither used nor deleted.
OWNER = {"app.kubernetes.io/managed-by": "kubeproxy-free", "app.kubernetes.io/name": "kubeproxy-free-verify"}
#: What kubelet says of a container whose image it does not get. Waiting does not bring one that is not there.
NO_IMAGE = ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName")


def owned(namespaces: Iterable[Object]) -> list[Object]:
    """Those that are the role's own."""
    return [one for one in namespaces if all((one["metadata"].get("labels") or {}).get(key) == value for key, value in OWNER.items())]


def missing(pods: Iterable[Object], nodes: Iterable[str], replicas: int, may_come: bool = False) -> list[str]:
    """In sentences: nodes without a ready client pod and servers that are not ready, each with what Kubernetes says about it.

    may_come: only what is worth waiting for, which leaves out pods that do not get their image.
    """
    listed = list(pods)
    clients = {pod["spec"].get("nodeName"): pod for pod in listed if _role(pod) == CLIENT and _alive(pod)}
    found = []
    for node in nodes:
        pod = clients.get(node)
        if pod is None:
            found.append(f"node {node} has no client pod yet{_unscheduled(listed, node)}")
        elif not says_ready(pod) and not (may_come and _has_no_image(pod)):
            found.append(f"the client pod {_name(pod)} on node {node} is not ready: {reason(pod)}")
    servers = [pod for pod in listed if _role(pod) == ECHO and _alive(pod)]
    not_ready = [pod for pod in servers if not says_ready(pod)]
    vain = may_come and len(servers) >= replicas and all(_has_no_image(pod) for pod in not_ready)
    if len(servers) - len(not_ready) < replicas and not vain:
        told = "".join(f"; server {_name(pod)} on {pod['spec'].get('nodeName') or 'no node'}: {reason(pod)}" for pod in not_ready)
        found.append(f"{len(servers) - len(not_ready)} of {replicas} servers are ready{told}")
    if may_come:
        # nobody fails for the rest; what of it has a node comes up about when the others do
        found += [f"{_name(pod)}: {reason(pod)}" for pod in listed if _role(pod) not in (CLIENT, ECHO) and _on_its_way(pod)]
    return found


def not_ready(pods: Iterable[Object], may_come: bool = False) -> list[str]:
    """In sentences: pods that are not ready, with their reason. may_come: only those worth waiting for."""
    return [f"pod {_name(pod)} on {pod['spec'].get('nodeName') or 'no node'} is not ready: {reason(pod)}"
            for pod in pods if _alive(pod) and not says_ready(pod) and not (may_come and _has_no_image(pod))]  # fmt: skip


def reason(pod: Object) -> str:
    """Why a pod is not ready, as its containers or conditions say."""
    status = pod.get("status") or {}
    for container in status.get("containerStatuses") or []:
        waiting = (container.get("state") or {}).get("waiting")
        if waiting:
            said = ": ".join(part for part in (waiting.get("reason"), waiting.get("message")) if part)
            return f"it does not get its image {container.get('image')} ({said})" if waiting.get("reason") in NO_IMAGE else said
    for condition in status.get("conditions") or []:
        if condition.get("status") == "False" and condition.get("message"):
            return condition["message"]
    return f"phase {status.get('phase', 'unknown')}"


def _unscheduled(pods: list[Object], node: str) -> str:
    """Why a DaemonSet's pod waits for just this node: it names its node in an affinity until it runs there."""
    for pod in pods:
        if _role(pod) == CLIENT and not pod["spec"].get("nodeName") and node in str(pod["spec"].get("affinity")):
            return f": {reason(pod)}"
    return ""


def _has_no_image(pod: Object) -> bool:
    states = [container.get("state") or {} for container in (pod.get("status") or {}).get("containerStatuses") or []]
    return any((state.get("waiting") or {}).get("reason") in NO_IMAGE for state in states)


def _on_its_way(pod: Object) -> bool:
    return bool(pod["spec"].get("nodeName")) and _alive(pod) and not says_ready(pod) and not _has_no_image(pod)


def _name(pod: Object) -> str:
    return pod["metadata"]["name"]


def _role(pod: Object) -> str:
    return (pod["metadata"].get("labels") or {}).get("app.kubernetes.io/component", "")


def _alive(pod: Object) -> bool:
    return not pod["metadata"].get("deletionTimestamp")
