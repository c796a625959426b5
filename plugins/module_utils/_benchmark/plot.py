# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A result as a picture (SVG): the median of each way, node, test and number of Services, with the range of its rounds; earlier ones beside it. Pure."""

from __future__ import annotations

import math

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.markup import tag

WIDTH, LEFT, RIGHT, ROW, TOP, GAP = 1080.0, 470.0, 70.0, 16.0, 56.0, 10.0
CSS = """
svg { color-scheme: light dark; font: 12px system-ui, sans-serif; background: #fff; } text { fill: #1b2330; } .quiet { fill: #5b6676; }
.line { stroke: #d9dee6; } .now { stroke: #2563c9; fill: #2563c9; } .before { stroke: #c98a1b; fill: #c98a1b; } line.now, line.before { stroke-width: 3; }
@media (prefers-color-scheme: dark) { svg { background: #12161c; } text { fill: #e4e9f0; } .quiet { fill: #9aa6b6; } .line { stroke: #313a47; }
  .now { stroke: #5e9bff; fill: #5e9bff; } .before { stroke: #e0a940; fill: #e0a940; } }
"""


def picture(result):
    """The p50 on a logarithmic axis of milliseconds."""
    rows = [row for row in result["rows"] if row["p50_ms"]]
    former = {_label(row): row["p50_ms"] for row in result.get("before") or []}
    found = [(row, [("now", row["p50_ms"]), ("before", former.get(_label(row)))]) for row in rows]
    spreads = [spread for _row, both in found for _kind, spread in both if spread]
    low = math.floor(math.log10(max(1e-3, min((one["least"] for one in spreads), default=1))))
    high = max(low + 1, math.ceil(math.log10(max((one["most"] for one in spreads), default=1))))
    drawn, y = [], TOP
    for row, both in found:
        shown = [(kind, spread) for kind, spread in both if spread]
        drawn.append(tag("text", _label(row), x=LEFT - 10, y=y + ROW * len(shown) / 2 + 4, text_anchor="end"))
        for kind, spread in shown:
            drawn.append(_bar(kind, spread, y + ROW / 2, low, high))
            y += ROW
        y += GAP
    ticks = [
        (tag("line", class_="line", x1=_x(10**power, low, high), x2=_x(10**power, low, high), y1=TOP - 8, y2=y),
         tag("text", f"{10**power:g} ms", class_="quiet", x=_x(10**power, low, high), y=TOP - 12, text_anchor="middle"))
        for power in range(low, high + 1)
    ]  # fmt: skip
    legend = [f"{result['settings']['cluster']}: p50, median of the rounds and their range", tag("tspan", f"  {result['settings']['served_by']}", class_="now")]
    if former:
        legend.append(tag("tspan", f"  {result['compared_with']}, before", class_="before"))
    return tag("svg", tag("style", CSS), tag("text", legend, x=10, y=20, style="stroke: none"), ticks, drawn,
               xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH:g} {y + 4:g}")  # fmt: skip


def _label(row):
    return f"{row['way']}, {row['node']}, {row['test']}, {row['services']:,} Services"


def _x(value, low, high):
    return LEFT + (math.log10(max(value, 10**low)) - low) / (high - low) * (WIDTH - LEFT - RIGHT)


def _bar(kind, spread, y, low, high):
    middle = _x(spread["median"], low, high)
    end = _x(spread["most"], low, high)
    return (
        tag("line", class_=kind, x1=_x(spread["least"], low, high), x2=end, y1=y, y2=y),
        tag("circle", class_=kind, cx=middle, cy=y, r=4),
        tag("text", f"{spread['median']:g}", class_="quiet", x=end + 8, y=y + 4),
    )
