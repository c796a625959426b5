# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module service_probe does with its parameters."""

from __future__ import annotations

import os
import shutil
from typing import Any, Callable

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.counters import service_counters
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import rules, verdict
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import TrafficError, parse_paths
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.once import Watch, probe

RunCommand = Callable[..., "tuple[int, str, str]"]
MAX_REQUESTS = 1000
# findings in the message; the result has all
MAX_TOLD = 3
# name in reports -> (the tool that prints the nat table, the file that says whether the kernel has that legacy table).
# Naming a table to a legacy tool creates it, so it is asked only where it exists; the nft tools create nothing.
DUMPS = {
    "iptables-nft ipv4": ("iptables-nft-save", None),
    "iptables-nft ipv6": ("ip6tables-nft-save", None),
    "iptables-legacy ipv4": ("iptables-legacy-save", "/proc/net/ip_tables_names"),
    "iptables-legacy ipv6": ("ip6tables-legacy-save", "/proc/net/ip6_tables_names"),
}


def run(params: dict[str, Any], node: str, run_command: RunCommand) -> dict[str, Any]:
    """The module's result; with msg when a target is not as it should be."""
    targets = params["targets"]
    paths = parse_paths(targets)
    wanted = {target["name"]: _wanted(target) for target in targets}
    mode = params["kube_proxy_counters"]

    probed = [path for path in paths if wanted[path.name].requests]
    watched = [path for path in paths if not wanted[path.name].requests]

    def work() -> tuple[list[dict[str, Any]], list[str]]:
        watch = Watch(watched, params["watch_for"]) if watched else None
        in_turn = {name for name, want in wanted.items() if want.same_backend}
        attempts, problems = probe(probed, {path.name: wanted[path.name].requests for path in probed}, params["timeout"], in_turn)
        own = {result.source for results in attempts.values() for result in results if result.source}
        seen = watch.finish(own) if watch else {}
        return [
            verdict.summarise(path, attempts[path.name], wanted[path.name]) if path in probed else verdict.summarise_watched(path, seen[path.name])
            for path in paths
        ], problems

    if mode == verdict.IGNORE:
        (summaries, problems), counters = work(), {"watched": [], "moved": []}
    else:
        (summaries, problems), counters = rules.observe(lambda: read_counters(run_command), paths, work)
    verdict.explain(counters, summaries)
    findings = []
    for path, summary in zip(paths, summaries):
        found = [finding.text() for finding in verdict.judge(path, summary, wanted[path.name], mode, counters)]
        summary.update(ok=not found, findings=found)
        findings.extend(found)
    result = {"changed": False, "targets": summaries, "counters": counters, "problems": problems + findings}
    if result["problems"]:
        result["msg"] = f"Node {node}: {sum(not summary['ok'] for summary in summaries)} of {len(summaries)} targets are not served as they should be. "
        result["msg"] += in_short(result["problems"])
    return result


def in_short(problems: list[str]) -> str:
    more = f" ({len(problems) - MAX_TOLD} more in the result's 'problems')" if len(problems) > MAX_TOLD else ""
    return " ".join(problems[:MAX_TOLD]) + more


def _wanted(target: dict[str, Any]) -> verdict.Wanted:
    if not 0 <= target["requests"] <= MAX_REQUESTS:
        raise TrafficError(f"Target '{target['name']}': requests is {target['requests']}; expected 0 to {MAX_REQUESTS}. Correct it.")
    expect = target.get("expect") or {}
    return verdict.Wanted(target["requests"], bool(expect.get("same_backend")), target["by_kube_proxy"], bool(expect.get("unanswered")))


def read_counters(run_command: RunCommand) -> dict[tuple[str, str, str], int]:
    """Packets by rule of kube-proxy's entry chains, of every backend and family this node has."""
    found = {}
    for name, (tool, tables_file) in DUMPS.items():
        program = shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if program is None or (tables_file and not _has_nat(tables_file)):
            continue
        code, dump, errors = run_command([program, "-c", "-t", "nat"])
        if code:
            raise TrafficError(f"{tool} failed on this node ({errors.strip()}); expected the nat table's rules. Run it by hand and see why.")
        found.update({(name, chain, rule): packets for (chain, rule), packets in service_counters(dump).items()})
    return found


def _has_nat(tables_file: str) -> bool:
    try:
        with open(tables_file, encoding="utf-8") as handle:
            return "nat" in handle.read().split()
    except OSError:
        return False
