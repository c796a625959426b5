# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import waves


def nodes(*names, control_planes=(), **more):
    return [{"host": name, "control_plane": name in control_planes, **more} for name in names]


def places(clusters, *settings, done=()):
    """Every node of these clusters ({cluster: hosts}) pending, but for those that are done; the same settings for all."""
    own = waves.settings(*settings)
    return [{"host": host, "cluster": cluster, "control_plane": False, "pending": host not in done, "done": host in done, "waves": own}
            for cluster, hosts in clusters.items() for host in hosts]


def test_last_size_repeats():
    assert waves.split(nodes(*"abcdefg"), [1, 2]) == [["a"], ["b", "c"], ["d", "e"], ["f", "g"]]


@pytest.mark.parametrize("size, count, expected", [("20%", 10, 2), ("20%", 4, 1), ("100%", 3, 3), (5, 3, 5), ("7", 3, 7), ("33.3%", 9, 2)])
def test_wave_size(size, count, expected):
    assert waves.wave_size(size, count) == expected


@pytest.mark.parametrize("size", [0, -1, "0%", "101%", "many", "1.5", "five", "nan%", "inf%"])
def test_wave_size_that_cannot_be_meant_is_named(size):
    with pytest.raises(waves.WaveError, match="wave size"):
        waves.settings([1, size])


def test_one_size_is_a_list_of_it():
    assert waves.settings(5)["sizes"] == [5] and waves.settings("20%")["sizes"] == ["20%"] and waves.settings("1, 5")["sizes"] == ["1", "5"]


def hosts(found):
    return [node["host"] for node in found]


def test_control_planes_move_last_by_default():
    cluster = nodes("cp1", "w1", "w2", control_planes=("cp1",))
    assert hosts(waves.order(cluster)) == ["w1", "w2", "cp1"]
    assert hosts(waves.order(cluster, "first")) == ["cp1", "w1", "w2"]
    assert hosts(waves.order(cluster, "mixed")) == ["cp1", "w1", "w2"]


def test_a_control_plane_moves_alone():
    cluster = nodes("cp1", "cp2", "w1", "w2", "w3", control_planes=("cp1", "cp2"))
    assert waves.split(cluster, [1, 5]) == [["w1"], ["w2", "w3"], ["cp1"], ["cp2"]]
    assert waves.split(cluster, [1, 5], "first") == [["cp1"], ["cp2"], ["w1"], ["w2", "w3"]]
    assert waves.split(cluster, [1, 5], "mixed") == [["cp1"], ["cp2", "w1", "w2", "w3"]]


def test_nodes_are_sorted_by_the_values_of_their_labels_among_their_kind():
    zones = {"cp1": ["a"], "w1": ["b", "2"], "w2": ["a"], "w3": ["b", "1"], "w4": ["a"]}
    cluster = [{**node, "order": zones[node["host"]]} for node in nodes(*zones, control_planes=("cp1",))]
    assert hosts(waves.order(cluster)) == ["w2", "w4", "w3", "w1", "cp1"]


def test_a_node_that_was_left_half_way_comes_first():
    cluster = nodes("w1", "w2", "cp1", control_planes=("cp1",))
    cluster[1]["started"] = cluster[2]["started"] = True
    assert hosts(waves.order(cluster)) == ["w2", "cp1", "w1"]


def test_clusters_advance_side_by_side():
    plan = waves.plan(places({"a": ["a1", "a2", "a3"], "b": ["b1"]}, [1, 5]))
    assert plan["hosts"] == ["a1", "b1", "a2", "a3"]
    assert plan["serial"] == [2, 2]
    assert plan["waves"] == {"a": [["a1"], ["a2", "a3"]], "b": [["b1"]]}
    assert plan["number"] == {"a1": 0, "b1": 0, "a2": 1, "a3": 1}


def test_every_cluster_has_its_own_settings():
    plan = waves.plan(places({"a": ["a1", "a2", "a3"]}, [1]) + places({"b": ["b1", "b2", "b3"]}, ["100%"]) + places({"c": ["c1", "c2"]}, [1], "last", 1))
    assert plan["waves"] == {"a": [["a1"], ["a2"], ["a3"]], "b": [["b1", "b2", "b3"]], "c": [["c1"]]}


def test_a_run_that_goes_on_has_the_next_wave_and_shares_of_the_whole_cluster():
    names = [f"w{number}" for number in range(20)]
    assert [len(wave) for wave in waves.plan(places({"a": names}, [1, 5, "20%"]))["waves"]["a"]] == [1, 5, 4, 4, 4, 2]
    assert [len(wave) for wave in waves.plan(places({"a": names}, [1, 5, "20%"], done=names[:1]))["waves"]["a"]] == [5, 4, 4, 4, 2]
    assert [len(wave) for wave in waves.plan(places({"a": names}, [1, 5, "20%"], done=names[:4]))["waves"]["a"]] == [5, 4, 4, 3]
    assert [len(wave) for wave in waves.plan(places({"a": names}, [1, 5, "20%"], done=names[:6]))["waves"]["a"]] == [4, 4, 4, 2]


def test_control_planes_that_have_moved_first_have_used_up_no_size():
    names = ["cp1", "cp2", *(f"w{number}" for number in range(6))]

    def sizes(control_planes, *done):
        given = [{**place, "control_plane": place["host"].startswith("cp")} for place in places({"a": names}, [1, 5], control_planes, done=done)]
        return [len(wave) for wave in waves.plan(given)["waves"]["a"]]

    assert sizes("first") == [1, 1, 1, 5] and sizes("first", "cp1", "cp2") == [1, 5]
    assert sizes("mixed", "cp1") == [5, 2]


def test_nothing_to_move():
    assert waves.plan([]) == waves.plan(places({"a": ["a1"]}, done=["a1"])) == {"hosts": [], "serial": [], "waves": {}, "number": {}}


@pytest.mark.parametrize("text", ["1, 5,20%", "[1, 5, '20%']", '[1,5,"20%"]', "", None])
def test_sizes_may_be_a_text_and_empty_means_the_default(text):
    cluster = {"a": list(map(str, range(20)))}
    assert waves.plan(places(cluster, text)) == waves.plan(places(cluster, [1, 5, "20%"]))
    assert waves.plan(places(cluster, text))["serial"] == [1, 5, 4, 4, 4, 2]


def test_a_run_may_have_fewer_waves():
    clusters = {"a": ["a1", "a2", "a3"], "b": ["b1"]}
    plan = waves.plan(places(clusters, [1], "last", 1))
    assert plan == {"hosts": ["a1", "b1"], "serial": [2], "waves": {"a": [["a1"]], "b": [["b1"]]}, "number": {"a1": 0, "b1": 0}}
    assert waves.plan(places(clusters, [1], "last", 2))["hosts"] == ["a1", "b1", "a2"]
    assert waves.plan(places(clusters, [1], "last", "0"))["hosts"] == ["a1", "b1", "a2", "a3"]


@pytest.mark.parametrize("count", [-1, "many", "1.5"])
def test_a_number_of_waves_that_cannot_be_meant_is_named(count):
    with pytest.raises(waves.WaveError, match="number of waves"):
        waves.settings([1], "last", count)


def test_an_order_that_cannot_be_meant_is_named():
    with pytest.raises(waves.WaveError, match="control planes 'never': expected last, first or mixed"):
        waves.settings([1], "never")


@pytest.mark.parametrize(
    ("count", "sizes", "soak", "seconds"),
    [
        (3, [1, 5, "20%"], 0, 10800 + 2 * 900 + 3 * 60),
        (100, [1, 5, "20%"], 0, 10800 + 7 * 900 + 100 * 60),
        (100, [1, 5, "20%"], "1800", 10800 + 7 * 2700 + 100 * 60),
        (1000, [1], 0, 10800 + 1000 * 900 + 1000 * 60),
    ],
)
def test_a_run_may_take_long_by_its_nodes_waves_and_soak_time(count, sizes, soak, seconds):
    assert waves.longest_run(count, sizes, soak) == seconds


@given(st.dictionaries(st.text(min_size=1), st.integers(0, 40), max_size=4),
       st.lists(st.one_of(st.integers(1, 9), st.integers(1, 100).map("{}%".format)), min_size=1, max_size=4), st.integers(0, 5))
def test_every_node_moves_once_and_no_wave_exceeds_its_size(counts, sizes, control_planes):
    clusters = {name: [f"{name}-{number}" for number in range(count)] for name, count in counts.items()}
    given = [{**place, "control_plane": int(place["host"].rsplit("-", 1)[1]) < control_planes} for place in places(clusters, sizes)]
    plan = waves.plan(given)
    assert sorted(plan["hosts"]) == sorted(place["host"] for place in given)
    assert sum(plan["serial"]) == len(plan["hosts"])
    leading = {place["host"] for place in given if place["control_plane"]}
    for name, cluster in plan["waves"].items():
        for number, wave in enumerate(cluster):
            assert 0 < len(wave) <= waves.wave_size(sizes[min(number, len(sizes) - 1)], counts[name])
            assert len(wave) == 1 or not leading & set(wave)
