# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what the roles kept as facts of the nodes to the data of module `report`. Pure."""

from __future__ import annotations

from typing import Any, Iterable

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.read import Reader
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.rules import Found

NUMBERS = ("chains", "rules", "jumps", "virtual_servers")
NAMES = ("tables", "sets")


def gather(nodes: Iterable[dict[str, Any]], outside: dict[str, Any] | None = None, **about: Any) -> dict[str, Any]:
    """Return the data of one cluster's report.

    nodes: for each node its name, node_facts, steps, cleaned (the results of kube_proxy_rules, in order) and traffic.
    outside: what the prober on the controller saw; about: the cluster's own fields, taken over as they are.
    """
    nodes = list(nodes)
    moments = [step["began"] for node in nodes for step in node["steps"]]
    ends = [step["began"] + step["seconds"] for node in nodes for step in node["steps"]]
    data = {
        **about,
        "nodes": {node["name"]: _node(node) for node in nodes},
        "waves": _waves(nodes),
        "traffic": _traffic([(node["name"], node.get("traffic") or {}) for node in nodes] + [("outside", outside or {})]),
    }
    if moments:
        data |= {"started": min(moments), "finished": max(ends)}
    return data


def _node(node: dict[str, Any]) -> dict[str, Any]:
    cleaned = [result for result in node["cleaned"] if "removed" in result]
    return {
        "kernel": (node["node_facts"] or {}).get("kernel") or "",
        "found": cleaned[0].get("found") or {} if cleaned else {},
        "removed": _removed(cleaned),
        "kept": cleaned[-1].get("kept") or [] if cleaned else [],
        "takeover_seconds": next((step["seconds"] for step in node["steps"] if step["name"] == "take_over"), None),
        "steps": node["steps"],
        "before": node.get("before") or "",
        "error": next((step["error"] for step in node["steps"] if step["error"]), ""),
    }


def _removed(cleaned: list[dict[str, Any]]) -> dict[str, Any]:
    """The first call unlinks and the second one deletes, so together they are what went.

    The second call does not count rules again. Where it deleted all the chains that the first one found, their rules are known.
    """
    removed = [result["removed"] for result in cleaned]
    total: dict[str, Any] = {key: None if any(part.get(key, 0) is None for part in removed) else sum(part.get(key, 0) for part in removed) for key in NUMBERS}
    total |= {key: [name for part in removed for name in part.get(key) or []] for key in NAMES}
    if total["rules"] is None:
        found = Found.read(Reader(cleaned[0].get("found") or {}, "found")).kube_proxy()
        total["rules"] = found.rules if total["chains"] == found.chains else None
    return {**total, "interface": any(part.get("interface") for part in removed)}


def _waves(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Nodes that were taken over (or given back) in the same wave began it together, within the time of one step."""
    waves: dict[int, list[dict[str, Any]]] = {}
    for node in nodes:
        if node.get("wave") is not None:
            waves.setdefault(node["wave"], []).append(node)
    return [{"nodes": [node["name"] for node in wave],
             "started": min((step["began"] for node in wave for step in node["steps"]), default=None),
             "finished": max((step["began"] + step["seconds"] for node in wave for step in node["steps"]), default=None)}
            for _number, wave in sorted(waves.items())]


def _traffic(seen: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    seen = [(origin, traffic) for origin, traffic in seen if traffic.get("paths")]
    if not seen:
        return {}
    return {
        "paths": [{**path, "from": origin} for origin, traffic in seen for path in traffic["paths"]],
        "series_columns": seen[0][1]["series_columns"],
        "left_out": sum(traffic.get("left_out") or 0 for _origin, traffic in seen),
        "max_lag_ms": max(traffic.get("max_lag_ms") or 0 for _origin, traffic in seen),
    }
