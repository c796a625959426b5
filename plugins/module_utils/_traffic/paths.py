# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From probe targets, which are asked once, to the paths of a prober that asks on and on. Pure."""

from __future__ import annotations

from typing import Any

PATH_KEYS = ("name", "kind", "address", "port", "namespace", "service", "request", "expect")


def paths(targets: list[dict[str, Any]], streams: bool = True) -> list[dict[str, Any]]:
    """Return one path for each address and origin, and for each HTTP path a long-lived stream beside it."""
    found: dict[str, dict[str, Any]] = {}
    for target in targets:
        path = {key: target[key] for key in PATH_KEYS if key in target}
        if "expect" in path:
            # affinity is a promise about answers of one client over time, not about one answer
            path["expect"] = {key: value for key, value in path["expect"].items() if key != "same_backend"}
        found.setdefault(path["name"], path)
        if streams and path["kind"] == "http":
            found.setdefault(f"stream {path['name']}", {**path, "name": f"stream {path['name']}", "kind": "stream"})
    return list(found.values())
