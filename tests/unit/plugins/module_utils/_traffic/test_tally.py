# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import Attempt
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.series import SERIES_COLUMNS
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.tally import Latency, Tally, totals


@settings(deadline=None)
@given(st.lists(st.floats(min_value=1e-4, max_value=60), min_size=1), st.sampled_from([50, 90, 99]))
def test_percentiles_are_right_to_five_percent(samples, percent):
    latency = Latency()
    for sample in samples:
        latency.add(sample)
    exact = sorted(samples)[max(0, -(-len(samples) * percent // 100) - 1)]
    assert exact / 1.0001 <= latency.percentile(percent) <= exact * 1.0501


def test_no_sample_no_percentile():
    assert Latency().as_dict() == {"p50_ms": None, "p90_ms": None, "p99_ms": None, "max_ms": None}


def test_the_first_answer_is_that_of_the_earliest_request_that_had_one():
    tally = Tally(slow_threshold=1.0)
    tally.add(99, Attempt("timed_out", 5.0))
    assert tally.first_answer is None
    for second in (102, 101, 103):
        tally.add(second, Attempt("ok", 0.01))
    assert tally.first_answer == 101


def filled():
    tally = Tally(slow_threshold=1.0)
    tally.add(100, Attempt("ok", 0.01, "a"))
    tally.add(100, Attempt("ok", 1.5, "b"))
    tally.add(100, Attempt("refused", 0.001, None, "connection refused"))
    tally.add(101, Attempt("timed_out", 5.0, None, "no answer in time"))
    return tally


def test_slow_answers_are_answers_and_failures_have_no_latency():
    found = filled().as_dict()
    assert (found["requests"], found["ok"], found["slow"], found["refused"], found["timed_out"]) == (4, 2, 1, 1, 1)
    assert found["latency"]["max_ms"] == 1500
    assert found["backends"] == {"a": 1, "b": 1}
    assert found["errors"] == {"connection refused": 1, "no answer in time": 1}


def test_the_series_has_a_row_per_second_and_hands_each_over_once():
    tally = filled()
    rows = [dict(zip(SERIES_COLUMNS, row)) for row in tally.take_rows(before=101)]
    assert rows == [dict(second=100, ok=2, refused=1, timed_out=0, reset=0, other=0, slow=1)]
    assert [row[0] for row in tally.take_rows()] == [101]
    assert tally.take_rows() == []


def test_totals_add_paths_up():
    found = totals([filled().as_dict(), filled().as_dict()])
    assert (found["requests"], found["ok"], found["slow"]) == (8, 4, 2)


def test_a_flood_of_different_texts_stays_bounded():
    tally = Tally(1.0)
    for number in range(100):
        tally.add(1, Attempt("other", 0.1, None, f"error {number}"))
    assert len(tally.errors) == 21 and sum(tally.errors.values()) == 100
