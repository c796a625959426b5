# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML file that needs nothing else: the frame, and what a reader wants to know first. Pure."""

from __future__ import annotations

import base64
import hashlib
import statistics
from typing import Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report import benchmark, figure, findings, nodes, paths, summary
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.advice import next_steps
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.markup import Markup, tag
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.model import Report
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.rules import Count, total
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.script import JAVASCRIPT
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.style import CSS
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.tables import cell, heads, scroll, table, texts
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.traffic import WRONG
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.words import duration, moment, number, plural, share

STEP_WORDS = (
    ("take", "take over"),
    ("prove", "prove"),
    ("retire", "retire"),
    ("clean", "clean"),
    ("back", "give back"),
    ("step", "other"),
    ("failed", "failed"),
)
TITLES = {"migrate": "Migration", "rollback": "Rollback"}
# A step of the whole cluster that is shorter is not worth a word.
SHORT = 1.0


def page(report: Report) -> str:
    # Whatever got in by a name or a message, only this script may run.
    allowed = base64.b64encode(hashlib.sha256(JAVASCRIPT.encode()).digest()).decode()
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy",
            content=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'"),
        tag("meta", name="viewport", content="width=device-width"),
        tag("title", _title(report)),
        tag("style", Markup(CSS)),
    )
    axis = figure.Axis.of(report)
    body = [
        _head(report),
        _tiles(report),
        _halt(report),
        _next(report),
        _run(report, axis),
        paths.section(report, axis),
        nodes.section(report),
        _rules(report),
        benchmark.section(report),
        findings.section(report),
    ]
    return "<!doctype html>\n" + tag("html", head, tag("body", body, tag("script", Markup(JAVASCRIPT))), lang="en") + "\n"


def _title(report: Report) -> str:
    return f"{TITLES.get(report.action, report.action.capitalize())} of cluster {report.cluster}"


def _head(report: Report) -> Markup:
    word, kind = (report.state or "done", "good") if report.good else (report.state or "failed", "bad")
    dry = tag("span", "check mode: nothing was changed", class_="badge warn") if report.check_mode else None
    versions = "; ".join(f"{name} {version}" for name, version in report.versions.items())
    return tag(
        "header",
        tag("h1", _title(report), " ", tag("span", word, class_=f"badge {kind}"), " ", dry),
        tag("p", f"{moment(report.started)} to {moment(report.finished)}, {duration(report.seconds)}", class_="quiet"),
        tag("p", versions, class_="quiet") if versions else None,
    )


def _tile(value: str, words: str, kind: str = "") -> Markup:
    return tag("div", tag("b", value, class_=kind or None), tag("span", words), class_="tile")


def _tiles(report: Report) -> Markup:
    takeovers = [node.takeover_seconds for node in report.nodes if node.takeover_seconds is not None]
    removed = total(node.removed for node in report.nodes)
    tiles = [_tile(*summary.outcomes(report), "good" if report.good else "bad")]
    if report.traffic:
        traffic = report.traffic
        tiles.append(_tile(number(traffic.failed), f"of {number(traffic.requests)} requests failed", "bad" if traffic.failed else "good"))
        tiles.append(_tile(share(traffic.share_slow), "of the answers were slow", "warn" if traffic.counts["slow"] else "good"))
    else:
        tiles.append(_tile("–", "traffic was not measured"))
    if any(node.before or node.after for node in report.nodes):
        before, after = (sum(status == "on" for status in statuses) for statuses in zip(*((node.before, node.after) for node in report.nodes)))
        known = any(node.after for node in report.nodes)
        tiles.append(_tile(f"{number(before)} → {number(after) if known else '?'}", f"of {plural(len(report.nodes), 'agent')} replace kube-proxy"))
    if takeovers:
        tiles.append(_tile(duration(statistics.median(takeovers)), f"to take a node over (median; longest {duration(max(takeovers))})"))
    tiles.append(_tile(number(removed.chains), f"chains {'to remove' if report.check_mode else 'removed'}, with {number(removed.rules)} rules"))
    return tag("div", tiles, class_="tiles")


def _halt(report: Report) -> Optional[Markup]:
    return tag("section", tag("h2", "Why it stopped"), tag("p", report.reason), class_="alert") if report.reason else None


def _next(report: Report) -> Optional[Markup]:
    steps = next_steps(report)
    return tag("section", tag("h2", "What to do next"), tag("ol", [tag("li", step) for step in steps])) if steps else None


def _run(report: Report, axis: Optional[figure.Axis]) -> Optional[Markup]:
    if axis is None:
        return None
    parts = [tag("h2", "The run")]
    if report.traffic and report.traffic.series:
        parts += [scroll(figure.traffic(report, report.traffic, axis)), _legend([("ok", "answered"), *((kind, kind.replace("_", " ")) for kind in WRONG)])]
        if report.traffic.left_out:
            parts.append(tag("p", f"{plural(report.traffic.left_out, 'request')} left out: the prober itself was kept from running.", class_="warn"))
    if report.steps or any(node.steps for node in report.nodes):
        parts += [scroll(figure.timeline(report, axis)), _legend(STEP_WORDS)]
    spent = {step.name: sum(other.seconds for other in report.steps if other.name == step.name) for step in report.steps}
    long = [f"{name} {duration(seconds)}" for name, seconds in spent.items() if seconds >= SHORT]
    whole = f" For the whole cluster: {', '.join(long)}." if long else ""
    return tag("section", parts, tag("p", f"Times are UTC.{whole} Module calls: {summary.calls(report.calls)}.", class_="quiet"))


def _legend(entries: object) -> Markup:
    swatch = [
        tag("li", tag("svg", tag("rect", class_=kind, width=10, height=10, rx=2), viewBox="0 0 10 10", aria_hidden="true"), words) for kind, words in entries
    ]
    return tag("ul", swatch, class_="legend")


def _rules(report: Report) -> Optional[Markup]:
    """Before and after, over all nodes."""
    found: dict[tuple[str, str, str], list[Count]] = {}
    for node in report.nodes:
        for part in node.found.parts:
            found.setdefault((f"{part.backend} {part.family}", part.table, part.owner), []).append(part.count)
    if not found:
        return None
    rows = [
        tag("tr", texts(place, table_name, owner), cell(len(counts)),
            [cell(value) for value in (total(counts).chains, total(counts).rules, total(counts).jumps)])
        for (place, table_name, owner), counts in sorted(found.items())
    ]
    return tag(
        "section",
        tag("h2", "Rules before and after, over all nodes"),
        tag("p", _left(report)),
        tag("h3", "What was found"),
        table(heads("Backend", "Table", "Owner") + heads("Nodes", "Chains", "Rules", "Jumps", numbers=True), rows),
    )


def _left(report: Report) -> str:
    looked = [node for node in report.nodes if node.clean is not None]
    found, gone = total(node.found.kube_proxy() for node in looked), total(node.removed for node in looked)
    said = f"{found} of kube-proxy's were found on {plural(len(looked), 'node')}"
    if report.check_mode:
        return f"{said}, and {gone} would be removed."
    returned = sum(node.returned for node in looked)
    clean = sum(bool(node.clean) and not node.returned for node in looked)
    again = f", and {plural(returned, 'node')} got kube-proxy back with its rules" if returned else ""
    same = all(step.ok for node in looked for step in node.steps if step.name == "clean")
    others = " What others own is the same before and after." if same else ""
    return f"{said}, and {gone} were removed. Nothing of it is left on {number(clean)} of these nodes{again}.{others}"
