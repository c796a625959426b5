# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What connections saw: the paths' counts, and over time those of all paths, and of each what went wrong. Pure."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.read import DataError, Reader
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.series import COUNTS, SERIES_COLUMNS

# What went wrong with a request, worst first; slow ones were answered.
WRONG = COUNTS[1:]
FAILURES = tuple(kind for kind in WRONG if kind != "slow")

# When a bucket of time begins -> counts in the order of COUNTS.
Series = dict[int, list[int]]


@dataclasses.dataclass(frozen=True)
class Path:
    name: str
    origin: str
    service: str
    counts: dict[str, int]
    p99_ms: Optional[float]
    max_ms: Optional[float]
    errors: dict[str, int]
    # when the pod that asked had gone, in Unix seconds; nothing was asked from then on
    gone_at: Optional[float]
    # only where something went wrong
    series: Series

    @property
    def requests(self) -> int:
        return sum(self.counts[key] for key in ("ok",) + FAILURES)

    @property
    def failed(self) -> int:
        return sum(self.counts[key] for key in FAILURES)

    @property
    def unanswered(self) -> bool:
        """Whether nothing ever answered, before the waves either: perhaps it cannot be reached from there at all."""
        return bool(self.requests) and not self.counts["ok"]

    @property
    def wrong(self) -> int:
        return self.failed + self.counts["slow"]


@dataclasses.dataclass(frozen=True)
class Traffic:
    paths: tuple[Path, ...]
    series: Series
    bucket: int
    left_out: int

    @classmethod
    def read(cls, reader: Reader) -> Traffic:
        columns = reader.texts("series_columns")
        if columns != list(SERIES_COLUMNS):
            raise DataError(f"{reader.place}.series_columns: found {columns}, expected {', '.join(SERIES_COLUMNS)}")
        return reader.end(cls(
            paths=tuple(_path(entry) for entry in reader.dicts("paths")),
            series=_series(reader),
            bucket=int(reader.number("bucket_seconds") or 1),
            left_out=int(reader.number("left_out") or 0),
        ))  # fmt: skip

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

    def worst_first(self) -> list[Path]:
        """The paths on which something went wrong; those that never answered come last, as nothing went wrong with them meanwhile."""
        wrong = (path for path in self.paths if path.wrong)
        return sorted(wrong, key=lambda path: (path.unanswered, -path.failed, -path.counts["slow"], path.name, path.origin))

    @property
    def gone(self) -> int:
        """How many paths ended before the run did, with the pod that asked."""
        return sum(path.gone_at is not None for path in self.paths)

    @property
    def unanswered(self) -> dict[str, int]:
        """How many paths never answered, by where they were asked from."""
        return dict(Counter(path.origin for path in self.paths if path.unanswered))


def _path(reader: Reader) -> Path:
    latency, errors = reader.child("latency"), reader.child("errors")
    reader.skip("requests")
    return reader.end(Path(
        name=reader.text("name", required=True),
        origin=reader.text("from"),
        service=reader.text("service"),
        counts={key: int(reader.number(key) or 0) for key in COUNTS},
        p99_ms=latency.number("p99_ms"),
        max_ms=latency.number("max_ms"),
        errors={text: int(errors.number(text) or 0) for text in errors.names()},
        gone_at=reader.number("gone_at"),
        series=_series(reader),
    ))  # fmt: skip


def _series(reader: Reader) -> Series:
    return dict(_row(row, f"{reader.place}.series[{number}]") for number, row in enumerate(reader.items("series")))


def _row(row: Any, place: str) -> tuple[int, list[int]]:
    if not isinstance(row, list) or len(row) != len(SERIES_COLUMNS) or not all(isinstance(value, int) for value in row):
        raise DataError(f"{place}: found {row!r}, expected {len(SERIES_COLUMNS)} whole numbers ({', '.join(SERIES_COLUMNS)})")
    return row[0], row[1:]
