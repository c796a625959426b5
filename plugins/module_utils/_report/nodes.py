# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of nodes: a line for each, that opens to its steps and rules. Pure."""

from __future__ import annotations

from typing import Optional, Union

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.markup import Content, Markup, tag
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.model import Node, Report
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.words import duration, number, plural, some

COLUMNS = ("Node", "Wave", "Kernel", "kube-proxy's chains", "Takeover", "Removed", "Replacement", "Outcome")
KINDS = {"failed": "bad", "given back": "warn", "moved before": "good"}
# Names shown of the chains that stay for one reason.
NAMES = 6


def section(report: Report) -> Optional[Markup]:
    if not report.nodes:
        return None
    ordered = sorted(report.nodes, key=lambda node: (not node.error, node.wave or 0, node.name))
    heads = [tag("span", tag("button", name, type="button")) for name in COLUMNS]
    rows = tag("div", tag("div", heads, class_="columns"), [_node(node, report) for node in ordered], id="nodes", class_="scroll")
    return tag("section", tag("h2", "Nodes"), _tools(report), rows)


def _tools(report: Report) -> Markup:
    outcomes = sorted({report.outcome(node) for node in report.nodes})
    choices = [tag("option", "every outcome", value="")] + [tag("option", outcome, value=outcome) for outcome in outcomes]
    return tag(
        "div",
        tag("input", id="find", type="search", placeholder="node, kernel, …", aria_label="Show only nodes with these words"),
        tag("select", choices, id="outcome", aria_label="Show only nodes with this outcome"),
        tag("span", id="shown", class_="quiet", aria_live="polite"),
        class_="tools",
    )


def _node(node: Node, report: Report) -> Markup:
    outcome = report.outcome(node)
    found, removed = node.found.kube_proxy(), node.removed
    before = [(f"{backend} {family} {number(count.chains)}", tag("br")) for (backend, family), count in node.found.by_family().items()]
    cells = [
        _cell(node.name, node.name),
        _cell(node.wave or 0, str(node.wave or "–")),
        _cell(node.kernel, node.kernel or "?"),
        _cell(found.chains, before or ("–" if node.clean is None else "none")),
        _cell(node.takeover_seconds, "–" if node.takeover_seconds is None else duration(node.takeover_seconds)),
        _cell(removed.chains, str(removed) if removed else "–" if node.clean is None else "nothing"),
        _cell(f"{node.before} {node.after}", f"{node.before or '?'} → {node.after or '?'}" if node.before or node.after else "–"),
        tag("span", outcome, data_sort=outcome, class_="good" if outcome == report.wanted else KINDS.get(outcome, "quiet")),
    ]
    error = tag("p", node.error, class_="alert") if node.error else None
    inside = tag("div", error, _steps(node), _rules(node, report.check_mode), _kept(node), class_="inside")
    return tag("details", tag("summary", cells), inside, class_="node", data_outcome=outcome)


def _cell(value: Union[str, float, None], text: Content) -> Markup:
    return tag("span", text, data_sort="-1" if value is None else value)


def _steps(node: Node) -> Markup:
    rows = [
        tag("tr", tag("td", step.name), _number(duration(step.seconds)), tag("td", "ok" if step.ok else "failed", class_="good" if step.ok else "bad"))
        for step in node.steps
    ]
    return _block("Steps", tag("table", rows) if rows else tag("p", "none", class_="quiet"))


def _rules(node: Node, dry: bool) -> Markup:
    rows = [
        tag(
            "tr",
            tag("td", f"{part.backend} {part.family} {part.table}"),
            tag("td", part.owner),
            _number(number(part.count.chains)),
            _number(number(part.count.rules)),
        )
        for part in node.found.parts
    ]
    heads = tag("tr", tag("th", "Table"), tag("th", "Owner"), tag("th", "Chains", class_="n"), tag("th", "Rules", class_="n"))
    extras = tag("p", f"Also removed: {', '.join(node.extras_removed)}") if node.extras_removed else None
    return _block("Rules before", tag("table", heads, rows) if rows else tag("p", "nobody looked" if node.clean is None else "none", class_="quiet"), extras,
                  None if node.clean is None or dry else _after(node))  # fmt: skip


def _after(node: Node) -> Markup:
    if node.returned:
        said = "kube-proxy has its rules again"
    elif node.clean:
        said = "nothing of kube-proxy's is left"
    else:
        unchecked = f"; not looked at: {', '.join(node.unchecked)}" if node.unchecked else ""
        said = f"{'?' if node.chains_left is None else number(node.chains_left)} of kube-proxy's chains are left{unchecked}"
    return tag("p", tag("b", "After: "), tag("span", said, class_="good" if node.clean else "bad"))


def _kept(node: Node) -> Markup:
    reasons: dict[str, list[str]] = {}
    for one in node.kept:
        reasons.setdefault(one.why, []).append(one.what)
    rows = [tag("li", f"{why}: {some(names, NAMES)}") for why, names in reasons.items()]
    return _block(f"Kept ({plural(len(node.kept), 'chain or set', 'chains and sets')})", tag("ul", rows) if rows else tag("p", "nothing", class_="quiet"))


def _block(title: str, *content: Optional[Markup]) -> Markup:
    return tag("div", tag("h3", title), *content)


def _number(text: str) -> Markup:
    return tag("td", text, class_="n")
