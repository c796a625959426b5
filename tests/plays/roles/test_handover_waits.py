# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of the role handover that wait, or judge, with their real tasks; a stand-in for each module that asks the cluster gives the answers a test wants."""

from __future__ import annotations

import json
import os
import pathlib
import re

import pytest
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]
#: Takes what it is given, keeps it, and gives its next answer; the last one again and again.
MODULE = """#!/usr/bin/python
# WANT_JSON
import json, pathlib, sys
folder, name = pathlib.Path(FOLDER), NAME
arguments = json.loads(pathlib.Path(sys.argv[1]).read_text())
key = f"{name} {arguments['kind']}" if name == "k8s_info" else name
calls = folder / "calls" / key
made = calls.read_text().splitlines() if calls.exists() else []
calls.write_text("".join(line + chr(10) for line in [*made, json.dumps(arguments)]))
answers = json.loads((folder / "answers.json").read_text()).get(key, [{}])
print(json.dumps({"changed": False, **answers[min(len(made), len(answers) - 1)]}))
"""
STAND_INS = {"kubernetes.core.k8s": "k8s", "kubernetes.core.k8s_info": "k8s_info", "kubernetes.core.k8s_drain": "k8s_drain",
             "fleetops.kubeproxy_free.cilium_status": "cilium_status"}  # fmt: skip
AWAY = {"failed": True, "msg": "Failed to get client due to Max retries exceeded with url: /version: Connection refused"}
HELD = {"failed": True, "msg": "Failed to delete pod demo/web-1 due to: Cannot evict pod as it would violate the pod's disruption budget."}


@pytest.fixture
def go(tmp_path, copy_role):
    """A function that goes one step on node w1 with these answers of modules; returns (exit status, output, {module: what it was given, call by call})."""

    def text(path):
        found = re.sub(r"^( +)delay: \d+$", r"\1delay: 0", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for module, name in STAND_INS.items():
            found = re.sub(rf"^( +){re.escape(module)}:", rf"\1{name}:", found, flags=re.MULTILINE)
        return "[]" if path.name == "prove.yml" else found

    copy_role("handover", text)
    (tmp_path / "library").mkdir()
    for name in STAND_INS.values():
        text = MODULE.replace("FOLDER", repr(str(tmp_path))).replace("NAME", repr(name))
        (tmp_path / "library" / f"{name}.py").write_text(text, encoding="utf-8")
    (tmp_path / "calls").mkdir()

    def play(step, answers, facts=None, **options):
        variables = {"ansible_connection": "local", "kpr_cluster": "demo", "kpr_node_name": "w1", "kpr_cluster_hosts": ["w1"], "kpr_wave_hosts": ["w1"],
                     "kpr_speaker": "w1", "kpr_leader": "w1", "handover_record": {}, **options}  # fmt: skip
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"vars": variables, "hosts": {"w1": {}}}}))
        (tmp_path / "answers.json").write_text(json.dumps(answers))
        (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "ignore_unreachable": True, "tasks": [
            {"ansible.builtin.set_fact": {"known": True, **(facts or {})}},
            {"ansible.builtin.include_role": {"name": "handover", "tasks_from": step}}]}]))  # fmt: skip
        environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        done = ansible_playbook("-i", "hosts.json", "play.yml", cwd=tmp_path, env=environment)
        calls = {path.name: [json.loads(line) for line in path.read_text().splitlines()] for path in (tmp_path / "calls").iterdir()}
        return done.returncode, " ".join((done.stdout + done.stderr).split()), calls

    return play


def nodes(*cordoned):
    found = [{"metadata": {"name": name, "labels": {}}, "spec": {"unschedulable": name in cordoned}} for name in ("w1", "w2")]
    return {"k8s_info ConfigMap": [{"resources": []}], "k8s_info Node": [{"resources": found}]}


def test_a_drain_waits_for_a_disruption_budget_and_for_an_api_that_is_away(go):
    code, output, calls = go("drain", {**nodes(), "k8s_drain": [HELD, AWAY, HELD, {"result": "1 Pod(s) deleted from node."}]})
    assert code == 0 and len(calls["k8s_drain"]) == 4, output
    assert [one["metadata"]["name"] for one in calls["k8s"][0]["definition"]] == ["w1"]


def test_a_drain_that_a_budget_holds_for_too_long_fails_and_names_the_pod(go):
    code, output, calls = go("drain", {**nodes(), "k8s_drain": [HELD]}, handover_drain_timeout=10)
    assert code != 0 and "Node w1 could not be drained: found Failed to delete pod demo/web-1" in output and "within 10 s" in output, output
    assert len(calls["k8s_drain"]) == 3


def test_a_pod_that_nobody_would_bring_back_ends_the_drain_at_once(go):
    code, output, calls = go("drain", {**nodes(), "k8s_drain": [{"failed": True, "msg": "Pod deletion errors: cannot delete Pods not managed: demo/bare."}]})
    assert code != 0 and "demo/bare" in output and len(calls["k8s_drain"]) == 1, output


def test_pods_that_do_not_end_in_time_fail_the_drain_though_the_module_only_warns(go):
    warned = {"changed": True, "result": "1 Pod(s) deleted from node.", "warnings": ["timeout reached while pods were still running."]}
    code, output, calls = go("drain", {**nodes(), "k8s_drain": [warned]})
    assert code != 0 and "found pods that were told to go and have not ended" in output and "kubectl get pods -A" in output, output
    assert len(calls["k8s_drain"]) == 1


def test_a_node_that_somebody_has_cordoned_by_now_is_not_marked_as_ours(go):
    code, output, calls = go("drain", {**nodes("w1"), "k8s_drain": [{"result": ""}]}, {"handover_cordoned_by_others": []})
    assert code == 0 and "k8s" not in calls, output


def kube_proxy(node):
    return {"metadata": {"name": f"kube-proxy-{node}"}, "spec": {"nodeName": node} if node else {}, "status": {"phase": "Running"}}


GONE, THERE = {"resources": [kube_proxy("w2"), kube_proxy(None)]}, {"resources": [kube_proxy("w2"), kube_proxy("w1")]}


def test_the_wait_for_kube_proxy_to_leave_survives_an_api_that_is_away(go):
    code, output, calls = go("retire", {"k8s_info Pod": [AWAY, THERE, AWAY, GONE]})
    assert code == 0 and len(calls["k8s_info Pod"]) == 4, output


def test_a_kube_proxy_that_stays_is_named(go):
    code, output, _calls = go("retire", {"k8s_info Pod": [THERE]}, handover_retire_timeout=4)
    assert code != 0 and "found kube-proxy's pod still on w1 (Running), expected none on the nodes of this wave within 4 s. See: kubectl" in output, output


def test_an_api_that_stays_away_is_named(go):
    code, output, _calls = go("retire", {"k8s_info Pod": [AWAY]}, handover_retire_timeout=4)
    assert code != 0 and "found no answer: Failed to get client" in output and "expected none" in output, output


def test_a_check_of_pods_survives_an_api_that_is_away(go):
    pod = {"metadata": {}, "spec": {"nodeName": "w1"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    check = {"name": "DNS", "namespace": "kube-system", "selector": ["k8s-app=kube-dns"]}
    code, output, calls = go("check", {"k8s_info Pod": [AWAY, {"resources": [pod]}]}, handover_checks=[check])
    assert code == 0 and len(calls["k8s_info Pod"]) == 2, output


def agents(restarts, uid="uid", state="ok"):
    return {"agents": {"w1": {"pod": "cilium-x", "pod_uid": uid, "restarts": restarts, "health": {"state": state}}}}


@pytest.mark.parametrize(("now", "refused"), [(agents(2), False), (agents(3), True), (agents(1, "another"), True), (agents(0, "another"), False)])
def test_an_agent_that_was_restarted_in_the_soak_fails_the_wave(go, now, refused):
    code, output, calls = go("soak", {"cilium_status": [now]}, {"__handover_waited": agents(2)}, handover_soak=0)
    assert (code != 0) is refused, output
    assert ("node w1: found pod cilium-x restarted" in output and "logs cilium-x -c cilium-agent --previous" in output) is refused, output
    assert calls["cilium_status"][0]["nodes"] == ["w1"] and calls["cilium_status"][0]["wait_for"] == {"kpr": True, "endpoints_ready": True, "healthy": True}


def test_an_agent_whose_verdict_was_accepted_before_need_not_have_a_better_one_after_the_soak(go):
    code, output, calls = go("soak", {"cilium_status": [agents(2)]}, {"__handover_waited": agents(2, state="warning")}, handover_soak=0)
    assert code == 0 and calls["cilium_status"][0]["wait_for"]["healthy"] is False, output


def test_dns_that_does_not_come_back_is_named(go):
    dns = {"metadata": {"name": "coredns", "generation": 2}, "spec": {"replicas": 2}, "status": {"observedGeneration": 1}}
    code, output, _calls = go("restart_dns", {"k8s_info Deployment": [{"resources": [dns]}, AWAY, {"resources": [dns]}]}, handover_takeover_timeout=6,
                              handover_node_config={"enable-bpf-masquerade": "true"})  # fmt: skip
    assert code != 0 and "found the restart of Deployment coredns in kube-system not at its end, expected" in output and "within 6 s" in output, output


NOWHERE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_ssh_common_args": "-F none -o ControlMaster=no"}


def test_a_node_that_is_not_reached_does_not_count_as_one_that_answers_health_checks(go):
    code, output, _calls = go("answer_health", {}, {"handover_retired": {"health": "0.0.0.0:10256"}}, kpr_speaker="w2", **NOWHERE)
    assert code != 0 and "Node w1 was not asked for its health (" in output and "ansible -i INVENTORY w1 -m ansible.builtin.ping" in output, output


def test_a_node_that_is_not_reached_when_its_rules_are_to_go_is_named(tmp_path):
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {"w1": NOWHERE}}}))
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "ignore_unreachable": True, "tasks": [
        {"ansible.builtin.include_role": {"name": str(ROOT / "roles" / "kube_proxy_cleanup")}}]}]))  # fmt: skip
    (tmp_path / "ansible.cfg").touch()
    environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = ansible_playbook("-i", "hosts.json", "play.yml", cwd=tmp_path, env=environment)
    output = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0 and "Node w1: not reached (" in output and "ansible -i INVENTORY w1 -m ansible.builtin.ping" in output, output
