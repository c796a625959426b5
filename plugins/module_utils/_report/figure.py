# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a run as inline SVG, all on the same time axis: what users saw, over what was done. Pure."""

from __future__ import annotations

import dataclasses
from typing import Iterable, Iterator, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.markup import Markup, tag
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.model import Report
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.traffic import WRONG, Path, Traffic
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.words import clock, duration, number

WIDTH, LEFT, RIGHT = 1000.0, 150.0, 10.0
TOP = 18.0  # room for the waves' names
TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
# Up to so many nodes the time line has a row for each; above that, a row for each wave.
NODE_ROWS = 40
ROW = 18.0
STEP_CLASSES = {"take_over": "take", "prove": "prove", "prove_again": "prove", "retire": "retire", "clean": "clean", "give_back": "back"}


@dataclasses.dataclass(frozen=True)
class Axis:
    """Time to pixels."""

    begin: float
    end: float

    @classmethod
    def of(cls, report: Report) -> Optional[Axis]:
        times = [time for time in (report.started, report.finished) if time is not None]
        times += [time for wave in report.waves for time in (wave.started, wave.finished) if time is not None]
        times += [time for block in _bars(report) for time in (block.began, block.began + block.seconds)]
        if report.traffic:
            times += [time for second in report.traffic.series for time in (second, second + report.traffic.bucket)]
        return cls(min(times), max(*times, min(times) + 1)) if times else None

    def x(self, time: float) -> float:
        return LEFT + (time - self.begin) / (self.end - self.begin) * (WIDTH - LEFT - RIGHT)

    def ticks(self) -> list[int]:
        step = next((step for step in TICKS if (self.end - self.begin) / step <= 8), TICKS[-1])
        return list(range(int(-(-self.begin // step) * step), int(self.end) + 1, step))


@dataclasses.dataclass(frozen=True)
class Bar:
    row: str
    step: str
    began: float
    seconds: float
    ok: bool


def traffic(report: Report, seen: Traffic, axis: Axis) -> Markup:
    """Above, answers per second; below, what went wrong in each bucket of time."""
    series, bucket = seen.series, seen.bucket
    upper, lower, gap = 90.0, 70.0, 22.0
    height = TOP + upper + gap + lower + 20
    answers = {second: row[0] / bucket for second, row in series.items()}
    wrong = {second: row[1:] for second, row in series.items() if any(row[1:])}
    most, worst = max(answers.values(), default=0), max((sum(row) for row in wrong.values()), default=0)
    base, floor = TOP + upper, TOP + upper + gap + lower
    return _picture(
        "What connections saw", height,
        _waves(report, axis, height - 20),
        _label("answers per s", TOP + 12), _label(number(most), TOP + 12, "end", LEFT - 6), _label("0", base, "end", LEFT - 6),
        _line(base), _area(answers, axis, bucket, base, upper / most if most else 0),
        _label(f"wrong per {bucket} s", base + gap + 12),
        _label(number(worst), base + gap + 12, "end", LEFT - 6) if worst else None, _label("0", floor, "end", LEFT - 6), _line(floor),
        [_stack(second, row, axis, bucket, floor, lower / worst) for second, row in wrong.items()],
        None if wrong else tag("text", "nothing: every request was answered in time", class_="quiet", x=LEFT + 8, y=floor - 8),
        _time_axis(axis, floor),
    )  # fmt: skip


def timeline(report: Report, axis: Axis) -> Markup:
    bars = list(_bars(report))
    rows = list(dict.fromkeys(block.row for block in bars))
    height = TOP + ROW * len(rows) + 24
    return _picture(
        "What was done when", height,
        _waves(report, axis, height - 20),
        [_label(_shortened(row), TOP + ROW * position + 13) for position, row in enumerate(rows)],
        [_bar(block, axis, TOP + ROW * rows.index(block.row)) for block in bars],
        _time_axis(axis, height - 20),
    )  # fmt: skip


def strip(path: Path, axis: Axis, bucket: int) -> Markup:
    """When a path's requests went wrong, in the width of a table's cell."""
    scale = 240 / (axis.end - axis.begin)
    marks = []
    for second, row in path.series.items():
        worst = next((kind for kind, count in zip(WRONG, row[1:]) if count), None)
        marks.append(tag("rect", _title(second, row), class_=worst, x=(second - axis.begin) * scale, y=1, width=max(bucket * scale, 2.0), height=12))
    return tag("svg", tag("line", class_="axis", x1=0, x2=240, y1=13, y2=13), marks, class_="strip", viewBox="0 0 240 14", role="img", aria_label="when")


def _bars(report: Report) -> Iterator[Bar]:
    """One for each step of the cluster, and for each node and step; in large clusters for each wave and step, from its first begin to its last end."""
    yield from (Bar("whole cluster", step.name, step.began, step.seconds, step.ok) for step in report.steps if step.began is not None)
    if len(report.nodes) <= NODE_ROWS:
        for node in sorted(report.nodes, key=lambda node: (node.wave or 0, node.name)):
            yield from (Bar(node.name, step.name, step.began, step.seconds, step.ok) for step in node.steps if step.began is not None)
        return
    waves: dict[tuple[int, str], list[Bar]] = {}
    for node in report.nodes:
        for step in node.steps:
            if step.began is not None:
                waves.setdefault((node.wave or 0, step.name), []).append(Bar(node.name, step.name, step.began, step.seconds, step.ok))
    for (wave, name), bars in sorted(waves.items(), key=lambda entry: entry[0][0]):
        began = min(block.began for block in bars)
        row = f"wave {wave} ({len(report.waves[wave - 1].nodes):,})" if wave else "no wave"
        yield Bar(row, name, began, max(block.began + block.seconds for block in bars) - began, all(block.ok for block in bars))


def _picture(title: str, height: float, *content: object) -> Markup:
    return tag("svg", tag("title", title), *content, viewBox=f"0 0 {WIDTH:.0f} {height:.0f}", role="img", aria_label=title)


def _waves(report: Report, axis: Axis, bottom: float) -> list[Markup]:
    found = []
    for position, wave in enumerate(report.waves):
        if wave.started is None or wave.finished is None:
            continue
        x, width = axis.x(wave.started), max(axis.x(wave.finished) - axis.x(wave.started), 1.0)
        name = f"wave {position + 1}" if width > 50 else str(position + 1) if width > 12 else ""
        title = tag("title", f"wave {position + 1}: {len(wave.nodes):,} nodes, {duration(wave.finished - wave.started)}")
        found.append(tag("rect", title, class_="odd wave" if position % 2 else "wave", x=x, y=0, width=width, height=bottom))
        found.append(tag("text", name, class_="label", x=x + width / 2, y=12, text_anchor="middle"))
    return found


def _bar(block: Bar, axis: Axis, y: float) -> Markup:
    x = axis.x(block.began)
    failed = "" if block.ok else ", failed"
    kind = STEP_CLASSES.get(block.step, "step") if block.ok else "failed"
    title = tag("title", f"{block.row}: {block.step}, {duration(block.seconds)} from {clock(block.began)}{failed}")
    return tag("rect", title, class_=kind, x=x, y=y + 3, width=max(axis.x(block.began + block.seconds) - x, 1.5), height=ROW - 5, rx=2)


def _area(values: dict[int, float], axis: Axis, bucket: int, base: float, scale: float) -> Markup:
    """Steps, not slopes: a bucket without a request is a hole."""
    path = "".join(
        f"M{axis.x(second):.1f} {base:.1f}V{base - value * scale:.1f}H{axis.x(second + bucket):.1f}V{base:.1f}z" for second, value in values.items() if value
    )
    return tag("path", class_="ok", d=path)


def _stack(second: int, row: Iterable[float], axis: Axis, bucket: int, floor: float, scale: float) -> list[Markup]:
    width = max(axis.x(second + bucket) - axis.x(second), 2.0)
    found, y = [], floor
    for kind, count in zip(WRONG, row):
        if count:
            y -= count * scale
            title = tag("title", f"{clock(second)}: {number(count)} {kind.replace('_', ' ')}")
            found.append(tag("rect", title, class_=kind, x=axis.x(second), y=y, width=width, height=count * scale))
    return found


def _time_axis(axis: Axis, y: float) -> list[Markup]:
    texts = [tag("text", clock(time), class_="label", x=axis.x(time), y=y + 15, text_anchor="middle") for time in axis.ticks() if axis.x(time) < WIDTH - 30]
    return [_line(y), *texts, *(tag("line", class_="tick", x1=axis.x(time), x2=axis.x(time), y1=TOP, y2=y) for time in axis.ticks())]


def _line(y: float) -> Markup:
    return tag("line", class_="axis", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y)


def _label(text: str, y: float, anchor: str = "start", x: float = 0.0) -> Markup:
    return tag("text", text, class_="label", x=x, y=y, text_anchor=anchor)


def _title(second: int, row: list[int]) -> Markup:
    return tag("title", f"{clock(second)}: " + ", ".join(f"{number(count)} {kind.replace('_', ' ')}" for kind, count in zip(WRONG, row[1:]) if count))


def _shortened(text: str, length: int = 22) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
