# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML file that needs nothing else: the frame, and what a reader wants to know first. Pure."""

from __future__ import annotations

import base64
import hashlib
import statistics
from typing import Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report import figure, nodes, summary
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.markup import Markup, tag
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.model import SEVERITIES, Finding, Report
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.rules import total
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.script import JAVASCRIPT
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.style import CSS
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.traffic import WRONG, Path, Traffic
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.words import duration, moment, number, plural, share

# Rows of the table of paths; paths on which nothing went wrong are summed up by Service.
PATH_ROWS = 200
STEP_WORDS = (
    ("take", "take over"),
    ("prove", "prove"),
    ("retire", "retire"),
    ("clean", "clean"),
    ("back", "give back"),
    ("step", "other"),
    ("failed", "failed"),
)
TITLES = {"migrate": "Migration", "rollback": "Way back"}


def page(report: Report) -> str:
    # Whatever got in by a name or a message, only this script may run.
    allowed = base64.b64encode(hashlib.sha256(JAVASCRIPT.encode()).digest()).decode()
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'"),
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
        _paths(report, axis),
        nodes.section(report),
        _rules(report),
        _findings(report),
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
        tag("p", f"{moment(report.started)} to {moment(report.finished)}, {duration(report.seconds)}", f"; {versions}" if versions else "", class_="quiet"),
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
    if takeovers:
        tiles.append(_tile(duration(statistics.median(takeovers)), f"to take a node over (median; longest {duration(max(takeovers))})"))
    tiles.append(_tile(number(removed.chains), f"chains {'to remove' if report.check_mode else 'removed'}, with {number(removed.rules)} rules"))
    return tag("div", tiles, class_="tiles")


def _halt(report: Report) -> Optional[Markup]:
    return tag("section", tag("h2", "Why it stopped"), tag("p", report.reason), class_="alert") if report.reason else None


def _next(report: Report) -> Optional[Markup]:
    return tag("section", tag("h2", "What to do next"), tag("ol", [tag("li", step) for step in report.next_steps])) if report.next_steps else None


def _run(report: Report, axis: Optional[figure.Axis]) -> Optional[Markup]:
    if axis is None:
        return None
    parts = [tag("h2", "The run")]
    if report.traffic and report.traffic.series():
        parts += [_scroll(figure.traffic(report, report.traffic, axis)), _legend([("ok", "answered"), *((kind, kind.replace("_", " ")) for kind in WRONG)])]
        if report.traffic.left_out:
            parts.append(tag("p", f"{plural(report.traffic.left_out, 'request')} left out: the prober itself was kept from running.", class_="warn"))
    if any(step.began is not None for node in report.nodes for step in node.steps):
        parts += [_scroll(figure.timeline(report, axis)), _legend(STEP_WORDS)]
    return tag("section", parts, tag("p", f"Times are UTC. Module calls: {summary.calls(report.calls)}.", class_="quiet"))


def _legend(entries: object) -> Markup:
    swatch = [
        tag("li", tag("svg", tag("rect", class_=kind, width=10, height=10, rx=2), viewBox="0 0 10 10", aria_hidden="true"), words) for kind, words in entries
    ]
    return tag("ul", swatch, class_="legend")


def _rules(report: Report) -> Optional[Markup]:
    """Before and after, over all nodes."""
    found: dict[tuple[str, str, str], list] = {}
    for node in report.nodes:
        for part in node.found.parts:
            found.setdefault((f"{part.backend} {part.family}", part.table, part.owner), []).append(part.count)
    if not found:
        return None
    rows = [
        tag(
            "tr",
            tag("td", place),
            tag("td", table),
            tag("td", owner),
            _cell(len(counts)),
            _cell(total(counts).chains),
            _cell(total(counts).rules),
            _cell(total(counts).jumps),
        )
        for (place, table, owner), counts in sorted(found.items())
    ]
    heads = [tag("th", name) for name in ("Backend", "Table", "Owner")] + [tag("th", name, class_="n") for name in ("Nodes", "Chains", "Rules", "Jumps")]
    return tag(
        "section",
        tag("h2", "Rules that were found, over all nodes"),
        _table(heads, rows),
    )


def _table(heads: list[Markup], rows: list[Markup]) -> Markup:
    return _scroll(tag("table", tag("thead", tag("tr", heads)), tag("tbody", rows)))


def _scroll(content: Markup) -> Markup:
    """Wide or long content moves within its own box, not the whole page."""
    return tag("div", content, class_="scroll")


def _cell(value: Optional[float]) -> Markup:
    return tag("td", number(value), class_="n" if value else "n zero")


def _paths(report: Report, axis: Optional[figure.Axis]) -> Optional[Markup]:
    traffic = report.traffic
    if traffic is None:
        return None
    wrong = [path for path in traffic.worst_first() if path.wrong]
    parts = [tag("h2", "Traffic"), tag("p", summary.totals(traffic).capitalize())]
    if wrong:
        parts += [tag("h3", "Paths on which something went wrong, the worst first"), _path_table(wrong[:PATH_ROWS], traffic, axis)]
    if len(wrong) > PATH_ROWS:
        parts.append(tag("p", f"{plural(len(wrong) - PATH_ROWS, 'path')} more; all of them are in report.json."))
    parts += [tag("h3", "All paths, by Service"), _service_table(traffic)]
    return tag("section", parts)


def _path_table(paths: list[Path], traffic: Traffic, axis: Optional[figure.Axis]) -> Markup:
    rows = [
        tag(
            "tr",
            [tag("td", text, class_="name") for text in (path.origin, path.name)],
            _cell(path.requests),
            [_cell(path.counts[kind]) for kind in WRONG],
            [_cell(time) for time in (path.p99_ms, path.max_ms)],
            tag("td", figure.strip(path, axis, traffic.bucket) if axis else None),
        )
        for path in paths
    ]
    heads = (
        [tag("th", "From"), tag("th", "Path")]
        + [tag("th", name, class_="n") for name in ("Requests", *_wrong_heads(), "p99 ms", "max ms")]
        + [tag("th", "When")]
    )
    return _table(heads, rows)


def _service_table(traffic: Traffic) -> Markup:
    services: dict[str, list[Path]] = {}
    for path in traffic.paths:
        services.setdefault(path.service or "(no Service)", []).append(path)
    rows = [
        tag(
            "tr",
            tag("td", name, class_="name"),
            _cell(len(paths)),
            _cell(sum(path.requests for path in paths)),
            [_cell(sum(path.counts[kind] for path in paths)) for kind in WRONG],
            _cell(max((path.max_ms for path in paths if path.max_ms is not None), default=None)),
        )
        for name, paths in sorted(services.items(), key=lambda entry: (-sum(path.wrong for path in entry[1]), entry[0]))
    ]
    heads = [tag("th", "Service")] + [tag("th", name, class_="n") for name in ("Paths", "Requests", *_wrong_heads(), "max ms")]
    return _table(heads, rows)


def _wrong_heads() -> list[str]:
    return [kind.replace("_", " ").capitalize() for kind in WRONG]


def _findings(report: Report) -> Optional[Markup]:
    if not report.findings:
        return None
    counts = ", ".join(plural(sum(one.severity == severity for one in report.findings), severity) for severity in SEVERITIES)
    heads = [tag("th", name) for name in ("Severity", "Object", "Found", "Why it matters", "What to do")]
    return tag(
        "section",
        tag("h2", "What the plan said"),
        tag("details", tag("summary", counts), _table(heads, [_finding(one) for one in report.findings]), open=len(report.findings) <= 20),
    )


def _finding(one: Finding) -> Markup:
    kind = {"blocker": "bad", "warning": "warn"}.get(one.severity)
    word = one.severity + (" (accepted)" if one.accepted else "")
    return tag(
        "tr", tag("td", tag("b", word, class_=kind), tag("br"), tag("code", one.id)), [tag("td", text) for text in (one.object, one.found, one.why, one.remedy)]
    )
