# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of steps, gates and ways out: the real wave.yml, step.yml, lock.yml, renew.yml and leave.yml of the role handover and its real variables.

Stand-ins for the steps themselves say only that they run, or fail where a test wants it; one for the lock is this run's until a file says otherwise.
"""

from __future__ import annotations

import json
import os
import pathlib
import re

import pytest
import yaml
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]

REAL = {"wave.yml", "step.yml", "cluster.yml", "claim.yml", "lock.yml", "renew.yml", "leave.yml"}
#: what the roles that steps include are told of the cluster
INCLUDED = ["cilium_kubeconfig", "cilium_context", "cilium_namespace", "verify_kubeconfig", "verify_context", "verify_cilium_namespace"]
STEP = [
    {"ansible.builtin.debug": {"msg": f"AT {{{{ [{', '.join(INCLUDED)}] | join(' ') }}}}"}, "when": "asked"},
    {"ansible.builtin.debug": {"msg": "DONE {{ handover_step }} {{ inventory_hostname }}"}},
    {"ansible.builtin.fail": {"msg": "as the test wants"}, "when": "handover_step ~ ' ' ~ inventory_hostname in failing"},
    {"name": "recreate_agents | Wait", "ansible.builtin.fail": {"msg": "as the test wants"},
     "when": "handover_step ~ ' agents ' ~ inventory_hostname in failing"},
    {"ansible.builtin.copy": {"dest": "{{ lost }}", "content": "", "mode": "0600"}, "when": "handover_step ~ ' ' ~ inventory_hostname in losing",
     "delegate_to": "localhost"},
]  # fmt: skip
LOCK = """#!/usr/bin/python
import os
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule({"lost": {"type": "path"}, "for": {}, "duration": {"type": "int"}})
with open(module.params["lost"] + "-durations", "a") as durations:
    print(module.params["for"], module.params["duration"], file=durations)
if os.path.exists(module.params["lost"]):
    module.fail_json(msg="the lock is not this run's any more", lost=True)
module.exit_json(changed=False)
"""
VARS = {"ansible_connection": "local", "kpr_cluster_hosts": "{{ groups[kpr_cluster] }}", "kpr_leader": "{{ groups[kpr_cluster] | first }}",
        "kpr_node_name": "{{ inventory_hostname }}", "asked": False}  # fmt: skip
PLAIN = ["take_over", "prove", "retire", "clean", "prove_again", "accept"]
WHOLE = ["drain", "take_over", "prove", "retire", "clean", "prove_again", "uncordon", "check", "soak", "accept"]


@pytest.fixture
def go(tmp_path, copy_role):
    """A function that plays one wave of these clusters ({name: (hosts, variables)}), then their end; returns which steps ran on each host."""

    def text(path):
        made = path.read_text(encoding="utf-8") if path.name in REAL else json.dumps(STEP)
        if path.name in ("lock.yml", "renew.yml"):
            given = {"lost": "{{ lost }}", "for": "{{ inventory_hostname }} {{ handover_step }}", "duration": "{{ __handover_lock_duration }}"}
            stand_in = f"lock_stand_in: {json.dumps(given)}\n"
            made, found = re.subn(r"^( +)fleetops\.kubeproxy_free\.cluster_lock:\n(?:\1  .*\n)+", rf"\g<1>{stand_in}", made, flags=re.MULTILINE)
            assert found == 1
        return made

    copy_role("handover", text)
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "lock_stand_in.py").write_text(LOCK, encoding="utf-8")
    known = {"handover_locked": True, "handover_phase": "prepared", "handover_labels": {}, "handover_record": {"state": {}}}
    (tmp_path / "play.yml").write_text(json.dumps([{
        "hosts": "all", "gather_facts": False, "vars_files": [str(ROOT / "playbooks" / "vars" / "fleet.yml")],
        "tasks": [
            {"ansible.builtin.set_fact": known},
            {"ansible.builtin.include_role": {"name": "handover", "tasks_from": "claim"}},
            {"ansible.builtin.set_fact": {"kpr_plan": {"serial": [1, 5], "waves": "{{ waves }}"}}, "run_once": True, "delegate_to": "localhost",
             "delegate_facts": True},
            {"ansible.builtin.include_role": {"name": "handover", "tasks_from": "wave"}, "when": "not back"},
            {"ansible.builtin.include_role": {"name": "handover", "tasks_from": "step"}, "when": "back",
             "vars": {"handover_step": "give_back", "handover_leaves_nodes": True}},
            {"ansible.builtin.include_role": {"name": "handover", "tasks_from": "leave"}},
        ],
    }]), encoding="utf-8")  # fmt: skip

    def play(clusters, failing=(), losing=(), back=False):
        children = {name: {"vars": {"kpr_cluster": name, **own}, "hosts": dict.fromkeys(hosts, {})} for name, (hosts, own) in clusters.items()}
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"vars": VARS, "children": children}}), encoding="utf-8")
        waves = {name: [hosts] for name, (hosts, _own) in clusters.items()}
        settings = {"failing": list(failing), "losing": list(losing), "lost": str(tmp_path / "lost"), "waves": waves,
                    "back": back}  # fmt: skip
        environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORKS": "2"}
        done = ansible_playbook("-i", "hosts.json", "play.yml", "-e", json.dumps(settings), cwd=tmp_path, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        ran = re.findall(r'"msg": "DONE (\w+) (\w+)"', done.stdout)
        play.told = re.findall(r'"msg": "AT (.+)"', done.stdout)
        return {host: [step for step, where in ran if where == host] for hosts, _own in clusters.values() for host in hosts}

    play.durations = lambda: dict(line.rsplit(" ", 1) for line in (tmp_path / "lost-durations").read_text(encoding="utf-8").splitlines())
    return play


def test_every_cluster_goes_in_the_one_order_and_a_fault_gives_only_its_own_wave_back(go):
    ran = go({"plain": (["a"], {}), "whole": (["b"], {"kpr_drain": True, "kpr_checks": [{"name": "it", "command": ["true"]}], "kpr_soak": 1}),
              "faulty": (["c", "d"], {"kpr_drain": True})}, failing=["retire d"])  # fmt: skip
    assert ran["a"] == [*PLAIN, "probe_teardown", "unlock"]
    assert ran["b"] == [*WHOLE, "uncordon", "probe_teardown", "unlock"]
    assert ran["c"] == ["drain", "take_over", "prove", "retire", "give_back", "uncordon", "halt", "uncordon", "probe_teardown", "unlock"]
    assert ran["d"] == ["drain", "take_over", "prove", "retire", "give_back", "uncordon"]


def test_on_the_way_back_a_node_that_stays_keeps_no_other_but_agents_that_do_not_start_do(go):
    hosts = ["a", "b"]
    assert "halt" not in go({"one": (hosts, {})}, failing=["give_back a"], back=True)["a"]
    assert "halt" in go({"one": (hosts, {})}, failing=["give_back agents a"], back=True)["a"]


def test_the_steps_are_in_step_whatever_the_owners_configuration_says():
    """A gate that some nodes of a wave pass while others are on their way is none; and nodes that fail for another one's fault cannot be given back."""
    for path in (ROOT / "playbooks").glob("*.yml"):
        for play in yaml.safe_load(path.read_text(encoding="utf-8")):
            assert "import_playbook" in play or (play["strategy"], play["any_errors_fatal"]) == ("ansible.builtin.linear", False), path


def test_a_cluster_that_is_another_runs_by_now_is_left_alone(go):
    ran = go({"one": (["a"], {"kpr_drain": True})}, losing=["prove a"])
    assert ran == {"a": ["drain", "take_over", "prove"]}


def test_a_lock_outlives_what_any_cluster_of_the_run_waits_for_and_is_renewed_in_each_step(go):
    """Waves of five nodes and two forks: what nodes wait for one by one is waited for three times."""
    checks = [{"name": name, "command": ["true"]} for name in ("one", "two")]
    go({"quick": (["a"], {}), "slow": (["b"], {"kpr_drain": True, "handover_drain_timeout": 500, "kpr_checks": checks, "kpr_soak": 1800})})
    durations = {key: int(value) for key, value in go.durations().items()}
    assert durations["a lock"] == 300 + (300 + 180) + 180, "what is known before there are waves: its own, and no node after another"
    longest = 300 + (300 + 1800 + 2 * 2 * 60) + 3 * (2 * 500)
    steps = {host: [key.split()[1] for key in durations if key.startswith(host)] for host in "ab"}
    assert steps["a"] == ["lock", *PLAIN, "probe_teardown"] and set(steps["b"]) == {"lock", *WHOLE, "probe_teardown"}
    assert {value for key, value in durations.items() if not key.endswith(" lock")} == {longest}


def test_roles_that_steps_include_go_to_the_same_cluster(go):
    own = {"asked": True, "handover_kubeconfig": "api", "handover_helm_kubeconfig": "helm", "handover_context": "staging",
           "handover_cilium_namespace": "cilium"}  # fmt: skip
    assert go({"one": (["a"], own)}, failing=["prove a"])["a"][:3] == ["take_over", "prove", "give_back"]
    assert set(go.told) == {"helm staging cilium api staging cilium"} and len(go.told) > 3
