# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.spread import add_up, chi_square_survival, judge_spread

NAMES = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("value", "freedom", "expected"),  # the critical values that statistics books print
    [(3.841, 1, 0.05), (6.635, 1, 0.01), (5.991, 2, 0.05), (13.816, 2, 0.001), (7.815, 3, 0.05), (16.919, 9, 0.05), (124.342, 100, 0.05), (0, 4, 1.0)],
)
def test_the_distribution_is_the_one_in_the_books(value, freedom, expected):
    assert chi_square_survival(value, freedom) == pytest.approx(expected, rel=2e-3)


@given(st.floats(0, 1e5), st.integers(1, 500))
def test_a_probability_stays_one(value, freedom):
    assert 0 <= chi_square_survival(value, freedom) <= 1


@given(st.integers(0, 2**32), st.integers(2, 10))
def test_chance_is_plausible(seed, backends):
    chosen = random.Random(seed)
    names = [str(number) for number in range(backends)]
    counts = {}
    for dummy in range(300):
        name = chosen.choice(names)
        counts[name] = counts.get(name, 0) + 1
    assert judge_spread(counts, names)["plausible"]


@pytest.mark.parametrize("counts", [{"a": 30, "b": 30}, {"a": 150, "b": 150, "c": 40}, {"a": 300}])
def test_a_backend_that_is_left_out_is_not(counts):
    found = judge_spread(counts, NAMES)
    assert not found["plausible"] and "answers fell as a " in found["why"]


def test_all_three_seen_in_ten_is_no_proof():
    found = judge_spread({"a": 4, "b": 3, "c": 3}, NAMES)
    assert not found["plausible"] and found["why"] == "10 answers are too few to judge a spread over 3 backends; send at least 15"


def test_a_stranger_is_named():
    found = judge_spread({"a": 50, "b": 50, "old-pod": 1}, ["a", "b"])
    assert not found["plausible"] and found["why"] == "old-pod answered, and should not have"


def test_one_backend_has_nothing_to_spread():
    assert judge_spread({"a": 3}, ["a"])["plausible"]


def test_answers_of_several_targets_are_added_up():
    assert add_up([{"a": 3, "b": 1}, {}, {"b": 4}]) == {"a": 3, "b": 5}
