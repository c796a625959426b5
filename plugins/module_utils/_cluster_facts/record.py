# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The migration's own record in the cluster. Pure."""
from __future__ import annotations

import json


def summary(config_map):
    """Return {phase, reason, unread}, or None if no migration ever began."""
    if not config_map:
        return None
    text = (config_map.get("data") or {}).get("state.json")
    try:
        state = json.loads(text or "")
    except ValueError:
        state = None
    if not isinstance(state, dict) or not isinstance(state.get("phase"), str):
        return {"phase": None, "reason": None, "unread": f"key state.json: {(text or '(missing)')[:80]}"}
    return {"phase": state["phase"], "reason": state.get("reason") or None, "unread": None}
