# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate: what an agent still lacks, as plain sentences. Pure."""

from __future__ import annotations

import datetime

SHOWN = 5


def missing(agents, wanted):
    """node -> sentences, for the agents that lack something of what is wanted. No agent at all is never as wanted."""
    if not agents:
        return {"(no node)": ["the cluster has no agent"]}
    found = {}
    for node, agent in agents.items():
        sentences = lacking(node, agent, wanted)
        if sentences:
            found[node] = sentences
    return found


def lacking(node, agent, wanted):
    """What this agent lacks. wanted may have kpr, endpoints_ready, healthy and restarted_after."""
    renewal = _renewed(node, agent, wanted.get("restarted_after"))
    if agent["error"]:
        return renewal + [f"the agent did not answer: {agent['error']}"]
    checks = (_kpr(agent, wanted.get("kpr")), _endpoints(agent, wanted.get("endpoints_ready")), _healthy(agent, wanted.get("healthy")))
    return renewal + [sentence for sentences in checks for sentence in sentences]


def _renewed(node, agent, since):
    if not since or not agent["pod"]:
        return []
    if isinstance(since, dict):
        if since.get(node) and agent["pod_uid"] == since[node]:
            return [f"pod {agent['pod']} is still the one from before the change (UID {agent['pod_uid']})"]
    elif moment(agent["created_at"]) < moment(since):
        return [f"pod {agent['pod']} was created at {agent['created_at']}, before {since}"]
    return []


def _kpr(agent, wanted):
    kpr = agent["kube_proxy_replacement"]
    if wanted is None or kpr["enabled"] is wanted:
        return []
    sentence = f"kube-proxy replacement is to be {'on' if wanted else 'off'}, the agent says {kpr['mode'] or 'nothing of it'}"
    configured = agent["configured"] or {}
    if configured.get("kube_proxy_replacement") not in (None, wanted):
        sentence += f"; that is what it is configured to ({configured['source']})"
    return [sentence]


def _endpoints(agent, wanted):
    if not wanted:
        return []
    found = agent["endpoints"]
    sentences = []
    if agent["host_endpoint_state"] is None:
        sentences.append("the agent has no endpoint for the host (reserved:host) yet, so NodePorts are not served")
    if found["not_ready"]:
        named = ", ".join(f"{one['id']} {one['pod'] or 'without a pod'} {one['state']}" for one in found["not_ready"][:SHOWN])
        more = f" and {len(found['not_ready']) - SHOWN} more" if len(found["not_ready"]) > SHOWN else ""
        sentences.append(f"{len(found['not_ready'])} of {found['total']} endpoints are not ready: {named}{more}")
    return sentences


def _healthy(agent, wanted):
    if not wanted:
        return []
    sentences = []
    if agent["health"]["state"] != "ok":
        sentences.append(f"the agent's own verdict is {agent['health']['state'] or 'missing'}: {agent['health']['message'] or '(no message)'}")
    if not agent["pod_ready"]:
        sentences.append(f"pod {agent['pod']} is not Ready")
    return sentences


def moment(text):
    """A point in time from RFC 3339 text, to the second as Kubernetes tells it; text without a zone is UTC."""
    parsed = datetime.datetime.fromisoformat(text.strip().replace("Z", "+00:00")).replace(microsecond=0)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=datetime.timezone.utc)
