# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of Cilium's agents a step has to recreate, and which were restarted. Pure; private to this collection."""

from __future__ import annotations


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
