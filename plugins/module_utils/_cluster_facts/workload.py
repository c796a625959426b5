# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small things that hold for every DaemonSet and Deployment. Pure."""
from __future__ import annotations

import math


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


def late(deployments, may_lack=0):
    """The names of the Deployments whose roll-out has not ended: a pod is not there, not new or not ready, or an old one still is.

    may_lack: so many pods of each may be so, as long as there is one that is not.
    """
    return [one["metadata"]["name"] for one in deployments if not _rolled_out(one, may_lack)]


def _rolled_out(deployment, may_lack):
    status, wanted = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    seen = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    least = min(wanted, max(wanted - may_lack, 1))
    return seen and status.get("replicas", 0) <= 2 * wanted - least and all(status.get(key, 0) >= least for key in ("updatedReplicas", "readyReplicas"))


def at_once(daemonset):
    """How many pods the DaemonSet's own roll-out recreates at a time; None for OnDelete, which recreates none."""
    strategy = daemonset["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return None
    return absolute((strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1), rollout(daemonset)["desired"])


def absolute(limit, pods):
    """maxUnavailable as a number of pods, at least 1; of a percentage the controller rounds up."""
    text = str(limit).strip()
    return max(1, math.ceil(int(text[:-1]) * pods / 100) if text.endswith("%") else int(text))


def image_name(image):
    """The last part of an image's name, without registry, tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def image_tag(image):
    """The tag of an image, or None."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2] or None
