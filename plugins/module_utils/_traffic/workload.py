# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is still missing of the workload that the role verify puts in a cluster. Pure."""

from __future__ import annotations

from typing import Any, Iterable

Object = dict[str, Any]
CLIENT, ECHO = "client", "echo"


def missing(pods: Iterable[Object], nodes: Iterable[str], replicas: int) -> list[str]:
    """In sentences: nodes without a ready client pod and servers that are not ready, each with what Kubernetes says about it."""
    listed = list(pods)
    clients = {pod["spec"].get("nodeName"): pod for pod in listed if _role(pod) == CLIENT and _alive(pod)}
    found = []
    for node in nodes:
        pod = clients.get(node)
        if pod is None:
            found.append(f"node {node} has no client pod yet{_unscheduled(listed, node)}")
        elif not _ready(pod):
            found.append(f"the client pod on node {node} is not ready: {reason(pod)}")
    servers = [pod for pod in listed if _role(pod) == ECHO and _alive(pod)]
    not_ready = [f"server {pod['metadata']['name']} on {pod['spec'].get('nodeName') or 'no node'}: {reason(pod)}" for pod in servers if not _ready(pod)]
    if len(servers) - len(not_ready) < replicas:
        found.append(f"{len(servers) - len(not_ready)} of {replicas} servers are ready" + "".join(f"; {text}" for text in not_ready))
    return found


def reason(pod: Object) -> str:
    """Why a pod is not ready, as its containers or conditions say."""
    status = pod.get("status") or {}
    for container in status.get("containerStatuses") or []:
        waiting = (container.get("state") or {}).get("waiting")
        if waiting:
            return ": ".join(part for part in (waiting.get("reason"), waiting.get("message")) if part)
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


def _role(pod: Object) -> str:
    return (pod["metadata"].get("labels") or {}).get("app.kubernetes.io/component", "")


def _alive(pod: Object) -> bool:
    return not pod["metadata"].get("deletionTimestamp")


def _ready(pod: Object) -> bool:
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in (pod.get("status") or {}).get("conditions") or [])
