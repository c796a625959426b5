# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counting what came of requests: totals, latency percentiles and a series by second, in bounded memory."""

from __future__ import annotations

import math
from typing import Any, Iterable

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import OUTCOMES, Attempt
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.series import COUNTS, Row

PERCENTILES = (50, 90, 99)
MAX_TEXTS = 20


class Latency:
    """Percentiles from buckets that each are 5 % wider than the one before: right to 5 %, whatever the number of samples."""

    GROWTH = math.log(1.05)
    SMALLEST = 1e-5

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self._count = 0
        self._largest = 0.0

    def add(self, seconds: float) -> None:
        bucket = math.ceil(math.log(max(seconds, self.SMALLEST) / self.SMALLEST) / self.GROWTH)
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        self._count += 1
        self._largest = max(self._largest, seconds)

    def percentile(self, percent: float) -> float | None:
        wanted = math.ceil(self._count * percent / 100)
        passed = 0
        for bucket in sorted(self._buckets):
            passed += self._buckets[bucket]
            if passed >= wanted:
                return min(self.SMALLEST * math.exp(bucket * self.GROWTH), self._largest)
        return None

    def as_dict(self) -> dict[str, float | None]:
        """In milliseconds; of answered requests only."""
        found = {f"p{percent}_ms": _milliseconds(self.percentile(percent)) for percent in PERCENTILES}
        found["max_ms"] = _milliseconds(self._largest if self._count else None)
        return found


class Tally:
    """All that is known of one path."""

    def __init__(self, slow_threshold: float) -> None:
        self._slow_threshold = slow_threshold
        self.counts = dict.fromkeys(OUTCOMES, 0)
        self.slow = 0
        self.latency = Latency()
        self.backends: dict[str, int] = {}
        self.errors: dict[str, int] = {}
        self.translated: dict[str, int] = {}
        self.not_translated = 0
        self.first_answer: int | None = None  # the second in which the earliest request with an answer began
        self._seconds: dict[int, Row] = {}

    def add(self, second: int, attempt: Attempt) -> None:
        slow = attempt.outcome == "ok" and attempt.seconds > self._slow_threshold
        self.counts[attempt.outcome] += 1
        self.slow += slow
        if attempt.outcome == "ok":
            self.latency.add(attempt.seconds)
            self.first_answer = second if self.first_answer is None else min(self.first_answer, second)
        _count(self.backends, attempt.backend)
        _count(self.errors, attempt.error)
        if attempt.translated == "":
            self.not_translated += 1
        else:
            _count(self.translated, attempt.translated)
        row = self._seconds.setdefault(second, [second] + [0] * len(COUNTS))
        row[1 + COUNTS.index(attempt.outcome)] += 1
        row[-1] += slow

    def take_rows(self, before: float = math.inf) -> list[Row]:
        """Hand over (and forget) the series' rows of the seconds before a time."""
        return [self._seconds.pop(second) for second in sorted(self._seconds) if second < before]

    def as_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"requests": sum(self.counts.values())}
        found.update(self.counts)
        found.update(slow=self.slow, latency=self.latency.as_dict(), backends=dict(self.backends), errors=dict(self.errors))
        return found


def totals(summaries: Iterable[dict[str, Any]]) -> dict[str, int]:
    """The sum over the summaries of several paths."""
    found = dict.fromkeys(("requests",) + OUTCOMES + ("slow",), 0)
    for summary in summaries:
        for key in found:
            found[key] += summary[key]
    return found


def _count(counts: dict[str, int], text: str | None) -> None:
    if text is None:
        return
    if text not in counts and len(counts) >= MAX_TEXTS:
        text = "(more)"
    counts[text] = counts.get(text, 0) + 1


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)
