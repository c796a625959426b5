# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import waves


def nodes(*names, control_planes=()):
    return [{"host": name, "control_plane": name in control_planes} for name in names]


def test_last_size_repeats():
    assert waves.split("abcdefg", [1, 2]) == [["a"], ["b", "c"], ["d", "e"], ["f", "g"]]


@pytest.mark.parametrize("size, count, expected", [("20%", 10, 2), ("20%", 4, 1), ("100%", 3, 3), (5, 3, 5), ("7", 3, 7), ("33.3%", 9, 2)])
def test_wave_size(size, count, expected):
    assert waves.wave_size(size, count) == expected


@pytest.mark.parametrize("size", [0, -1, "0%", "101%", "many", "1.5", ""])
def test_wave_size_that_cannot_be_meant_is_named(size):
    with pytest.raises(waves.WaveError, match="wave size"):
        waves.wave_size(size, 10)


def test_control_planes_move_last_by_default():
    cluster = nodes("cp1", "w1", "w2", control_planes=("cp1",))
    assert waves.order(cluster) == ["w1", "w2", "cp1"]
    assert waves.order(cluster, "first") == ["cp1", "w1", "w2"]
    assert waves.order(cluster, "mixed") == ["cp1", "w1", "w2"]


def test_nodes_are_sorted_by_the_values_of_their_labels_among_their_kind():
    zones = {"cp1": ["a"], "w1": ["b", "2"], "w2": ["a"], "w3": ["b", "1"], "w4": ["a"]}
    cluster = [{**node, "order": zones[node["host"]]} for node in nodes(*zones, control_planes=("cp1",))]
    assert waves.order(cluster) == ["w2", "w4", "w3", "w1", "cp1"]


def test_clusters_advance_side_by_side():
    plan = waves.plan({"a": nodes("a1", "a2", "a3"), "b": nodes("b1")}, [1, 5])
    assert plan["hosts"] == ["a1", "b1", "a2", "a3"]
    assert plan["serial"] == [2, 2]
    assert plan["waves"] == {"a": [["a1"], ["a2", "a3"]], "b": [["b1"]]}
    assert plan["number"] == {"a1": 0, "b1": 0, "a2": 1, "a3": 1}


def test_nothing_to_move():
    assert waves.plan({}, [1]) == {"hosts": [], "serial": [], "waves": {}, "number": {}}


@pytest.mark.parametrize("text", ["1, 5,20%", "[1, 5, '20%']", '[1,5,"20%"]'])
def test_sizes_may_be_a_text(text):
    cluster = {"a": nodes(*map(str, range(20)))}
    assert waves.plan(cluster, text) == waves.plan(cluster, [1, 5, "20%"])
    assert waves.plan(cluster, text)["serial"] == [1, 5, 4, 4, 4, 2]


def test_a_run_may_have_fewer_waves():
    clusters = {"a": nodes("a1", "a2", "a3"), "b": nodes("b1")}
    plan = waves.plan(clusters, [1], count=1)
    assert plan == {"hosts": ["a1", "b1"], "serial": [2], "waves": {"a": [["a1"]], "b": [["b1"]]}, "number": {"a1": 0, "b1": 0}}
    assert waves.plan(clusters, [1], count=2)["hosts"] == ["a1", "b1", "a2"]
    assert waves.plan(clusters, [1], count="0") == waves.plan(clusters, [1])


@pytest.mark.parametrize("count", [-1, "many", "1.5", None])
def test_a_number_of_waves_that_cannot_be_meant_is_named(count):
    with pytest.raises(waves.WaveError, match="number of waves"):
        waves.plan({}, [1], count=count)


@given(st.dictionaries(st.text(min_size=1), st.integers(0, 40), max_size=4),
       st.lists(st.one_of(st.integers(1, 9), st.integers(1, 100).map("{}%".format)), min_size=1, max_size=4))
def test_every_node_moves_once_and_no_wave_exceeds_its_size(counts, sizes):
    clusters = {name: nodes(*(f"{name}-{number}" for number in range(count))) for name, count in counts.items()}
    plan = waves.plan(clusters, sizes)
    assert sorted(plan["hosts"]) == sorted(node["host"] for cluster in clusters.values() for node in cluster)
    assert sum(plan["serial"]) == len(plan["hosts"])
    for name, cluster in plan["waves"].items():
        for number, wave in enumerate(cluster):
            assert 0 < len(wave) <= waves.wave_size(sizes[min(number, len(sizes) - 1)], counts[name])
