# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Series are folded without losing a request."""

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report import model
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.read import Reader
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.traffic import BUCKETS, COUNTS, SERIES_COLUMNS, Traffic, as_rows, folded
from hypothesis import given
from hypothesis import strategies as st

ROW = st.tuples(*[st.integers(0, 50)] * len(COUNTS), st.floats(0, 9000)).map(list)
SERIES = st.dictionaries(st.integers(1767340800, 1767340800 + 90000), ROW, min_size=1, max_size=60)


@given(st.lists(SERIES, min_size=1, max_size=4), st.integers(1, 4000))
def test_folding_keeps_every_request(series, bucket):
    result = folded(series, bucket)
    rows = [row for one in series for row in one.values()]
    for column in range(len(COUNTS)):
        assert sum(row[column] for row in result.values()) == sum(row[column] for row in rows)
    assert max(row[-1] for row in result.values()) == max(row[-1] for row in rows)
    assert all(second % bucket == 0 for second in result)
    assert list(result) == sorted(result)
    assert folded([result], bucket) == result


def path(rows, **more):
    return {"name": "one", "ok": 1, "series": rows, **more}


def read(*paths, **more):
    return Traffic.read(Reader({"paths": list(paths), **more}, "traffic"))


def test_a_long_run_has_a_bounded_number_of_buckets():
    traffic = read(path([[second, 1, 0, 0, 0, 0, 0, 2.0] for second in range(0, 20_000)]))
    assert traffic.bucket == 56
    assert len(traffic.series()) <= BUCKETS + 1
    assert sum(row[0] for row in traffic.series().values()) == 20_000


def test_columns_may_come_in_another_order(three_nodes):
    columns = list(reversed(SERIES_COLUMNS))
    turned = read(path([[1400.0, 2, 0, 1, 0, 3, 5, 100]]), series_columns=columns)
    assert as_rows(turned.series()) == [[100, 5, 3, 0, 1, 0, 2, 1400.0]]


def test_counts_and_order(three_nodes):
    traffic = model.read(three_nodes).traffic
    assert (traffic.requests, traffic.failed, traffic.counts["slow"], traffic.bucket) == (24, 4, 2, 1)
    assert traffic.share_slow == pytest.approx(10.0)
    assert [path.service for path in traffic.worst_first()] == ["shop/web", "kube-system/kube-dns"]
    assert traffic.series()[1767340813] == [7, 3, 0, 1, 0, 2, 1400.0]


def test_no_answer_at_all_is_no_division_by_zero():
    assert read({"name": "one", "refused": 5}).share_slow == 0.0
