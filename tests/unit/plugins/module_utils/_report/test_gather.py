# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.gather import gather
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.model import read


def node(name, wave=0, **changes):
    return {"name": name, "node_facts": {"kernel": "6.1.0"}, "wave": wave, "cleaned": [], "traffic": {},
            "steps": [{"name": "take_over", "began": 100.0 + (wave or 0), "seconds": 20.0, "ok": True, "error": ""}], **changes}


def cleaned(**removed):
    return {"removed": {"chains": 0, "rules": 0, "jumps": 0, "tables": [], "sets": [], "virtual_servers": 0, "interface": False, **removed},
            "found": {"nft": {"ip": {"nat": {"kube-proxy": {"chains": 24, "rules": 61, "jumps": 3}}}}}, "kept": []}


def test_what_both_calls_removed_is_added_and_what_was_found_is_the_first_calls():
    data = gather([node("w1", cleaned=[cleaned(jumps=3), {**cleaned(chains=24, rules=61), "found": {}}])], cluster="a")
    assert data["nodes"]["w1"]["removed"] == {"chains": 24, "rules": 61, "jumps": 3, "virtual_servers": 0, "tables": [], "sets": [], "interface": False}
    assert data["nodes"]["w1"]["found"]["nft"]["ip"]["nat"]["kube-proxy"]["chains"] == 24


def test_rules_that_the_second_call_did_not_count_are_those_found_where_all_chains_went():
    for chains, rules in ((24, 61), (20, None)):
        data = gather([node("w1", cleaned=[cleaned(jumps=3), {**cleaned(chains=chains, rules=None), "found": {}}])], cluster="a")
        assert data["nodes"]["w1"]["removed"]["rules"] == rules


def test_the_first_error_is_the_nodes():
    steps = [
        {"name": "prove", "began": 1.0, "seconds": 1.0, "ok": False, "error": "refused"},
        {"name": "give_back", "began": 2.0, "seconds": 1.0, "ok": True, "error": "refused"},
    ]
    assert gather([node("w1", steps=steps)], cluster="a")["nodes"]["w1"]["error"] == "refused"


def test_waves_are_in_order_and_nodes_that_did_not_move_are_in_none():
    data = gather([node("w2", wave=1), node("w1"), node("w3", wave=None)], cluster="a")
    assert [wave["nodes"] for wave in data["waves"]] == [["w1"], ["w2"]]
    assert (data["started"], data["finished"]) == (100.0, 121.0)


def test_traffic_names_where_it_came_from():
    seen = {"paths": [{"name": "host to x", "ok": 1}], "series_columns": ["second"], "left_out": 1, "max_lag_ms": 5}
    data = gather([node("w1", traffic=seen)], outside=seen, cluster="a")
    assert [path["from"] for path in data["traffic"]["paths"]] == ["w1", "outside"]
    assert (data["traffic"]["left_out"], data["traffic"]["max_lag_ms"]) == (2, 5)


def test_the_module_reads_it():
    report = read(gather([node("w1", cleaned=[cleaned(chains=24)])], cluster="a", action="migrate", state="settled", findings=[]))
    assert report.nodes[0].removed.chains == 24 and report.nodes[0].outcome("migrate") == "moved"


def test_a_node_that_moved_in_an_earlier_run_is_not_untouched():
    data = gather([node("w1", steps=[], before="moved"), node("w2", steps=[])], cluster="a", action="migrate")
    assert [one.outcome("migrate") for one in read(data).nodes] == ["moved before", "untouched"]
