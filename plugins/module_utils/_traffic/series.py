# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts over time, as rows: the Unix time at which a bucket of time begins, then how many requests that began in it came to what. Pure."""

from __future__ import annotations

from typing import Iterable

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import OUTCOMES

COUNTS = OUTCOMES + ("slow",)
SERIES_COLUMNS = ("second",) + COUNTS
# However long a run was, its series has about so many rows at most.
BUCKETS = 360

Row = list[int]


def bucket_of(rows: list[Row]) -> int:
    """The seconds of a bucket for these rows. A power of two, so that what was folded on one node can be folded again with what another one saw longer."""
    span = max(row[0] for row in rows) - min(row[0] for row in rows) + 1 if rows else 1
    bucket = 1
    while span > BUCKETS * bucket:
        bucket *= 2
    return bucket


def folded(rows: Iterable[Row], bucket: int = 1) -> list[Row]:
    """Add rows up in buckets of so many seconds."""
    found: dict[int, Row] = {}
    for row in rows:
        begin = row[0] - row[0] % bucket
        into = found.setdefault(begin, [begin] + [0] * len(COUNTS))
        for column in range(1, len(row)):
            into[column] += row[column]
    return [found[begin] for begin in sorted(found)]


def wrong(rows: Iterable[Row]) -> list[Row]:
    """Those in which a request failed or was slow."""
    return [row for row in rows if any(row[2:])]
