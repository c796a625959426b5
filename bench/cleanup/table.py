# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From runs to ratios and a table. Pure."""

from __future__ import annotations

import statistics
from typing import Any

BASE = "full read"


def summary(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each backend, size and way; ratio is of the medians, to one full read of the same rules.

    runs: {backend, chains, way, seconds, mebibytes, left}, left being how many of kube-proxy's chains were there afterwards.
    """
    groups: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault((run["backend"], run["chains"], run["way"]), []).append(run)
    medians = {key: statistics.median(run["seconds"] for run in group) for key, group in groups.items()}
    return [
        {
            "backend": backend,
            "chains": chains,
            "way": way,
            "runs": len(group),
            "least": min(run["seconds"] for run in group),
            "median": medians[backend, chains, way],
            "most": max(run["seconds"] for run in group),
            "ratio": medians[backend, chains, way] / medians[backend, chains, BASE],
            "mebibytes": max(run["mebibytes"] for run in group),
            "left": max(run["left"] for run in group),
        }
        for (backend, chains, way), group in groups.items()
    ]


def table(entries: list[dict[str, Any]]) -> str:
    lines = [
        "| backend | chains | way | runs | ratio to one full read | seconds: least, median, most | memory MiB | kube-proxy's chains left |",
        "|---|--:|---|--:|--:|--:|--:|--:|",
    ]
    for one in entries:
        seconds = ", ".join(f"{one[name]:.2f}" for name in ("least", "median", "most"))
        lines.append(
            f"| {one['backend']} | {one['chains']:,} | {one['way']} | {one['runs']} | {one['ratio']:.2f} | {seconds} | {one['mebibytes']:.0f} "
            f"| {one['left']:,} |"
        )
    return "\n".join(lines) + "\n"
