# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the roles kept as facts of the hosts to the data of module `report`. Pure.

Facts that are read: kpr_node_name, preflight_node_facts, handover_steps, kube_proxy_cleanup_result, traffic_seen and traffic_seen_outside of each host;
preflight_cluster_facts, preflight_findings, handover_labels, handover_record, handover_halted and traffic_plans of the cluster's leader; kpr_plan and
kpr_began of localhost, which are the run's.
"""

from __future__ import annotations

import itertools
from typing import Any, Iterable, Mapping, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet.nodes import LABEL
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.read import Reader
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.rules import Found
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.series import SERIES_COLUMNS, folded

NUMBERS = ("chains", "rules", "jumps", "virtual_servers")
NAMES = ("tables", "sets")
# Steps on nodes; steps of the whole cluster have other names.
NODE_STEPS = ("drain", "take_over", "prove", "retire", "answer_health", "clean", "prove_again", "check", "soak", "accept", "give_back", "uncordon")
# What the report needs to know of a path of traffic_probe.
PATH_KEYS = ("name", "service", "requests", "ok", "refused", "timed_out", "reset", "other", "slow", "latency", "errors")
STATE_LABEL = f"{LABEL}/state"

Facts = Mapping[str, Any]


def gather(hosts: Iterable[Facts], leader: Facts, run: Facts, agents: Optional[Facts] = None, traffic_from: Optional[list[str]] = None,
           **about: Any) -> dict[str, Any]:  # fmt: skip
    """Return the data of one cluster's report.

    hosts: the facts of each of its hosts, leader: of its leader, run: of localhost. agents: what each agent says at the end, by node.
    traffic_from: the namespaces that were to be watched, None where nothing was. about: fields that are taken over as they are.
    """
    facts = [_facts(host, run, leader, about) for host in hosts]
    before, steps = leader.get("preflight_cluster_facts") or {}, [step for host in facts for step in host["steps"]]
    started = run.get("kpr_began")
    traffic = _traffic([(host["name"], host["traffic"]) for host in facts] + [("outside", host["outside"]) for host in facts])
    return {
        **about,
        "started": started,
        "state": _state(leader, bool(about.get("check_mode"))),
        "reason": leader.get("handover_halted") or "",
        "versions": _versions(before, agents or {}, facts),
        "findings": leader.get("preflight_findings") or [],
        "steps": _cluster_steps([step for step in steps if step["name"] not in NODE_STEPS], started),
        "nodes": {host["name"]: _node(host, before, agents or {}) for host in facts},
        "waves": _waves(facts),
        "traffic": traffic,
        "not_measured": _silent(facts) if traffic else _not_measured(traffic_from, bool(about.get("check_mode"))),
    }


def _state(leader: Facts, dry: bool) -> str:
    """How the run has left the cluster. A dry run writes no record, so the halt of an earlier run is still in it, and is none of its own."""
    if leader.get("handover_halted"):
        return "halted"
    phase = _phase(leader)
    return "" if dry and phase == "halted" else phase


def _phase(leader: Facts) -> str:
    return ((leader.get("handover_record") or {}).get("state") or {}).get("phase") or ""


def _facts(host: Facts, run: Facts, leader: Facts, about: Facts) -> dict[str, Any]:
    """What is known of one host, in our words."""
    name = host["kpr_node_name"]
    labels, cleaned = (leader.get("handover_labels") or {}).get(name) or {}, host.get("kube_proxy_cleanup_result") or {}
    moved = _phase(leader) == "settled" or labels.get(STATE_LABEL) == "moved"
    return {
        "name": name,
        "kernel": (host.get("preflight_node_facts") or {}).get("kernel") or "",
        "wave": ((run.get("kpr_plan") or {}).get("number") or {}).get(host["inventory_hostname"]),
        "before": "moved" if about.get("action") == "migrate" and moved else "",
        "steps": host.get("handover_steps") or [],
        "cleaned": cleaned if "removed" in cleaned else {},
        "watched": bool(((leader.get("traffic_plans") or {}).get(name) or {}).get("targets")),
        "traffic": (host.get("traffic_seen") or {}).get("traffic"),
        "outside": (host.get("traffic_seen_outside") or {}).get("traffic"),
    }


def _node(host: dict[str, Any], before: Facts, agents: Facts) -> dict[str, Any]:
    cleaned, steps = host["cleaned"], [step for step in host["steps"] if step["name"] in NODE_STEPS]
    return {
        "kernel": host["kernel"] or ((before.get("nodes") or {}).get(host["name"]) or {}).get("kernel") or "",
        "found": cleaned.get("found", {}),
        "removed": _removed(cleaned),
        "kept": cleaned.get("kept", []),
        "clean": cleaned.get("clean"),
        "unchecked": cleaned.get("unchecked", []),
        "takeover_seconds": next((step["seconds"] for step in steps if step["name"] == "take_over"), None),
        "steps": steps,
        "before": host["before"],
        "status_before": _status((before.get("agents") or {}).get(host["name"])),
        "status_after": _status(agents.get(host["name"])),
        "drift": (agents.get(host["name"]) or {}).get("drift") or [],
        "error": next((step["error"] for step in steps if step["error"]), ""),
    }


def _status(agent: Optional[Facts]) -> str:
    """What an agent says of the replacement; nothing where nobody asked."""
    if agent is None:
        return ""
    if agent["error"]:
        return "no answer"
    enabled = agent["kube_proxy_replacement"]["enabled"]
    return agent["kube_proxy_replacement"]["mode"] or "unknown" if enabled is None else "on" if enabled else "off"


def _removed(cleaned: Facts) -> dict[str, Any]:
    """What went. Chains go without their rules being counted again; where all that were found are gone, their rules are known."""
    removed = cleaned.get("removed") or {}
    total = {**{key: removed.get(key, 0) for key in NUMBERS}, **{key: removed.get(key) or [] for key in NAMES}, "interface": bool(removed.get("interface"))}
    if total["rules"] is None:
        found = Found.read(Reader(cleaned.get("found") or {}, "found")).kube_proxy()
        total["rules"] = found.rules if total["chains"] == found.chains else None
    return total


def _cluster_steps(steps: list[dict[str, Any]], started: Optional[float]) -> list[dict[str, Any]]:
    """In order; a step that several hosts take at a time is one. What came before the first one is the plan's."""
    found: list[dict[str, Any]] = []
    for step in sorted(steps, key=lambda step: step["began"]):
        last = next((one for one in reversed(found) if one["name"] == step["name"]), None)
        if last is None or step["began"] > last["began"] + last["seconds"]:
            found.append(dict(step))
        else:
            last |= {"seconds": max(last["seconds"], round(step["began"] + step["seconds"] - last["began"], 1)), "ok": last["ok"] and step["ok"],
                     "error": last["error"] or step["error"]}  # fmt: skip
    if found and started is not None:
        found.insert(0, {"name": "plan", "began": started, "seconds": round(found[0]["began"] - started, 1), "ok": True, "error": ""})
    return found


def _waves(hosts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Nodes that were taken over (or given back) in the same wave began it together, within the time of one step."""
    waves: dict[int, list[dict[str, Any]]] = {}
    for host in hosts:
        if host["wave"] is not None:
            waves.setdefault(host["wave"], []).append(host)
    found = []
    for _number, wave in sorted(waves.items()):
        steps = [step for host in wave for step in host["steps"] if step["name"] in NODE_STEPS]
        found.append({"nodes": [host["name"] for host in wave], "started": min((step["began"] for step in steps), default=None),
                      "finished": max((step["began"] + step["seconds"] for step in steps), default=None)})  # fmt: skip
    return found


def _traffic(seen: list[tuple[str, Any]]) -> dict[str, Any]:
    """Everybody's series as one, and each path where something went wrong with its own."""
    seen = [(origin, traffic) for origin, traffic in seen if traffic and traffic.get("paths")]
    if not seen:
        return {}
    bucket = max(traffic["bucket_seconds"] for _origin, traffic in seen)
    return {
        "paths": [
            {"from": origin, **{key: path[key] for key in PATH_KEYS}, "gone_at": path.get("gone_at"), "series": folded(path["series"], bucket)}
            for origin, traffic in seen for path in traffic["paths"]
        ],
        "series": folded(itertools.chain(*(traffic["series"] for _origin, traffic in seen)), bucket),
        "series_columns": list(SERIES_COLUMNS),
        "bucket_seconds": bucket,
        "left_out": sum(traffic["left_out"] for _origin, traffic in seen),
    }  # fmt: skip


def _silent(hosts: list[dict[str, Any]]) -> str:
    """From which nodes nothing is known, though others have told."""
    names = [host["name"] for host in hosts if host["watched"] and not (host["traffic"] or {}).get("paths")]
    return f"from {len(names)} of {len(hosts)} nodes, whose probers did not answer: {', '.join(names[:5])}{', ...' if names[5:] else ''}" if names else ""


def _not_measured(namespaces: Optional[list[str]], dry: bool) -> str:
    if namespaces is None:
        return "kpr_traffic=true watches it"
    if dry:
        return "a dry run watches nothing"
    if not namespaces:
        return "kpr_traffic_namespaces is empty: say whose Services may be asked, as in -e '{\"kpr_traffic_namespaces\": [\"shop\"]}'"
    return f"no Service that can be asked was found in {', '.join(namespaces)} (kpr_traffic_namespaces)"


def _versions(before: Facts, agents: Facts, hosts: list[dict[str, Any]]) -> dict[str, str]:
    nodes = before.get("nodes") or {}
    cilium = [sorted({agent["version"] for agent in found.values() if agent["version"]}) for found in (before.get("agents") or {}, agents)]
    kernels = [host["kernel"] or (nodes.get(host["name"]) or {}).get("kernel") for host in hosts]
    found = {
        "Kubernetes": before.get("kubernetes"),
        "Cilium": " → ".join(dict.fromkeys(", ".join(versions) for versions in cilium if versions)),
        "kernel": ", ".join(sorted({kernel for kernel in kernels if kernel})),
    }
    return {name: text for name, text in found.items() if text}
