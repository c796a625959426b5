# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The view of the command line tool over a whole cluster (cilium status), as text and as JSON. Pure.

Source: cilium-cli/status/status.go of Cilium. The text has no row for kube-proxy replacement; the JSON holds every agent's own status.
"""

from __future__ import annotations

import re

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import words
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.document import Node
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.status import from_json

ART = r"[\s/\\_¯]*"
COMPONENT = re.compile(ART + r"(?P<label>Cilium|Operator|Envoy DaemonSet|Hubble Relay|Hubble|ClusterMesh):\s+(?P<state>\S.*)")
TABLE = re.compile(r"(?:Deployment|DaemonSet|StatefulSet|Containers|Cluster Pods|Helm chart version|Image versions|Errors|Warnings|Configuration)\b")


def is_text(lines):
    """True if the lines are the fleet view and not one agent's status."""
    return any("¯" in line.text for line in lines) or any(COMPONENT.match(line.text) and "Operator:" in line.text for line in lines)


def from_lines(lines):
    """components: label in lower case -> state; nothing about kube-proxy replacement is in this view."""
    found = {**words.empty_status(), "components": {}}
    for line in lines:
        match = COMPONENT.match(line.text)
        if match:
            found["components"][match["label"].lower().replace(" ", "_")] = match["state"].lower()
        elif not TABLE.match(line.text) and not line.text[0].isspace() and not re.fullmatch(ART, line.text):
            found["unread"].append(line.unread())
    return found


def is_json(document):
    """True if the document is the fleet view's JSON."""
    return isinstance(document, dict) and "cilium_status" in document


def from_json_view(document):
    """agents: pod -> normal form; at the top only what all agents say alike."""
    root = Node(document)
    agents = {pod: from_json(status, f"$.cilium_status.{pod}") for pod, status in root.child("cilium_status").value.items() if isinstance(status, dict)}
    for pod, status in root.child("cilium_status").value.items():
        if not isinstance(status, dict):
            root.note(status, f".cilium_status.{pod}")
    alike = {key: _alike([agent["kube_proxy_replacement"][key] for agent in agents.values()], empty) for key, empty in words.empty_kpr().items()}
    unread = root.unread + [item for agent in agents.values() for item in agent["unread"]]
    return {**words.empty_status(), "kube_proxy_replacement": alike, "agents": agents, "unread": unread}


def _alike(values, empty):
    return values[0] if values and all(value == values[0] for value in values) else empty
