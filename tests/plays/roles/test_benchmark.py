# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A round of the benchmark, and what is looked at before: the role's real tasks, with stand-ins for the modules and for the roles that it calls."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil

import pytest
import yaml
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]

#: Port 1 of loopback stands for a host that does not answer.
AWAY = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
MODULE = """#!/usr/bin/python
# WANT_JSON
print('{"changed": false, "measured": [1]}')
"""
#: Reads the kind that it is asked for, and keeps what it should create.
API = """#!/usr/bin/python
# WANT_JSON
import json, sys
asked = json.load(open(sys.argv[1]))
if asked.get("definition"):
    with open("{created}", "a") as file:
        file.write(json.dumps(asked["definition"]) + "\\n")
print(json.dumps({{"changed": False, "resources": json.load(open("{there}")).get(asked.get("kind"), [])}}))
"""
VARS = {"ansible_connection": "local", "kpr_cluster": "prod", "kpr_cluster_hosts": ["a", "b"],
        "kpr_node_name": "{{ inventory_hostname }}", "kpr_leader": "a", "kpr_speaker": "a", "benchmark_count": 10, "benchmark_round": 0,
        "verify_plans": {}, "benchmark_netperf_services": [], "benchmark_netperf_pods": []}  # fmt: skip
#: What is made of the plans needs plans.
PLAIN = {"__benchmark_own": [], "__benchmark_outside": [1], "__benchmark_addresses": {}}


@pytest.fixture
def go(tmp_path):
    """A function that runs tasks of the role by name, in a play that ignores unreachable hosts; returns (status, what was said as one line).

    there: objects by kind that are there; go.created: what was created.
    """
    role = tmp_path / "roles" / "benchmark"
    shutil.copytree(ROOT / "roles" / "benchmark", role)
    for path in (role / "tasks").glob("*.yml"):
        text = path.read_text(encoding="utf-8").replace("name: fleetops.kubeproxy_free.verify", "name: verify")
        text = re.sub(r"^( +)kubernetes\.core\.k8s(_info)?:", r"\1api:", text, flags=re.MULTILINE)
        text = "[]" if path.name in ("look.yml", "measure.yml") else text.replace("retries: 90", "retries: 1")
        path.write_text(re.sub(r"fleetops\.kubeproxy_free\.service_\w+:", "stand_in:", text), encoding="utf-8")
    verify = tmp_path / "roles" / "verify" / "tasks"
    verify.mkdir(parents=True)
    for name in ("namespace", "put", "served", "teardown", "unlock"):
        done = [{"ansible.builtin.debug": {"msg": f"DONE {name}"}, "when": "inventory_hostname == kpr_speaker"}]
        (verify / f"{name}.yml").write_text(json.dumps(done), encoding="utf-8")
    lock = [{"ansible.builtin.debug": {"msg": "LOCKED {{ __verify_lock_state | default('held') }} for {{ __verify_lock_for | default(0) }} s"},
             "when": "inventory_hostname == kpr_speaker"}]  # fmt: skip
    (verify / "lock.yml").write_text(json.dumps(lock), encoding="utf-8")
    shutil.copy(ROOT / "roles" / "verify" / "tasks" / "outside_there.yml", verify)
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "stand_in.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "library" / "api.py").write_text(API.format(there=tmp_path / "there.json", created=tmp_path / "created"), encoding="utf-8")
    (tmp_path / "created").touch()
    (tmp_path / "ansible.cfg").touch()

    def run(tasks, hosts=(), there=(), **variables):
        (tmp_path / "there.json").write_text(json.dumps(dict(there)), encoding="utf-8")
        play = {"hosts": "a,b", "gather_facts": False, "ignore_unreachable": True, "vars": variables,
                "tasks": [{"ansible.builtin.include_role": {"name": "benchmark", "tasks_from": tasks}}]}  # fmt: skip
        (tmp_path / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
        inventory = {"all": {"vars": VARS, "hosts": {"a": {}, "b": {}, "away": AWAY, **dict(hosts)}}}
        (tmp_path / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
        environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        done = ansible_playbook("-i", "hosts.json", "play.yml", "-e", json.dumps(PLAIN), cwd=tmp_path, env=environment)
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    run.created = lambda: [one for line in (tmp_path / "created").read_text(encoding="utf-8").splitlines() for one in json.loads(line)]
    return run


def test_each_round_holds_the_cluster_for_what_it_may_take(go):
    status, said = go("round")
    assert status == 0 and f"LOCKED renewed for {900 + 2 * 200 + 5 * 30} s" in said, said
    status, said = go("round", benchmark_netperf_image="x", benchmark_seconds=10)
    assert f"LOCKED renewed for {900 + 2 * 200 + 5 * 30 + 2 * 4 * 3 * (2 * 10 + 180)} s" in said, said


def test_a_node_that_is_away_fails_the_round(go):
    status, said = go("round", {"b": AWAY})
    assert status != 0 and "Node b was not measured in round 1 (" in said and "expected a result of service_timing" in said, said


def test_a_host_outside_that_is_away_fails_the_round(go):
    status, said = go("round", benchmark_outside_host="away")
    assert status != 0 and "Cluster prod: host away measured nothing in round 1 (" in said, said


def test_what_is_outside_is_looked_at_before(go):
    status, said = go("outside_there", benchmark_outside_host="away")
    assert status != 0 and "Cluster prod: found no way to the host outside, away (" in said, said
    there = {"benchmark_outside_host": "localhost", "benchmark_netperf_image": "x"}
    status, said = go("outside_there", **there, benchmark_netperf_program="/nowhere/netperf")
    assert status != 0 and "found no netperf that runs as /nowhere/netperf on host localhost (" in said and "Nothing was created" in said, said
    assert go("outside_there", **there, benchmark_netperf_program="/bin/true")[0] == 0


#: A host whose table of connections is full for more than a second.
ROOM = """#!/usr/bin/python
# WANT_JSON
import json, sys
asked = json.load(open(sys.argv[1]))
full = asked["tool"] == "netperf" and asked["targets"] == [] and int(asked["seconds"]) > 1
print(json.dumps({"failed": True, "msg": "holds 7 of 9. Raise it"} if full else {"changed": False, "measured": []}))
"""


def test_netperf_without_room_is_refused_before_anything_is_created(go, tmp_path):
    (tmp_path / "library" / "stand_in.py").write_text(ROOM, encoding="utf-8")
    parts = [one for one in yaml.safe_load((ROOT / "roles" / "benchmark" / "tasks" / "look.yml").read_text(encoding="utf-8"))
             if "ansible.builtin.include_tasks" in one]  # fmt: skip
    (tmp_path / "roles" / "benchmark" / "tasks" / "look.yml").write_text(json.dumps(parts), encoding="utf-8")
    there = {"benchmark_outside_host": "localhost", "benchmark_netperf_program": "/bin/true", "benchmark_seconds": 2}
    status, said = go("look", {"b": AWAY}, benchmark_netperf_image="x", **there)
    assert status != 0 and "Cluster prod: netperf cannot measure. Host a: holds 7 of 9. Raise it. Host b: Task failed: Failed to connect" in said, said
    assert ". Host localhost: holds 7 of 9. Raise it. Nothing was created." in said, said
    assert go("look", {"b": AWAY}, **there)[0] == 0


POOL = {"key": "dedicated", "value": "shop: one", "effect": "NoSchedule"}


def netperf_pod(number, **state):
    status = {"containerStatuses": [{"image": "x", "state": state}]} if state else {"conditions": [{"type": "Ready", "status": "True"}]}
    return {"metadata": {"name": f"netperf-{number}"}, "spec": {"nodeName": "a"}, "status": status}


def test_netperf_runs_where_the_workload_does(go):
    status, said = go("netperf", there={"Pod": [netperf_pod(number) for number in range(5)]}, benchmark_netperf_image="x",
                      kpr_test_tolerations=[POOL], __verify_pull_secret={"result": {"metadata": {"name": "registry-x7"}}})  # fmt: skip
    assert status == 0, said
    specs = [one["spec"]["template"]["spec"] for one in go.created() if one["kind"] in ("Deployment", "DaemonSet")]
    workload = (ROOT / "roles" / "verify" / "templates" / "pod.yml.j2").read_text(encoding="utf-8")
    (resources,) = re.findall(r"^ +resources: (.*)$", workload, re.MULTILINE)
    assert [spec["containers"][0].get("resources") for spec in specs] == [yaml.safe_load(resources)] * 4
    assert [spec.get("nodeSelector") for spec in specs] == [{"kubernetes.io/os": "linux"}] * 4
    assert [spec.get("imagePullSecrets") for spec in specs] == [[{"name": "registry-x7"}]] * 4
    assert [POOL in spec["tolerations"] for spec in specs] == [True] * 3 + [False] and specs[-1]["tolerations"] == [{"operator": "Exists"}]


@pytest.mark.parametrize(("pods", "found"), [
    ([netperf_pod(0, waiting={"reason": "ErrImagePull"}), *(netperf_pod(number) for number in range(1, 5))],
     "pod netperf-0 on a is not ready: it does not get its image x (ErrImagePull)."),
    ([netperf_pod(0, waiting={"reason": "CrashLoopBackOff"})],
     "pod netperf-0 on a is not ready: CrashLoopBackOff. 1 of 5 pods are there."),
])  # fmt: skip
def test_an_image_without_netperf_is_named_before_anything_else_is_created(go, pods, found):
    status, said = go("main", there={"Pod": pods}, benchmark_netperf_image="x", __benchmark_measured=[])
    assert status != 0 and f"netperf does not run: {found} Expected netperf and netserver in the image" in said, said
    assert "DONE namespace" in said and "DONE put" not in said and "DONE teardown" in said and "DONE unlock" in said
    assert {one["kind"] for one in go.created()} == {"Deployment", "DaemonSet"}


def test_netperf_gets_its_services_after_the_workload(go):
    status, said = go("main", there={"Pod": [netperf_pod(number) for number in range(5)]}, benchmark_netperf_image="x", __benchmark_measured=[])
    assert said.index("DONE namespace") < said.index("netperf | Create servers") < said.index("DONE put") < said.index("netperf_services | Create them"), said
    assert [one["kind"] for one in go.created()].count("Service") == 3


def test_a_result_is_compared_though_the_node_that_looked_is_out_of_the_run(go, tmp_path):
    settings = {"cluster": "prod", "nodes": ["a"], "rounds": 1, "requests": 1, "replicas": 3, "existing_services": 4, "netperf_image": "", "seconds": 1,
                "kubernetes": "1.34", "cilium": "1.19", "kernels": ["6.12"], "encryption": "none", "served_by": "cilium"}  # fmt: skip
    looked = {"benchmark_settings": settings, "benchmark_before": {"settings": {**settings, "served_by": "kube-proxy"}, "rows": []}, "benchmark_stamp": "now"}
    (tmp_path / "prod").mkdir()  # keep.yml makes it
    status, said = go("result", {"a": looked}, kpr_speaker="b", benchmark_dir=str(tmp_path), __benchmark_measured=[])
    assert status == 0, said[-2000:]
    assert json.loads((tmp_path / "prod" / "benchmark-now.json").read_text(encoding="utf-8"))["compared_with"] == "kube-proxy"
