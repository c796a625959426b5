# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML in ConfigMaps: read, or told verbatim with its place. Pure."""
from __future__ import annotations

try:
    import yaml
except ImportError:  # connect.IMPORT_ERROR tells it to the user: the Kubernetes client needs it too
    pass


def mapping(config_map, key):
    """Return the mapping under a key of a ConfigMap and None, or an empty one and what is wrong."""
    data = config_map.get("data") or {}
    if key not in data:
        return {}, f"key {key}: missing; there are {', '.join(sorted(data)) or 'none'}"
    text = data[key]
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        if mark is None:
            return {}, f"key {key}: no YAML: {text[:80]}"
        return {}, f"key {key}: line {mark.line + 1} is no YAML: {[*text.splitlines(), '(end)'][min(mark.line, len(text.splitlines()))]}"
    return (document, None) if isinstance(document, dict) else ({}, f"key {key}: no mapping: {text[:80]}")
