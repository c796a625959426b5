# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings that differ in nothing but their object are told once. Pure."""

from __future__ import annotations

from typing import Any, Iterable

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan.picture import some

ALIKE = ("severity", "id", "found", "why", "accepted")


def groups(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One for each, in their order: the first of them, with all `objects` and with a few in `object`: "node a, b and 3 more"."""
    alike: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for one in found:
        alike.setdefault(tuple(one[key] for key in ALIKE), []).append(one)
    return [{**same[0], "objects": [one["object"] for one in same], "object": _few([one["object"] for one in same]), "remedy": _remedy(same)}
            for same in alike.values()]  # fmt: skip


def _remedy(same: list[dict[str, Any]]) -> str:
    """A remedy may name its object."""
    first = same[0]["remedy"]
    return first if all(one["remedy"] == first for one in same) else f"{first} (and so on for each of them)"


def _few(objects: list[str]) -> str:
    kind = objects[0].partition(" ")[0]
    if len(objects) == 1 or not all(item.startswith(f"{kind} ") for item in objects):
        return some(objects)
    return f"{kind} {some(item[len(kind) + 1:] for item in objects)}"
