# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small things that hold for every DaemonSet and Deployment. Pure."""
from __future__ import annotations


def reference(item):
    """kind namespace/name, as people type it."""
    metadata = item["metadata"]
    kind = item.get("kind") or ("DaemonSet" if "desiredNumberScheduled" in (item.get("status") or {}) else "Deployment")
    return f"{kind} {metadata['namespace']}/{metadata['name']}"


def rollout(item):
    """Return {desired, ready, current}: pods wanted, pods ready, and whether the controller has seen the present generation."""
    status, spec = item.get("status") or {}, item.get("spec") or {}
    if "desiredNumberScheduled" in status:
        desired, ready = status["desiredNumberScheduled"], status.get("numberReady", 0)
    else:
        desired, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    return {"desired": desired, "ready": ready, "current": status.get("observedGeneration", 0) >= item["metadata"].get("generation", 0)}


def image_name(image):
    """The last part of an image's name, without registry, tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def image_tag(image):
    """The tag of an image, or None."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2] or None
