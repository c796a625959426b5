# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.spread import answers, chi_square_survival, judge

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
    assert judge({"one": counts}, names)["plausible"]


@pytest.mark.parametrize("counts", [{"a": 30, "b": 30}, {"a": 150, "b": 150, "c": 40}, {"a": 300}])
def test_a_backend_that_is_left_out_is_not(counts):
    found = judge({"one": counts}, NAMES)
    assert not found["plausible"] and "answers fell as a " in found["why"]


def test_all_three_seen_in_ten_is_no_proof():
    found = judge({"one": {"a": 4, "b": 3, "c": 3}}, NAMES)
    assert not found["plausible"] and found["why"] == "10 answers are too few to judge a spread over 3 backends; send at least 15"


def test_a_stranger_is_named():
    found = judge({"one": {"a": 50, "b": 50, "old-pod": 1}}, ["a", "b"])
    assert not found["plausible"] and found["why"] == "old-pod answered, and should not have"


def test_a_backend_that_became_ready_meanwhile_is_no_stranger_and_has_no_share():
    found = judge({"one": {"a": 50, "b": 50, "late": 3}}, ["a", "b"], others=["a", "b", "late"])
    assert found["plausible"] and found["counts"] == {"a": 50, "b": 50}


def test_one_backend_has_nothing_to_spread():
    assert judge({"one": {"a": 3}}, ["a"])["plausible"]


def clients(count, seed=7, requests=160):
    chosen = random.Random(seed)
    found = {}
    for number in range(count):
        counts = dict.fromkeys(NAMES, 0)
        for dummy in range(requests):
            counts[chosen.choice(NAMES)] += 1
        found[f"node n{number}"] = counts
    return found


def test_one_node_among_three_hundred_that_always_asks_the_same_backend_is_found():
    found = judge({**clients(299), "node bad": {"a": 160}}, NAMES)
    assert not found["plausible"] and found["why"].startswith("node bad: 160 answers fell as a 160, b 0, c 0")
    assert found["p_value"] > 1e-6  # all together it does not show


@pytest.mark.parametrize("seed", range(20))
def test_three_hundred_even_nodes_are_plausible(seed):
    assert judge(clients(300, seed), NAMES)["plausible"]


def test_the_threshold_takes_the_number_of_clients_into_account():
    rare = {"a": 36, "b": 8, "c": 8}  # p is 2.8e-7: too rare for one client, not for the rarest of three hundred
    assert not judge({"node odd": rare}, NAMES)["plausible"]
    assert judge({**clients(300, 1), "node odd": rare}, NAMES)["plausible"]


def test_a_client_with_few_answers_is_only_counted():
    found = judge({"node n1": {"a": 30, "b": 30, "c": 30}, "outside, by 192.0.2.1": {"a": 4}}, NAMES)
    assert found["plausible"] and list(found["clients"]) == ["node n1"] and found["counts"]["a"] == 34


def test_answers_are_told_apart_by_node_origin_and_address():
    def target(namespace, service, **backends):
        return {"namespace": namespace, "service": service, "backends": backends}

    pod = {"pod_uid": "u"}
    results = {"n1": {"targets": [target("host", "ns/echo:http", a=3), target("host", "ns/echo:udp", a=1, b=1), target(pod, "ns/echo:http", b=2),
                                  target("host", "ns/echoes:http", z=9), target("host", "ns/echo:http")]}, "n2": {"msg": "not reached"}}  # fmt: skip
    outside = {"paths": [{"service": "ns/echo:http", "address": "192.0.2.1", "backends": {"c": 5}}]}
    assert answers(results, outside, "ns/echo") == {"node n1": {"a": 4, "b": 1}, "the pod on n1": {"b": 2}, "outside, by 192.0.2.1": {"c": 5}}
    assert answers(results, {}, "ns/none") == {}
