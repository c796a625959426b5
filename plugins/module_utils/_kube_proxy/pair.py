# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two calls that take kube-proxy's rules away, told as one. Pure."""

from __future__ import annotations

from typing import Any


def together(unlinked: dict[str, Any], confirmed: dict[str, Any]) -> dict[str, Any]:
    """What both have changed, and how the node is after the second one."""
    if confirmed.get("failed"):
        return {**confirmed, "changed": unlinked["changed"], "backup": unlinked.get("backup")}
    result = {**confirmed, "changed": unlinked["changed"] or confirmed["changed"], "found": unlinked["found"]}
    result["removed"] = _sum(unlinked["removed"], confirmed["removed"])
    if "backup" in unlinked:
        result.setdefault("backup", unlinked["backup"])
    if "diff" in unlinked:
        result["diff"] = unlinked["diff"] + confirmed["diff"]
    return result


def _sum(one: Any, other: Any) -> Any:
    """Numbers and lists are added, whatever holds them; what is not known on one side is not known at all."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _sum(one[key], other[key]) if key in one and key in other else {**one, **other}[key] for key in {**one, **other}}
    if isinstance(one, bool):
        return one or other
    return None if one is None or other is None else one + other
