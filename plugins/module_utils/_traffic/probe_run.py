# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module traffic_probe does with its parameters."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import background
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.files import RunFiles
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import TrafficError, parse_paths

SPEC_KEYS = ("name", "paths", "rate", "timeout", "slow_threshold", "max_duration")
# setting -> smallest and largest value: a prober must not become a load test
LIMITS = {"rate": (0.01, 100), "timeout": (0.1, 60), "slow_threshold": (0.001, 60), "max_duration": (1, 7 * 24 * 3600)}
MAX_REQUESTS_PER_SECOND = 1000


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    files = RunFiles(params["work_dir"] or default_folder(), params["name"])
    if params["state"] in ("started", "restarted"):
        return _started(files, params, check_mode)
    if not files.exists():
        return {"changed": False, "traffic": {}}
    if params["state"] == "stopped" and not check_mode:
        background.stop(files, files.read("spec.json").get("timeout", 0))
    looks_back = params["state"] == "inspected" and params.get("last")
    traffic = background.last(files, params["last"]) if looks_back else background.result(files)
    if params["state"] == "stopped" and not check_mode:
        files.remove()
    return {"changed": params["state"] == "stopped", "traffic": traffic}


def default_folder() -> str:
    """The controller's part may have no root: in an execution environment it has none."""
    return "/run/kubeproxy-free/traffic" if os.geteuid() == 0 else os.path.expanduser("~/.cache/kubeproxy-free/traffic")


def _started(files: RunFiles, params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    check_limits(params)
    parse_paths(params["paths"])
    spec = {key: params[key] for key in SPEC_KEYS}
    anew = params["state"] == "restarted"
    changed = anew or background.must_start(files, spec)
    if changed and not check_mode:
        if anew and files.exists():
            background.stop(files, timeout=0)
        background.start(files, spec)
    return {"changed": changed, "traffic": {"running": background.runs(files)}}


def check_limits(params: dict[str, Any]) -> None:
    for setting, (smallest, largest) in LIMITS.items():
        if not smallest <= params[setting] <= largest:
            raise TrafficError(f"{setting} is {params[setting]}; expected {smallest} to {largest}. Set it within these limits.")
    together = params["rate"] * len(params["paths"])
    if together > MAX_REQUESTS_PER_SECOND:
        raise TrafficError(
            f"{len(params['paths'])} paths at a rate of {params['rate']} make {together:.0f} requests per second on this host; "
            f"expected at most {MAX_REQUESTS_PER_SECOND}. Give fewer paths or a lower rate."
        )
