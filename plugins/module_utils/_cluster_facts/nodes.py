# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes as the API sees them. Pure."""
from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet.nodes import LABEL

CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


def summary(found):
    """Return node name -> what the plan needs of it."""
    return {node["metadata"]["name"]: _node(node) for node in found}


def _node(node):
    metadata, spec, status = node["metadata"], node.get("spec") or {}, node.get("status") or {}
    labels = metadata.get("labels") or {}
    by_a_run = f"{LABEL}/cordoned" in labels
    info = status.get("nodeInfo") or {}
    moved = labels.get(f"{LABEL}/state") == "moved"
    ready = next((one for one in status.get("conditions") or [] if one.get("type") == "Ready"), {})
    return {
        "control_plane": any(label in labels for label in CONTROL_PLANE),
        "os": info.get("operatingSystem"),
        "kubelet": info.get("kubeletVersion"),
        "kernel": info.get("kernelVersion"),
        "os_image": info.get("osImage"),
        "addresses": [one["address"] for one in status.get("addresses") or [] if one.get("type") in ("InternalIP", "ExternalIP")],
        "ready": ready.get("status") == "True",
        "not_ready_because": None if ready.get("status") == "True" else ready.get("message") or "it has no condition Ready",
        "cordoned": bool(spec.get("unschedulable")) and not by_a_run,
        "cordoned_by_a_run": bool(spec.get("unschedulable")) and by_a_run,  # of ours; unless it is at work, it has died
        "moved": moved,
        "half_way": labels.get(f"{LABEL}/replacement") == "on" and not moved,  # its wave began and did not end
    }
