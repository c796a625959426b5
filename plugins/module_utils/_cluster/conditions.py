# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API says of a pod or a node. Pure."""

from __future__ import annotations

from typing import Any, Mapping


def says_ready(thing: Mapping[str, Any]) -> bool:
    """Its condition Ready is True; one that is about to end may say so, too."""
    return any(one["type"] == "Ready" and one["status"] == "True" for one in (thing.get("status") or {}).get("conditions") or [])


def is_ready(thing: Mapping[str, Any]) -> bool:
    """Ready, and not about to end."""
    return says_ready(thing) and not thing["metadata"].get("deletionTimestamp")
