# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What connections saw: the paths' counts, and their series folded to a bounded number of buckets over the whole run. Pure."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Iterable, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.read import DataError, Reader
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.tally import SERIES_COLUMNS

# What went wrong with a request, worst first; slow ones were answered.
FAILURES = ("refused", "timed_out", "reset", "other")
WRONG = FAILURES + ("slow",)
COUNTS = ("ok",) + WRONG
BUCKETS = 360


@dataclasses.dataclass(frozen=True)
class Path:
    name: str
    origin: str
    service: str
    counts: dict[str, int]
    p99_ms: Optional[float]
    max_ms: Optional[float]
    # second -> counts in the order of COUNTS, then the slowest answer in ms
    series: dict[int, list[float]]

    @property
    def requests(self) -> int:
        return sum(self.counts[key] for key in ("ok",) + FAILURES)

    @property
    def failed(self) -> int:
        return sum(self.counts[key] for key in FAILURES)

    @property
    def wrong(self) -> int:
        return self.failed + self.counts["slow"]


@dataclasses.dataclass(frozen=True)
class Traffic:
    paths: tuple[Path, ...]
    bucket: int
    left_out: int
    max_lag_ms: float

    @classmethod
    def read(cls, reader: Reader) -> Traffic:
        columns = reader.texts("series_columns") or list(SERIES_COLUMNS)
        missing = sorted(set(SERIES_COLUMNS) - set(columns))
        if missing:
            raise DataError(f"{reader.place}.series_columns: {missing[0]!r} is missing, expected {', '.join(SERIES_COLUMNS)}")
        paths = tuple(_path(entry, columns) for entry in reader.dicts("paths"))
        seconds = [second for path in paths for second in path.series]
        bucket = max(1, math.ceil((max(seconds) - min(seconds) + 1) / BUCKETS)) if seconds else 1
        paths = tuple(dataclasses.replace(path, series=folded([path.series], bucket)) for path in paths)
        return reader.end(cls(paths, bucket, int(reader.number("left_out") or 0), reader.number("max_lag_ms") or 0.0))

    @property
    def counts(self) -> dict[str, int]:
        return {key: sum(path.counts[key] for path in self.paths) for key in COUNTS}

    @property
    def requests(self) -> int:
        return sum(path.requests for path in self.paths)

    @property
    def failed(self) -> int:
        return sum(path.failed for path in self.paths)

    @property
    def share_slow(self) -> float:
        """Slow answers in percent of the answers."""
        counts = self.counts
        return 100 * counts["slow"] / counts["ok"] if counts["ok"] else 0.0

    def series(self) -> dict[int, list[float]]:
        """Over all paths."""
        return folded((path.series for path in self.paths), self.bucket)

    def worst_first(self) -> list[Path]:
        return sorted(self.paths, key=lambda path: (-path.failed, -path.counts["slow"], path.name, path.origin))


def folded(series: Iterable[dict[int, list[float]]], bucket: int) -> dict[int, list[float]]:
    """Add several series up in buckets of so many seconds; of the slowest answers the slowest is kept."""
    found: dict[int, list[float]] = {}
    for one in series:
        for second, row in one.items():
            into = found.setdefault(second - second % bucket, [0] * len(row))
            for column, value in enumerate(row[:-1]):
                into[column] += value
            into[-1] = max(into[-1], row[-1])
    return dict(sorted(found.items()))


def as_rows(series: dict[int, list[float]]) -> list[list[float]]:
    """In the columns of SERIES_COLUMNS, for the report's JSON."""
    order = [COUNTS.index(column) if column in COUNTS else -1 for column in SERIES_COLUMNS[1:]]
    return [[second] + [row[column] for column in order] for second, row in series.items()]


def _path(reader: Reader, columns: list[str]) -> Path:
    latency = reader.child("latency")
    for key in ("kind", "address", "port", "namespace", "request", "expect", "backends", "errors", "requests"):
        reader.skip(key)
    return reader.end(Path(
        name=reader.text("name", required=True),
        origin=reader.text("from"),
        service=reader.text("service"),
        counts={key: int(reader.number(key) or 0) for key in COUNTS},
        p99_ms=latency.number("p99_ms"),
        max_ms=latency.number("max_ms"),
        series=dict(_row(row, columns, f"{reader.place}.series[{number}]") for number, row in enumerate(reader.items("series"))),
    ))


def _row(row: Any, columns: list[str], place: str) -> tuple[int, list[float]]:
    if not isinstance(row, list) or len(row) != len(columns) or not all(isinstance(value, (int, float)) for value in row):
        raise DataError(f"{place}: found {row!r}, expected {len(columns)} numbers ({', '.join(columns)})")
    by_name = dict(zip(columns, row))
    return int(by_name["second"]), [by_name[column] for column in COUNTS + ("max_ms",)]
