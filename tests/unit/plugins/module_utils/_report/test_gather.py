# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a real run has left becomes the report's data, whole."""

from __future__ import annotations

import pathlib

import pytest
import yaml
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.gather import NODE_STEPS, gather
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.model import read
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.summary import lines

HANDOVER = pathlib.Path(__file__).resolve().parents[5] / "roles/handover"


def test_every_step_of_a_wave_is_told_by_node_and_known_to_who_renews_the_lock_and_who_only_cleans():
    tasks, known = (yaml.safe_load((HANDOVER / name).read_text(encoding="utf-8")) for name in ("tasks/wave.yml", "vars/main.yml"))
    steps = set(next(task["loop"] for task in tasks if "loop" in task))
    assert {*steps, "give_back"} == set(NODE_STEPS)
    assert steps | {"give_back"} <= set(known["__handover_renewing_steps"])
    assert steps - {"clean", "prove_again", "uncordon"} == set(known["__handover_moving_steps"])


def host(left, node):
    return next(host for host in left["hosts"] if host["kpr_node_name"] == node)


@pytest.mark.parametrize("name", ["migrate", "halted", "check", "rollback"])
def test_all_that_a_run_has_left_is_told(left, name):
    facts = left(name)
    data = gather(**facts)
    report = read(data)
    assert {node.name for node in report.nodes} == {host["kpr_node_name"] for host in facts["hosts"]}
    assert (report.started, report.finished) == (facts["run"]["kpr_began"], facts["finished"])
    assert report.versions["Kubernetes"].startswith("v1.") and report.versions["Cilium"] and report.versions["kernel"]
    assert all(node.kernel and node.before in ("on", "off") for node in report.nodes)
    assert all(node.after in ("on", "off") for node in report.nodes) or name == "check", "in a dry run nobody asks again"
    told = [step.name for step in report.steps] + [step.name for node in report.nodes for step in node.steps]
    assert {step["name"] for host in facts["hosts"] for step in host["handover_steps"]} | {"plan"} == set(told)
    assert bool(report.traffic) == any((host.get("traffic_seen") or {}).get("traffic") for host in facts["hosts"])


def test_a_dry_run_is_not_blamed_for_the_halt_of_an_earlier_run(left):
    facts = left("check")
    facts["leader"]["handover_record"] = {"state": {"phase": "halted", "reason": "check on worker1"}}
    assert read(gather(**facts)).good
    facts["leader"]["handover_halted"] = "prove on worker1"
    assert not read(gather(**facts)).good


def test_a_migration(left, told):
    report = read(told("migrate"))
    assert (report.state, report.reason, report.good) == ("settled", "", True)
    assert [wave.nodes for wave in report.waves][0] == ("worker1",)
    for node in report.nodes:
        assert (report.outcome(node), node.before, node.after, node.clean, node.chains_left) == ("moved", "off", "on", True, 0)
        assert node.found.kube_proxy().chains == node.removed.chains > 40 and node.removed.rules > 50 and node.kept
        assert node.takeover_seconds == next(step.seconds for step in node.steps if step.name == "take_over")
    assert [name for name in (step.name for step in report.steps) if name in ("plan", "prepare", "settle", "unlock")] == ["plan", "prepare", "settle", "unlock"]
    assert report.started < report.steps[0].began + 1 and report.steps[-1].began + report.steps[-1].seconds < report.finished


def test_a_halted_wave(told):
    report = read(told("halted"))
    assert (report.state, report.good) == ("halted", False) and "worker1" in report.reason
    assert {node.name: report.outcome(node) for node in report.nodes}["worker1"] == "given back"
    node = next(node for node in report.nodes if node.name == "worker1")
    assert node.error.startswith("check on worker1") and node.returned and node.after == "off"
    assert set(report.named("untouched")) == {node.name for node in report.nodes} - {"worker1"}


def test_a_dry_run(told):
    report = read(told("check"))
    assert report.check_mode and report.named("would move") == [node.name for node in report.nodes]
    assert report.not_measured == "a dry run watches nothing"


def test_a_rollback(told):
    report = read(told("rollback"))
    assert (report.action, report.state, report.named("given back")) == ("rollback", "returned", [node.name for node in report.nodes])
    assert {(node.before, node.after) for node in report.nodes} == {("on", "off")}
    assert {"unsettle", "restore"} <= {step.name for step in report.steps}


def test_the_steps_of_the_whole_cluster_begin_with_the_plan_and_several_hosts_share_one(left):
    facts = left("migrate")
    began = facts["run"]["kpr_began"]

    def step(name, after, seconds, ok=True):
        return {"name": name, "began": began + after, "seconds": seconds, "ok": ok, "error": "" if ok else "it broke"}

    facts["hosts"][0]["handover_steps"] = [step("lock", 10, 1), step("probe_setup", 20, 5), step("lock", 40, 1), step("take_over", 50, 1)]
    facts["hosts"][1]["handover_steps"] = [step("probe_setup", 21, 9, ok=False)]
    assert [(one["name"], one["began"] - began, one["seconds"], one["ok"], one["error"]) for one in gather(**facts)["steps"]] == [
        ("plan", 0, 10, True, ""), ("lock", 10, 1, True, ""), ("probe_setup", 20, 10, False, "it broke"), ("lock", 40, 1, True, "")]  # fmt: skip


def test_what_was_found_and_removed_is_what_the_clean_up_says(left):
    facts = left("migrate")
    cleaned = host(facts, "worker1")["kube_proxy_cleanup_result"]
    assert cleaned["removed"]["jumps"] and cleaned["removed"]["chains"]
    node = gather(**facts)["nodes"]["worker1"]
    assert {key: node["removed"][key] for key in ("jumps", "chains", "sets")} == {key: cleaned["removed"][key] for key in ("jumps", "chains", "sets")}
    assert [node[key] for key in ("found", "kept", "clean")] == [cleaned[key] for key in ("found", "kept", "clean")]


def test_rules_that_were_not_counted_are_those_found_where_all_chains_went(left):
    for missing, known in ((0, True), (4, False)):
        facts = left("migrate")
        removed = host(facts, "worker1")["kube_proxy_cleanup_result"]["removed"]
        removed.update(rules=None, chains=removed["chains"] - missing)
        report = read(gather(**facts))
        node = next(node for node in report.nodes if node.name == "worker1")
        assert (node.removed.rules == node.found.kube_proxy().rules) is known
        assert (node.removed.rules is None) is not known and node.chains_left == missing


def test_the_first_error_is_the_nodes(left):
    facts = left("halted")
    steps = [step for step in host(facts, "worker1")["handover_steps"] if step["name"] in NODE_STEPS]
    steps[-1]["error"] = "and then this"
    assert gather(**facts)["nodes"]["worker1"]["error"] == next(step["error"] for step in steps if step["error"]) != "and then this"


def test_a_node_that_moved_in_an_earlier_run_is_not_untouched(left):
    facts = left("halted")
    facts["leader"]["handover_labels"]["cp1"] = {"kubeproxy-free.fleetops.io/state": "moved"}
    report = read(gather(**facts))
    assert report.named("moved before") == ["cp1"]


def test_traffic_is_one_series_and_says_where_each_path_begins(left):
    facts = left("migrate")
    seen = [host["traffic_seen"]["traffic"] for host in facts["hosts"]] + [facts["hosts"][0]["traffic_seen_outside"]["traffic"]]
    seen[0]["bucket_seconds"] *= 4  # one prober ran for longer than the others
    data = gather(**facts)["traffic"]
    assert data["bucket_seconds"] == seen[0]["bucket_seconds"]
    assert sum(row[1] for row in data["series"]) == sum(row[1] for one in seen for row in one["series"])
    assert {path["from"] for path in data["paths"]} == {"outside", *(host["kpr_node_name"] for host in facts["hosts"])}
    assert len(data["paths"]) == sum(len(one["paths"]) for one in seen)
    assert all(row[0] % data["bucket_seconds"] == 0 and any(row[2:]) for path in data["paths"] for row in path["series"])


@pytest.mark.parametrize(
    "namespaces, dry, says",
    [
        (None, False, "kpr_traffic=true watches it"),
        ([], False, "kpr_traffic_namespaces is empty: say whose Services may be asked, as in -e '{\"kpr_traffic_namespaces\": [\"shop\"]}'"),
        (["shop", "web"], False, "no Service that can be asked was found in shop, web (kpr_traffic_namespaces)"),
        (["shop"], True, "a dry run watches nothing"),
    ],
)
def test_why_no_traffic_was_measured(left, namespaces, dry, says):
    facts = left("migrate")
    for one in facts["hosts"]:
        one["traffic_seen"] = one["traffic_seen_outside"] = {"skipped": True}
    assert gather(**{**facts, "traffic_from": namespaces, "check_mode": dry})["not_measured"] == says


def test_nodes_whose_probers_did_not_answer_are_named_beside_what_others_saw(left):
    facts = left("migrate")
    facts["leader"]["traffic_plans"] = {one["kpr_node_name"]: {"targets": [{"name": "x"}], "outside": []} for one in facts["hosts"]}
    assert gather(**facts)["not_measured"] == ""
    host(facts, "worker1")["traffic_seen"] = {"unreachable": True, "msg": "away"}
    data = gather(**facts)
    assert data["not_measured"] == f"from 1 of {len(facts['hosts'])} nodes, whose probers did not answer: worker1"
    assert f"traffic: not measured {data['not_measured']}" in lines(read(data))


def test_a_run_that_ended_before_anything_was_read_is_told(left):
    facts = left("migrate")
    report = read(gather([{key: host[key] for key in ("inventory_hostname", "kpr_node_name")} for host in facts["hosts"]], {}, {}, cluster="kpr"))
    assert set(report.named("untouched")) == {node.name for node in report.nodes} and report.seconds is None


@pytest.mark.parametrize(
    "agent, status",
    [({"enabled": True, "mode": "true"}, "on"), ({"enabled": False, "mode": "false"}, "off"), ({"enabled": None, "mode": "partial"}, "partial"),
     ({"enabled": None, "mode": None}, "unknown")],
)  # fmt: skip
def test_what_an_agent_says_of_the_replacement(left, agent, status):
    facts = left("migrate")
    facts["agents"]["worker1"] |= {"kube_proxy_replacement": agent, "drift": ["another way"]}
    assert gather(**facts)["nodes"]["worker1"]["drift"] == ["another way"]
    assert gather(**facts)["nodes"]["worker1"]["status_after"] == status
    facts["agents"]["worker1"]["error"] = "timed out"
    assert gather(**facts)["nodes"]["worker1"]["status_after"] == "no answer"
