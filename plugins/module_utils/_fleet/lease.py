# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may change a cluster now: decisions about a Lease. Pure; private to this collection.

Times are the API server's (the Date of its answers), so that a controller with a wrong clock neither takes a valid lock nor keeps a stale one.
"""

from __future__ import annotations

import datetime
from typing import Any

NAME, NAMESPACE = "kubeproxy-free", "kube-system"
CREATE, TAKE, RENEW, HELD = "create", "take", "renew", "held"


def parse_time(text: str) -> datetime.datetime:
    """Read the API's MicroTime, with or without fractions."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def format_time(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def expires(lease: dict[str, Any]) -> datetime.datetime | None:
    """When the lock ends by itself; None if it is not held."""
    spec = lease.get("spec") or {}
    if not spec.get("holderIdentity") or not spec.get("renewTime"):
        return None
    return parse_time(spec["renewTime"]) + datetime.timedelta(seconds=spec.get("leaseDurationSeconds") or 0)


def decide(lease: dict[str, Any] | None, holder: str, now: datetime.datetime) -> str:
    """Return what holder has to do to have the lock: create, take or renew it; held means that another one has it."""
    if lease is None:
        return CREATE
    if (lease.get("spec") or {}).get("holderIdentity") == holder:
        return RENEW
    until = expires(lease)
    return TAKE if until is None or until <= now else HELD


def manifest(lease: dict[str, Any] | None, holder: str, now: datetime.datetime, seconds: int) -> dict[str, Any]:
    """Return the Lease as holder's; the resource version of the one found makes sure that nobody else was faster."""
    found = lease or {}
    metadata = {"name": NAME, "namespace": NAMESPACE, "labels": {"app.kubernetes.io/managed-by": "kubeproxy-free"}}
    if lease:
        metadata["resourceVersion"] = found["metadata"]["resourceVersion"]
    spec = dict(found.get("spec") or {})
    if spec.get("holderIdentity") != holder:
        spec = {"holderIdentity": holder, "acquireTime": format_time(now), "leaseTransitions": (spec.get("leaseTransitions") or 0) + (1 if lease else 0)}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata,
            "spec": {**spec, "renewTime": format_time(now), "leaseDurationSeconds": seconds}}
