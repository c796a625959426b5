# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module service_probe does with its parameters."""

from __future__ import annotations

from typing import Any, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import legacy, tools
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables.model import FAMILIES
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables.nft import Nft, Session, open_session
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.counters import SERVING, service_counters
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._nftables.netlink import Overtaken
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import rules, verdict
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import TrafficError, parse_paths
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.once import Watch, probe

MAX_REQUESTS = 1000
# findings in the message; the result has all
MAX_TOLD = 3
# as rules.py reads the family from a dump's name
IP = {"ip": "ipv4", "ip6": "ipv6"}


def run(params: dict[str, Any], node: str) -> dict[str, Any]:
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

    unread: list[str] = []

    def read() -> rules.Counters:
        found, unread[:] = read_counters()
        return found

    if mode == verdict.IGNORE:
        (summaries, problems), counters = work(), {"watched": [], "moved": []}
    else:
        (summaries, problems), counters = rules.observe(read, paths, work)
    if mode == verdict.STAND_STILL:  # what has to move is proven by what moves
        problems += unread
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


def read_counters() -> tuple[dict[tuple[str, str, str], int], list[str]]:
    """Packets by rule of kube-proxy's entry chains, of every backend and family this node has; and the backends that nobody can read, in words."""
    found: dict[tuple[str, str, str], int] = {}
    unread = []
    try:
        session = open_session()
        for backend, family in ((backend, family) for backend in ("nft", "legacy") for family in FAMILIES):
            if not _has_nat(backend, family, session):
                continue
            name = f"iptables-{backend} {IP[family]}"
            try:
                programs = tools.need_all(backend, family)
            except tools.Missing as error:
                if _may_serve(backend, family, session):
                    unread.append(f"{name}: found rules in table nat that may be kube-proxy's, and {error}; expected to see whether they count packets.")
                continue
            dump = tools.run([*programs.save, "-c", "-t", "nat"])
            found.update({(name, chain, rule): packets for (chain, rule), packets in service_counters(dump).items()})
    except (tools.ToolFailed, OSError, Overtaken) as error:
        raise TrafficError(f"Nobody can tell what rules of kube-proxy count on this node: {error}. Expected the nat tables; run the module as root.") from error
    return found, unread


def _has_nat(backend: str, family: str, session: Optional[Session]) -> bool:
    """Asking a program of legacy for a table that is not there would make it, and old ones of nft fail."""
    if backend == "legacy":
        return "nat" in legacy.existing(family)
    return session is not None and "nat" in Nft(family, None, session).tables()


def _may_serve(backend: str, family: str, session: Optional[Session]) -> bool:
    """Whether rules of kube-proxy may be in the nat table, as the kernel says without any program: it tells chains of nft by their names, of legacy none."""
    if backend == "legacy":
        return "nat" in legacy.in_use(family)
    return session is not None and any(map(SERVING.fullmatch, Nft(family, None, session).chains("nat")))
