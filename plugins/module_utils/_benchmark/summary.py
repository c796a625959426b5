# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rounds of service_probe become a table, and two tables a comparison. Pure. Times are milliseconds for a request over a connection of its own."""

from __future__ import annotations

import re
import statistics

PATH = re.compile(r"(?P<origin>host|pod) to (?:pods of )?\S+ (?P<what>ClusterIP|NodePort|endpoint) (?P<address>.+):\d+")
NEW = re.compile(r"new Service to NodePort of \S+")
FIGURES = ("p50_ms", "p99_ms")
#: What two runs must have alike to be compared.
SETTINGS = ("cluster", "nodes", "rounds", "requests", "replicas", "image")


def filler(name, namespace, labels):
    """A Service that is there only to be one of many; it has the workload's own endpoints."""
    spec = {"selector": labels, "ports": [{"port": 80, "targetPort": "http"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def fillers(count, namespace, labels):
    """So many of them."""
    return [filler(f"filler-{number}", namespace, labels) for number in range(count)]


def path(name):
    """What a target's name says of the way that its requests take, or None where that is not measured."""
    if NEW.fullmatch(name):
        return "new Service until its NodePort answers"
    match = PATH.fullmatch(name)
    if not match:
        return None
    what = "NodePort on 127.0.0.1" if match["address"] == "127.0.0.1" else match["what"]
    return f"{match['origin']} to {'pod' if what == 'endpoint' else what}"


def rows(measured):
    """Return a row for each number of Services and way. measured: [{services, targets}], an entry for each round and node."""
    found = {}
    for one in measured:
        for target in one["targets"]:
            way = path(target["name"])
            if way:
                found.setdefault((one["services"], way), []).append(target)
    return [
        {
            "services": services,
            "path": way,
            "rounds": len(targets),
            "requests": sum(target["requests"] for target in targets),
            "failed": sum(target["failed"] for target in targets),
            **{figure: _spread([target["latency"][figure] for target in targets]) for figure in FIGURES},
        }
        for (services, way), targets in sorted(found.items())
    ]


def _spread(values):
    """None where nothing answered."""
    values = [value for value in values if value is not None]
    if not values:
        return None
    return {"median": round(statistics.median(values), 3), "least": round(min(values), 3), "most": round(max(values), 3)}


def compared(before, after):
    """Return a row for each that both have: the ratio of medians, and whether the rounds' ranges lie apart. Raises ValueError where settings differ."""
    for name in SETTINGS:
        if before["settings"][name] != after["settings"][name]:
            raise ValueError(f"{name}: found {before['settings'][name]!r} before and {after['settings'][name]!r} now, expected the same: measure again "
                             "with one of them")  # fmt: skip
    former = {(row["services"], row["path"]): row for row in before["rows"]}
    return [
        {"services": row["services"], "path": row["path"], **{figure: _judged(former[row["services"], row["path"]][figure], row[figure]) for figure in FIGURES}}
        for row in after["rows"]
        if (row["services"], row["path"]) in former
    ]


def _judged(before, after):
    """None where one of them has no answers."""
    if before is None or after is None:
        return None
    ratio = round(after["median"] / before["median"], 2) if before["median"] else None
    return {"before": before["median"], "after": after["median"], "ratio": ratio, "apart": after["least"] > before["most"] or after["most"] < before["least"]}


def lines(result):
    """The tables as Markdown."""
    settings = result["settings"]
    said = [
        f"# Benchmark of {settings['cluster']}: {settings['served_by']}", "",
        f"{settings['replicas']} servers, {settings['requests']} requests for each of {settings['rounds']} rounds from each of {', '.join(settings['nodes'])}, "
        "each over a connection of its own. Milliseconds: median of the rounds (least to most). Times include what the probe itself takes.",
        "Figures of other settings or another machine are not comparable. `to pod` is the same request without a Service.", "",
        "| Services | path | p50 | p99 | failed |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for row in result["rows"]:
        said.append(f"| {row['services']} | {row['path']} | {_shown(row['p50_ms'])} | {_shown(row['p99_ms'])} | {row['failed']} of {row['requests']} |")
    if result.get("compared"):
        said += ["", f"Compared with {result['compared_with']}. Apart: the rounds' ranges do not meet; otherwise the difference may be chance.", "",
                 "| Services | path | p50 | p99 |", "|---|---|---|---|"]  # fmt: skip
        said += [f"| {row['services']} | {row['path']} | {_told(row['p50_ms'])} | {_told(row['p99_ms'])} |" for row in result["compared"]]
    return "\n".join(said) + "\n"


def _shown(spread):
    return "no answer" if spread is None else f"{spread['median']} ({spread['least']} to {spread['most']})"


def _told(judged):
    return "no answer" if judged is None else f"{judged['before']} to {judged['after']}, x {judged['ratio']}{', apart' if judged['apart'] else ''}"
