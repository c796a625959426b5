# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
import yaml

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._progress import calls, lines, tracker

ROLES = pathlib.Path(__file__).resolve().parents[5] / "roles"
PLAN = {"waves": {"a": [["h1"], ["h2", "h3"], ["h4"]]}}


class Run:
    """A run that is told by hand. Time goes on with each step."""

    def __init__(self, clusters=(("a", ("h1", "h2", "h3", "h4")),)):
        self.now, self.events = 100.0, []
        self.tracker = tracker.Tracker(self.now)
        for cluster, hosts in clusters:
            for host in hosts:
                self.result(host, kpr_cluster=cluster, kpr_node_name=f"node-{host}")

    def result(self, host, **facts):
        self.events += self.tracker.result(host, facts, self.now)

    def task(self, name):
        self.events += self.tracker.task(f"fleetops.kubeproxy_free.handover : {name}", self.now)

    def step(self, name, *hosts, seconds=10.0, failed=(), doing=lambda: None):
        self.task(f"step | Begin: {name}")
        for host in hosts:
            self.result(host, __handover_began=self.now)
        self.task(f"{name} | Do it")
        self.now += seconds
        self.result(hosts[0], something=1)
        doing()
        self.task(f"step | Keep how long it took: {name}")
        for host in hosts:
            earlier = {"name": "earlier", "seconds": 999, "ok": True, "error": ""}
            last = {"name": name, "seconds": seconds - hosts.index(host), "ok": host not in failed, "error": "it broke" if host in failed else ""}
            self.result(host, handover_steps=[earlier, last])
        self.task(f"step | Halt the cluster where a node failed: {name}")

    def end(self):
        self.events += self.tracker.end(self.now)
        return self.events


def of(events, kind):
    return [event for event in events if event["event"] == kind]


@pytest.mark.parametrize("file, variable", [
    ("handover/tasks/step.yml", "handover_step"), ("tune/tasks/phase.yml", "tune_phase"), ("kubeadm_init/tasks/stage.yml", "kubeadm_init_stage")])
def test_the_names_that_are_read_are_those_of_the_roles(file, variable):
    tasks = yaml.safe_load((ROLES / file).read_text())
    names = [task["name"].replace("{{ %s }}" % variable, "take_over") for task in tasks[0].get("block", tasks[:1]) + tasks[1:]]
    assert [match.groups() for match in map(tracker.STEP.search, names) if match] == [("Begin", "take_over"), ("Keep how long it took", "take_over")]


def test_a_step_is_told_once_for_all_its_nodes():
    run = Run()
    run.result("h1", kpr_plan=PLAN)
    run.step("take_over", "h2", "h3")
    began, ended = run.events[-2:]
    assert (began["event"], began["nodes"], began["wave"]) == ("step_began", ["node-h2", "node-h3"], 1)
    assert (ended["event"], ended["nodes"], ended["seconds"], ended["ok"]) == ("step_ended", ["node-h2", "node-h3"], 10.0, True)
    assert ended["elapsed"] == 10.0 and ended["time"] == 110.0


def test_nodes_arrive_with_the_last_step_of_their_wave_and_the_rest_is_estimated():
    run = Run()
    run.result("h1", kpr_plan=PLAN)
    assert of(run.events, "plan")[0]["planned"] == [["node-h1"], ["node-h2", "node-h3"], ["node-h4"]]
    run.step("take_over", "h1")
    assert run.events[-1]["arrived"] == 0 and run.events[-1]["remaining"] is None
    run.step("accept", "h1")
    assert (run.events[-1]["wave"], run.events[-1]["arrived"], run.events[-1]["total"], run.events[-1]["remaining"]) == (0, 1, 4, 40.0)
    run.step("take_over", "h2", "h3", seconds=15)
    assert run.events[-1]["remaining"] == 25.0
    run.step("accept", "h2", "h3", seconds=5)
    run.step("accept", "h4", seconds=100)
    assert (run.events[-1]["arrived"], run.events[-1]["remaining"]) == (4, 0.0)
    run.step("settle", "h1")
    assert run.events[-1]["wave"] is None
    assert of(run.end(), "end")[0]["halted"] is False


def test_a_node_that_fails_halts_its_cluster_and_to_be_given_back_is_no_arrival():
    run = Run([("a", ("h1", "h2", "h3", "h4")), ("b", ("b1",))])
    run.result("h1", kpr_plan={"waves": {**PLAN["waves"], "b": [["b1"]]}})
    run.step("accept", "h1", "b1")
    run.step("prove", "h2", "h3", failed=["h3"])
    failed = run.events[-1]
    assert failed["ok"] is False and failed["failed"] == [{"node": "node-h3", "error": "it broke"}] and failed["remaining"] is None
    run.step("give_back", "h2", "h3")
    assert run.events[-1]["arrived"] == 1 and run.events[-1]["wave"] == 1
    run.step("unlock", "h2")
    assert run.events[-1]["wave"] is None, "the wave has gone back, so what its hosts do now is for the whole cluster"
    assert [(event["cluster"], event["halted"], event["arrived"]) for event in of(run.end(), "end")] == [("a", True, 1), ("b", False, 1)]


def test_a_rollback_arrives_with_give_back():
    run = Run()
    run.result("h1", kpr_plan={"waves": {"a": [["h1"]]}})
    run.step("give_back", "h1")
    assert run.events[-1]["arrived"] == 1


def test_what_is_no_step_and_hosts_of_no_cluster_are_passed_over():
    run = Run()
    run.task("begin | Read the cluster's record")
    run.result("h1", handover_record={})
    run.task("step | Begin: lock")
    run.result("elsewhere", __handover_began=1)
    run.task("lock | Be the only run that changes this cluster")
    assert run.events == []


@pytest.mark.parametrize(
    ("action", "arguments", "delegated", "expected"),
    [
        ("fleetops.kubeproxy_free.kube_proxy_rules", {}, False, "node"),
        ("ansible.builtin.command", {"argv": ["true"]}, False, "node"),
        ("kubernetes.core.k8s_info", {"kind": "Node"}, True, "api"),
        ("fleetops.kubeproxy_free.cilium_status", {"kubeconfig": "/a"}, True, "api"),
        ("ansible.builtin.copy", {"dest": "/a"}, True, ""),
        ("ansible.builtin.set_fact", {}, False, ""),
        ("debug", {}, False, ""),
    ],
)
def test_where_a_task_does_its_work(action, arguments, delegated, expected):
    assert calls.where(action, arguments, delegated) == expected


@pytest.mark.parametrize(
    ("change", "with_bar", "expected"),
    [
        ({}, False, "0:01:15 a: wave 2 of 3, take_over done in 12 s, 1 of 4 nodes, about 1 min 30 s left"),
        ({}, True, "0:01:15 [#####---------------] a: wave 2 of 3, take_over done in 12 s, 1 of 4 nodes, about 1 min 30 s left"),
        ({"wave": None, "step": "prepare", "total": 0, "remaining": None}, True, "0:01:15 [--------------------] a: prepare done in 12 s"),
        ({"step": "lock"}, False, None),
        ({"step": "lock", "ok": False, "failed": [{"node": "n", "error": "held"}]}, False, "0:01:15 a: wave 2 of 3, lock FAILED after 12 s: held"),
        ({"ok": False, "failed": [{"node": node, "error": "of all"} for node in "nm"]}, False, "0:01:15 a: wave 2 of 3, take_over FAILED after 12 s: of all"),
        ({"event": "step_began"}, False, "0:01:15 a: wave 2 of 3, take_over on w1, w2, w3 and 1 more"),
        ({"event": "step_began", "step": "read"}, False, None),
        ({"event": "plan"}, False, "0:01:15 a: 4 nodes in 3 waves: 1 node (w1), 2 nodes (w2, w3)"),
        ({"event": "plan", "total": 0}, True, "0:01:15 [--------------------] a: no node is left to move"),
        ({"event": "end"}, False, "0:01:15 a: halted after 1 min 15 s, 1 of 4 nodes"),
        ({"event": "end", "halted": False, "total": 0}, False, "0:01:15 a: ended after 1 min 15 s"),
    ],
)
def test_lines(change, with_bar, expected):
    event = {"event": "step_ended", "cluster": "a", "elapsed": 75.4, "remaining": 90.0, "waves": 3, "arrived": 1, "total": 4, "step": "take_over", "wave": 1,
             "nodes": ["w1", "w2", "w3", "w4"], "seconds": 12.0, "ok": True, "failed": [], "planned": [["w1"], ["w2", "w3"]], "halted": True}
    assert lines.line({**event, **change}, with_bar) == expected
