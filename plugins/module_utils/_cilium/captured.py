# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a captured status of any shape: the entry for the filter. Pure, and never raises for a text or a document."""

from __future__ import annotations

import json

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import fleet, text
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.rows import clean
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.status import from_json


def parse(captured):
    """The normal form of a status as text, as JSON text or as a parsed document; shape tells which it was."""
    if isinstance(captured, str):
        try:
            document = json.loads(captured)
        except (ValueError, RecursionError):
            return _text(captured)
        captured = document if isinstance(document, dict) else captured
        if not isinstance(captured, dict):
            return _text(captured)
    if fleet.is_json(captured):
        return {"shape": "fleet json", **fleet.from_json_view(captured)}
    return {"shape": "json", **from_json(captured)}


def _text(captured):
    lines = clean(captured)
    if fleet.is_text(lines):
        return {"shape": "fleet text", **fleet.from_lines(lines)}
    return {"shape": "text", **text.from_lines(lines)}
