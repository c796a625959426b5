# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's section on traffic: the paths on which something went wrong, and all of them by Service. Pure."""

from __future__ import annotations

from typing import Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report import figure, summary
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.markup import Markup, tag
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.model import Report
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.tables import cell, heads, table, texts
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.traffic import WRONG, Path, Traffic
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.words import number, plural

# Rows of the table of paths; those on which nothing went wrong are summed up by Service.
ROWS = 200
WRONG_HEADS = [kind.replace("_", " ").capitalize() for kind in WRONG]


def section(report: Report, axis: Optional[figure.Axis]) -> Markup:
    traffic = report.traffic
    if traffic is None:
        return tag("section", tag("h2", "Traffic"), tag("p", summary.not_measured(report)))
    wrong = traffic.worst_first()
    parts = [tag("h2", "Traffic"), tag("p", summary.totals(traffic).capitalize())]
    if report.not_measured:
        parts.append(tag("p", summary.not_measured(report).capitalize()))
    if wrong:
        parts += [tag("h3", "Paths on which something went wrong, the worst first"), _paths(wrong[:ROWS], traffic, axis)]
    if len(wrong) > ROWS:
        parts.append(tag("p", f"{plural(len(wrong) - ROWS, 'path')} more; all of them are in the report's JSON."))
    return tag("section", parts, tag("h3", "All paths, by Service"), _services(traffic))


def _paths(paths: list[Path], traffic: Traffic, axis: Optional[figure.Axis]) -> Markup:
    rows = [
        tag(
            "tr",
            texts(path.origin), tag("td", path.name, _errors(path), class_="path"),
            cell(path.requests), [cell(path.counts[kind]) for kind in WRONG], cell(path.p99_ms), cell(path.max_ms),
            tag("td", figure.strip(path, axis, traffic.bucket) if axis else None),
        )
        for path in paths
    ]  # fmt: skip
    return table(heads("From", "Path") + heads("Requests", *WRONG_HEADS, "p99 ms", "max ms", numbers=True) + heads("When"), rows)


def _errors(path: Path) -> Optional[Markup]:
    said = ", ".join(f"{number(count)} x {text}" for text, count in path.errors.items())
    return tag("div", said, class_="quiet") if said else None


def _services(traffic: Traffic) -> Markup:
    services: dict[str, list[Path]] = {}
    for path in traffic.paths:
        services.setdefault(path.service or "(no Service)", []).append(path)
    rows = [
        tag(
            "tr",
            texts(name), cell(len(paths)), cell(sum(path.requests for path in paths)),
            [cell(sum(path.counts[kind] for path in paths)) for kind in WRONG],
            cell(max((path.max_ms for path in paths if path.max_ms is not None), default=None)),
        )
        for name, paths in sorted(services.items(), key=lambda entry: (-sum(path.wrong for path in entry[1]), entry[0]))
    ]  # fmt: skip
    return table(heads("Service") + heads("Paths", "Requests", *WRONG_HEADS, "max ms", numbers=True), rows)
