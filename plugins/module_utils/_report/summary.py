# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as plain lines for a terminal. Pure."""

from __future__ import annotations

from typing import Iterator, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.advice import next_steps
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.model import SEVERITIES, Calls, Node, Report
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.rules import total
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.traffic import WRONG, Path, Traffic
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.words import duration, number, plural, share

# A terminal is no place for a thousand nodes: those that failed first, then the others, and never more than so many.
NODES = 40
PATHS = 5


def lines(report: Report) -> list[str]:
    return [*_head(report), *_nodes(report), *_traffic(report), f"module calls: {calls(report.calls)}", *(f"next: {step}" for step in next_steps(report))]


def outcomes(report: Report) -> tuple[str, str]:
    """2 of 3; nodes moved, 1 failed."""
    found = f"node{'' if len(report.nodes) == 1 else 's'} {report.wanted}"
    for outcome in ("failed", "given back", "untouched", "moved before"):
        count = len(report.named(outcome))
        if outcome != report.wanted and count:
            found += f", {count:,} {outcome}"
    return f"{len(report.named(report.wanted)):,} of {len(report.nodes):,}", found


def numbers(report: Report) -> dict[str, Optional[int]]:
    """The few that a later step of a workflow may want to look at."""
    traffic = report.traffic
    return {
        "nodes": len(report.nodes),
        "failed_nodes": len(report.named("failed")),
        "requests": traffic.requests if traffic else None,
        "failed_requests": traffic.failed if traffic else None,
        "slow_requests": traffic.counts["slow"] if traffic else None,
    }


def _head(report: Report) -> Iterator[str]:
    state = f"{report.state}, " if report.state else ""
    dry = " (check mode: nothing was changed)" if report.check_mode else ""
    waves = f" in {plural(len(report.waves), 'wave')}" if report.waves else ""
    took = "" if report.seconds is None else f", {duration(report.seconds)}"
    yield f"cluster {report.cluster}: {report.action}, {state}{' '.join(outcomes(report))}{waves}{took}{dry}"
    if report.reason:
        yield f"halted: {report.reason}"
    counts = [plural(sum(one.severity == severity and not one.accepted for one in report.findings), severity) for severity in SEVERITIES]
    accepted = sum(one.accepted for one in report.findings)
    if report.findings:
        yield f"findings: {', '.join(counts)}" + (f", {accepted} accepted" if accepted else "")


def _nodes(report: Report) -> Iterator[str]:
    ordered = sorted(report.nodes, key=lambda node: not node.error)
    for node in ordered[:NODES]:
        yield _node(node, report)
    rest = ordered[NODES:]
    if rest:
        yield f"and {plural(len(rest), 'node')} more, removed there {total(node.removed for node in rest)}; each is in the report"


def _node(node: Node, report: Report) -> str:
    parts = [f"node {node.name}: {report.outcome(node)}"] + ([f"kernel {node.kernel}"] if node.kernel else [])
    if node.takeover_seconds is not None:
        parts.append(f"taken over in {duration(node.takeover_seconds)}")
    if node.clean is not None:
        parts += _rules(node, report)
    return "; ".join(parts) + (f"\n  {node.error}" if node.error else "")


def _rules(node: Node, report: Report) -> list[str]:
    families = [f"{backend} {family} {count}" for (backend, family), count in node.found.by_family().items()]
    parts = [f"found {' + '.join(families) or 'no rules of kube-proxy'}"]
    removed = ", ".join(([str(node.removed)] if node.removed else []) + list(node.extras_removed))
    parts.append(f"{'would remove' if report.check_mode else 'removed'} {removed or 'nothing'}")
    if node.kept:
        parts.append(f"kept {len(node.kept):,}")
    if not node.clean and not node.returned and not report.check_mode:
        parts.append(f"left {'?' if node.chains_left is None else number(node.chains_left)} chains")
    return parts


def _traffic(report: Report) -> Iterator[str]:
    traffic = report.traffic
    if traffic is None:
        yield not_measured(report)
        return
    yield totals(traffic)
    if report.not_measured:
        yield not_measured(report)
    worst = traffic.worst_first()
    for path in worst[:PATHS]:
        yield f"  {path_name(path)}: {_wrong(path)} of {number(path.requests)}"
    if len(worst) > PATHS:
        yield f"  and {plural(len(worst) - PATHS, 'path')} more; each is in the report"


def not_measured(report: Report) -> str:
    reason = report.not_measured and f"{' ' if report.traffic else '; '}{report.not_measured}"
    return f"traffic: not measured{reason}"


def calls(made: Optional[Calls]) -> str:
    if made is None:
        return "not counted; with ANSIBLE_CALLBACKS_ENABLED=fleetops.kubeproxy_free.progress they are"
    most = max(made.nodes, key=lambda name: made.nodes[name], default=None)
    on_nodes = "none on nodes" if most is None else f"at most {made.nodes[most]} on a node ({most}), {number(sum(made.nodes.values()))} on all"
    waves = "".join(f", {number(count)} in wave {index}" for index, count in enumerate(made.api_by_wave, 1))
    return f"{on_nodes}; on the API {number(made.api_besides + sum(made.api_by_wave))}: {number(made.api_besides)} before and after the waves{waves}"


def totals(traffic: Traffic) -> str:
    counts = traffic.counts
    found = (
        f"traffic: {plural(traffic.requests, 'request')} on {plural(len(traffic.paths), 'path')}: {number(counts['refused'])} refused, "
        f"{number(counts['timed_out'])} timed out, {number(counts['reset'])} reset, {number(counts['other'])} failed otherwise, "
        f"{share(traffic.share_slow)} slow"
    )
    found += f"; {plural(traffic.left_out, 'request')} left out, the prober was kept from running" if traffic.left_out else ""
    found += f"; {plural(traffic.gone, 'path')} ended with the pod that asked" if traffic.gone else ""
    return found + (f"; {_unanswered(traffic.unanswered)}" if traffic.unanswered else "")


def _unanswered(paths: dict[str, int]) -> str:
    worst = sorted(paths, key=lambda origin: (-paths[origin], origin))
    named = ", ".join(f"{number(paths[origin])} from {origin or '?'}" for origin in worst[:PATHS])
    return f"{plural(sum(paths.values()), 'path')} never answered ({named}{', ...' if worst[PATHS:] else ''}), so no check counts them"


def path_name(path: Path) -> str:
    return f"{path.origin}: {path.name}" if path.origin else path.name


def _wrong(path: Path) -> str:
    return ", ".join(f"{number(path.counts[key])} {key.replace('_', ' ')}" for key in WRONG if path.counts[key])
