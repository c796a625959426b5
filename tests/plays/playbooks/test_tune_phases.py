# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of phases, and the way back: the real main.yml and phase.yml of the role tune, the first task of its begin.yml and its real variables.

Stand-ins for the phases themselves say only that they run, leave the facts that the others go by, and fail where a test wants it.
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

REAL = {"main.yml", "phase.yml"}
WAVES = "{{ kpr_cluster_hosts | map('split', '\\n') | list }}"  # one host each
FACTS = {"look": {"stale": "{{ dict(kpr_cluster_hosts | product(['otherwise'])) if wanted else {} }}", "waves": []},
         "plan": {"waves": f"{{{{ {WAVES[3:-3]} if wanted else [] }}}}"}, "change": {"changing": True}, "give_back": {"returned": True}}  # fmt: skip
VARS = {"ansible_connection": "local", "kpr_cluster_hosts": "{{ groups[kpr_cluster] }}", "kpr_leader": "{{ groups[kpr_cluster] | first }}",
        "kpr_node_name": "{{ inventory_hostname }}", "kpr_tune": {"algorithm": "maglev"}, "wanted": True,
        "asked": False}  # fmt: skip
#: what the roles that phases include are told of the cluster
INCLUDED = ["cilium_kubeconfig", "cilium_context", "cilium_namespace", "handover_kubeconfig", "handover_context", "handover_cilium_namespace",
            "verify_kubeconfig", "verify_context", "verify_cilium_namespace"]  # fmt: skip
BEGIN, END, OUT = ["begin", "look", "plan", "probe_setup", "change"], ["prove", "finish"], ["probe_teardown", "unlock"]


def stand_in(phase):
    tasks = [
        {"ansible.builtin.set_fact": {"handover_locked": True}, "delegate_to": "{{ kpr_leader }}", "delegate_facts": True, "when": "tune_phase == 'begin'"},
        {"ansible.builtin.debug": {"msg": f"AT {{{{ [{', '.join(INCLUDED)}] | join(' ') }}}}"}, "when": "asked"},
        {"ansible.builtin.debug": {"msg": "DONE {{ tune_phase }}{{ '' if tune_wave is not defined else ' of ' ~ tune_wave | join }} {{ inventory_hostname }}"}},
        {"ansible.builtin.fail": {"msg": "as the test wants"}, "when": "tune_phase ~ ' ' ~ inventory_hostname in failing"},
    ]
    tasks[3:3] = [{"ansible.builtin.set_fact": {"handover_locked": False, "handover_halted": "another run"}, "delegate_to": "{{ kpr_leader }}",
                   "delegate_facts": True,
                   "when": "tune_phase in losing"}]  # fmt: skip
    state = "{{ __tune_state | combine(facts) }}"
    facts = {"ansible.builtin.set_fact": {"tune_state": state}, "vars": {"facts": FACTS.get(phase)}, "delegate_to": "{{ kpr_leader }}", "delegate_facts": True,
             "when": "inventory_hostname == kpr_speaker"}  # fmt: skip
    if phase == "begin":
        return [yaml.safe_load((ROOT / "roles" / "tune" / "tasks" / "begin.yml").read_text(encoding="utf-8"))[0]["block"][0], *tasks]
    return [facts, *tasks] if phase in ("change", "give_back") else [*tasks, *([facts] if phase in FACTS else [])]


@pytest.fixture
def go(tmp_path, copy_role):
    """A function that tunes clusters ({name: (hosts, variables)}); returns which phases ran on each host, and everything that was said."""

    def text(path):
        made = path.read_text(encoding="utf-8") if path.name in REAL else json.dumps(stand_in(path.stem))
        return re.sub(r"  module_defaults:\n(?:    .*\n)+", "", made)  # for the modules of the real ones

    copy_role("tune", text)
    play = {"hosts": "all", "gather_facts": False, "vars_files": [str(ROOT / "playbooks" / "vars" / "fleet.yml")], "roles": ["tune"],
            "pre_tasks": [{"ansible.builtin.set_fact": {"kpr_cluster": "{{ kpr_cluster }}", "kpr_node_name": "{{ kpr_node_name }}"}}]}  # fmt: skip
    (tmp_path / "play.yml").write_text(json.dumps([play]), encoding="utf-8")

    def tune(clusters, failing=(), losing=()):
        children = {name: {"vars": {"kpr_cluster": name, **own}, "hosts": dict.fromkeys(hosts, {})} for name, (hosts, own) in clusters.items()}
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"vars": VARS, "children": children}}), encoding="utf-8")
        environment = {**os.environ, "KPR_EVENTS_FILE": str(tmp_path / "events"), "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        faults = json.dumps({"failing": list(failing), "losing": list(losing)})
        done = ansible_playbook("-i", "hosts.json", "play.yml", "-e", faults, cwd=tmp_path, env=environment)
        ran = re.findall(r'"msg": "DONE (.+) (\w+)"', done.stdout)
        assert ran, done.stdout + done.stderr
        return {host: [phase for phase, where in ran if where == host] for hosts, _own in clusters.values() for host in hosts}, done.stdout, done.returncode

    tune.events = lambda: [json.loads(line) for line in (tmp_path / "events").read_text(encoding="utf-8").splitlines()]
    return tune


def test_each_wave_is_proven_and_then_the_whole(go):
    ran, said, status = go({"one": (["a", "b"], {})})
    assert status == 0, said
    assert ran["a"] == ran["b"] == [*BEGIN, "wave of a", "prove of a", "wave of b", "prove of b", "prove of ab", "finish of ab", *OUT]


def test_agents_that_run_what_is_wanted_are_left_alone_and_looked_at(go):
    ran, _said, status = go({"one": (["a"], {"wanted": False})})
    assert status == 0 and ran["a"] == [*BEGIN, "prove of a", "finish of a", *OUT]


@pytest.mark.parametrize("given", [{"mode": None}, {}, None, "algorithm=maglev"])
def test_without_an_option_the_run_fails_and_asks_nothing(go, given):
    ran, said, status = go({"one": (["a"], {"kpr_tune": given}), "two": (["b"], {})})
    assert status != 0 and ran["a"] == [] and "finish of b" in ran["b"]
    assert f"Cluster one: begin on a: found {json.dumps(given)} in kpr_tune, expected" in said.replace('\\"', '"') and "Nothing was changed." in said


@pytest.mark.parametrize("text", ['{"algorithm": "maglev"}', "algorithm: maglev"])
def test_options_may_be_a_text_as_a_survey_gives_them(go, text):
    ran, said, status = go({"one": (["a"], {"kpr_tune": text})})
    assert status == 0 and "finish of a" in ran["a"], said


@pytest.mark.parametrize("host", ["a", "b"])
def test_what_fails_on_one_node_takes_its_cluster_back_and_no_other(go, host):
    ran, said, status = go({"one": (["a", "b"], {}), "two": (["c"], {})}, failing=[f"prove {host}"])
    assert status != 0 and f"prove on {host}: as the test wants" in said and "former values again" in said
    assert ran["a"] == ran["b"] == [*BEGIN, "wave of a", "prove of a", "give_back", *OUT]
    assert ran["c"] == [*BEGIN, "wave of c", "prove of c", "prove of c", "finish of c", *OUT]


def test_what_a_phase_does_and_where_is_told_meanwhile(go, monkeypatch):
    monkeypatch.setenv("ANSIBLE_CALLBACKS_ENABLED", "fleetops.kubeproxy_free.progress")
    go({"one": (["a", "b"], {})}, failing=["finish b"])
    told = [(event["step"], event["nodes"], [one["error"] for one in event["failed"]]) for event in go.events() if event["event"] == "step_ended"]
    assert told == [*((phase, ["a"], []) for phase in BEGIN), ("wave", ["a"], []), ("prove", ["a"], []), ("wave", ["b"], []), ("prove", ["b"], []),
                    ("prove", ["a", "b"], []), ("finish", ["a", "b"], ["finish on b: as the test wants"] * 2), ("give_back", ["a"], []),
                    ("probe_teardown", ["a"], []), ("unlock", ["a"], [])]  # fmt: skip


def test_what_is_not_served_before_changes_nothing(go):
    ran, said, status = go({"one": (["a", "b"], {})}, failing=["probe_setup b"])
    assert status != 0 and "Nothing was changed." in said
    assert ran["a"] == ran["b"] == [*BEGIN[:4], *OUT]


def test_a_cluster_that_is_another_runs_by_now_is_left_alone(go):
    ran, said, status = go({"one": (["a"], {})}, losing=["wave"])
    assert status != 0 and ran["a"] == [*BEGIN, "wave of a"]
    assert "another run | The former" in said and "kept in ConfigMap kube-system/kubeproxy-free-tune" in said


def test_a_way_back_that_fails_says_where_the_former_values_are(go):
    ran, said, status = go({"one": (["a"], {})}, failing=["change a", "give_back a"])
    assert status != 0 and ran["a"] == [*BEGIN, "give_back", *OUT]
    assert "change on a: as the test wants | give_back on a: as the test wants" in said


def test_roles_that_phases_include_go_to_the_same_cluster(go):
    own = {"asked": True, "tune_kubeconfig": "api", "tune_helm_kubeconfig": "helm", "tune_context": "staging", "tune_cilium_namespace": "cilium"}
    ran, said, _status = go({"one": (["a"], own)}, failing=["prove a"])
    assert "give_back" in ran["a"]
    assert set(re.findall(r'"msg": "AT (.+)"', said)) == {"helm staging cilium" + 2 * " api staging cilium"}, said
    assert said.count('"msg": "AT') == len(ran["a"])
