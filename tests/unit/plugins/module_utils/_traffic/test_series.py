# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Series are folded without losing a request."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.series import BUCKETS, COUNTS, bucket_of, folded, wrong
from hypothesis import given
from hypothesis import strategies as st

ROW = st.tuples(st.integers(1767340800, 1767340800 + 90000), *[st.integers(0, 50)] * len(COUNTS)).map(list)


@given(st.lists(ROW, max_size=60), st.integers(1, 4000))
def test_folding_keeps_every_request(rows, bucket):
    result = folded(rows, bucket)
    for column in range(1, len(COUNTS) + 1):
        assert sum(row[column] for row in result) == sum(row[column] for row in rows)
    assert all(row[0] % bucket == 0 for row in result)
    assert result == sorted(result, key=lambda row: row[0]) and len({row[0] for row in result}) == len(result)
    assert folded(result, bucket) == result


@given(st.lists(ROW, min_size=1, max_size=60), st.lists(ROW, min_size=1, max_size=60))
def test_what_two_nodes_have_folded_adds_up_as_if_it_had_been_folded_together(one, other):
    bucket = max(bucket_of(one), bucket_of(other))
    assert folded(folded(one, bucket_of(one)) + folded(other, bucket_of(other)), bucket) == folded(one + other, bucket)


def test_the_number_of_rows_is_bounded():
    for seconds, bucket in ((1, 1), (360, 1), (361, 2), (14400, 64)):
        rows = [[1767340801 + second, 1, 0, 0, 0, 0, 0] for second in range(seconds)]
        assert bucket_of(rows) == bucket
        assert len(folded(rows, bucket)) <= BUCKETS + 1
    assert bucket_of([]) == 1


def test_slow_answers_are_something_wrong():
    fine, slow, refused = [1, 5, 0, 0, 0, 0, 0], [2, 5, 0, 0, 0, 0, 1], [3, 0, 1, 0, 0, 0, 0]
    assert wrong([fine, slow, refused]) == [slow, refused]
