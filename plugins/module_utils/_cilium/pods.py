# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agent pods as the API tells of them: which one counts for a node, and whether it can be asked. Pure."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import ask
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.conditions import says_ready


def by_node(pods):
    """The pod that counts on each node: one that is not being deleted before one that is, then the youngest."""
    chosen = {}
    for pod in sorted(pods, key=lambda pod: (not leaving(pod), pod["metadata"]["creationTimestamp"])):
        if pod["spec"].get("nodeName"):
            chosen[pod["spec"]["nodeName"]] = pod
    return chosen


def leaving(pod):
    """True if the pod is being deleted."""
    return bool(pod["metadata"].get("deletionTimestamp"))


def described(pod):
    """The pod's part of an agent's entry."""
    agent = _agent(pod)
    return {
        "pod": pod["metadata"]["name"],
        "pod_uid": pod["metadata"]["uid"],
        "created_at": pod["metadata"]["creationTimestamp"],
        "started_at": ((agent.get("state") or {}).get("running") or {}).get("startedAt"),
        "restarts": agent.get("restartCount", 0),
        "pod_ready": says_ready(pod),
    }


def obstacle(pod):
    """Why the agent in this pod cannot be asked, or None."""
    name = pod["metadata"]["name"]
    if leaving(pod):
        return f"pod {name} is being deleted and there is no new one yet"
    if (_agent(pod).get("state") or {}).get("running"):
        return None
    status = pod.get("status") or {}
    for one in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = (one.get("state") or {}).get("waiting")
        if waiting and waiting.get("reason") not in ("PodInitializing", "ContainerCreating"):
            return f"pod {name} is {status.get('phase')}: container {one['name']} waits: {waiting.get('reason')} {waiting.get('message', '')}".rstrip()
    return f"pod {name} is {status.get('phase') or 'not started'}: its container {ask.CONTAINER} does not run (yet)"


def _agent(pod):
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return next((one for one in statuses if one["name"] == ask.CONTAINER), {})
