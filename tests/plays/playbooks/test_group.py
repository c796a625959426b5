# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run finds its clusters, whichever of their hosts it holds: group.yml and waves.yml, with what lies between them left out."""

from __future__ import annotations

import copy
import json
import os
import pathlib
import shutil

import pytest
import yaml
from playbook_run import ansible_playbook

PLAYBOOKS = pathlib.Path(__file__).resolve().parents[3] / "playbooks"

INVENTORY = {
    "all": {
        "vars": {"ansible_connection": "local"},
        "children": {
            "eu": {"vars": {"kpr_cluster": "prod-eu.1"}, "hosts": {"cp1": {"kpr_node_name": "one"}, "w1": {}, "w2": {}}},
            "us": {"vars": {"kpr_cluster": "us"}, "hosts": {"us1": {}}},
            "others": {"hosts": {"db": {}}},
        },
    }
}
LOADED = """import sys
from ansible.plugins.action import ActionBase
class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return {"filters": [name for name in sys.modules if name.startswith("ansible_collections.fleetops.kubeproxy_free.plugins.filter.")]}
"""
PLACES = [
    {"import_playbook": str(PLAYBOOKS / "group.yml")},
    {
        "name": "Stand in for the steps that find out which nodes have to move",
        "hosts": "kpr_nodes",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.set_fact": {"handover_place": {
            "host": "{{ inventory_hostname }}", "cluster": "{{ kpr_cluster }}", "control_plane": False, "pending": True, "done": False,
            "waves": "{{ kpr_wave_settings }}"}}}],
    },
    {"import_playbook": str(PLAYBOOKS / "waves.yml")},
    {
        "name": "Show",
        "hosts": "kpr_nodes",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.copy": {"dest": "{{ shown }}/{{ inventory_hostname }}", "mode": "0600", "content": {
            "node": "{{ kpr_node_name }}", "hosts": "{{ kpr_cluster_hosts }}", "leader": "{{ kpr_leader }}", "run": "{{ hostvars['localhost'].kpr_run }}",
            "plan": "{{ hostvars['localhost'].kpr_plan }}"}}}],
    },
]  # fmt: skip


@pytest.fixture
def run(tmp_path):
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "playbook.yml").write_text(json.dumps(PLACES))

    def play(*words, inventory=None):
        """What each host has at the end; or, where the run fails, what it says."""
        (tmp_path / "inventory.json").write_text(json.dumps(inventory or INVENTORY))
        shown = tmp_path / "shown"
        shown.mkdir()
        environment = {**os.environ, "JOB_ID": "4711", "ANSIBLE_CONFIG": str(PLAYBOOKS.parent / "ansible.cfg")}
        done = ansible_playbook("-i", "inventory.json", "playbooks/playbook.yml", "-e", f"shown={shown}", *words, cwd=tmp_path, env=environment, first=())
        if done.returncode:
            return " ".join((done.stdout + done.stderr).split())
        return {path.name: json.loads(path.read_text()) for path in shown.iterdir()}

    return play


def test_each_cluster_has_its_hosts_and_all_share_one_plan(run):
    shown = run("-e", "awx_user_name=ada")
    assert set(shown) == {"cp1", "w1", "w2", "us1"}
    assert shown["w2"]["hosts"] == ["cp1", "w1", "w2"] and shown["w2"]["leader"] == "cp1" and shown["us1"]["leader"] == "us1"
    assert shown["cp1"]["node"] == "one" and shown["w1"]["node"] == "w1"
    assert shown["w1"]["run"].startswith("ada on ") and shown["w1"]["run"].endswith("UTC (4711)")
    assert shown["w1"]["plan"]["hosts"] == ["cp1", "us1", "w1", "w2"] and shown["us1"]["plan"] == shown["w1"]["plan"]


def test_clusters_whose_names_differ_only_in_punctuation_are_two(run):
    inventory = copy.deepcopy(INVENTORY)
    inventory["all"]["children"]["us"]["vars"]["kpr_cluster"] = "prod.eu-1"
    shown = run(inventory=inventory)
    assert shown["us1"]["hosts"] == ["us1"] and shown["w1"]["hosts"] == ["cp1", "w1", "w2"]


@pytest.mark.parametrize("words", [("--limit", "w1,w2"), ("-e", "kpr_hosts=w1,w2")])
def test_a_limit_without_localhost_plans_what_it_holds(run, words):
    shown = run(*words)
    assert set(shown) == {"w1", "w2"}
    assert shown["w1"]["hosts"] == ["w1", "w2"] and shown["w1"]["leader"] == "w1"
    assert shown["w2"]["plan"]["hosts"] == ["w1", "w2"]


def test_what_a_survey_gives_is_understood(run):
    shown = run("-e", "kpr_hosts=eu", "-e", "kpr_waves='2, 100%'", "-e", "kpr_wave_count=1")
    assert shown["w2"]["plan"]["waves"] == {"prod-eu.1": [["cp1", "w1"]]}


def test_each_cluster_has_its_own_waves(run):
    inventory = copy.deepcopy(INVENTORY)
    inventory["all"]["children"]["eu"]["vars"]["kpr_waves"] = [2]
    shown = run(inventory=inventory)
    assert shown["us1"]["plan"]["waves"] == {"prod-eu.1": [["cp1", "w1"], ["w2"]], "us": [["us1"]]}


@pytest.mark.parametrize("words", [(), ("--limit", "w1")])
def test_hosts_that_the_inventory_does_not_have_are_an_error(run, words):
    said = run("-e", "kpr_hosts=us:!us1", *words)
    assert "Found no host for kpr_hosts=us:!us1 among the" in said


@pytest.mark.parametrize("waves", ["1, five", "0"])
def test_waves_that_cannot_be_meant_are_named_before_anything_begins(run, waves):
    said = run("-e", f"kpr_waves='{waves}'")
    assert "correct kpr_waves" in said and "TASK [ansible.builtin.set_fact]" not in said


def test_waves_of_one_cluster_that_cannot_be_meant_leave_the_others_theirs(run, tmp_path):
    inventory = copy.deepcopy(INVENTORY)
    inventory["all"]["children"]["us"]["vars"]["kpr_waves"] = [1, "20 nodes"]
    assert "20 nodes" in run(inventory=inventory)
    shown = {path.name: json.loads(path.read_text()) for path in (tmp_path / "shown").iterdir()}
    assert set(shown) == {"cp1", "w1", "w2"} and list(shown["cp1"]["plan"]["waves"]) == ["prod-eu.1"]


def test_a_run_without_a_cluster_fails(run):
    said = run("-e", "kpr_hosts=others")
    assert "Found no host with kpr_cluster among 1 hosts (kpr_hosts is others)" in said


@pytest.mark.parametrize("name, stops", [("kubeproxy_free", True), ("of_somebody_who_has_copied_ours", False)])
def test_playbooks_of_another_version_are_refused(run, tmp_path, name, stops):
    (tmp_path / "galaxy.yml").write_text(json.dumps({"namespace": "fleetops", "name": name, "version": "0.0.1"}))
    shutil.copy(PLAYBOOKS / "group.yml", tmp_path / "playbooks")
    (tmp_path / "playbooks" / "playbook.yml").write_text(json.dumps([{"import_playbook": "group.yml"}]))
    said = run()
    assert ("Found playbooks of fleetops.kubeproxy_free 0.0.1 in" in said) is stops


def test_every_playbook_begins_with_it():
    plays = {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in PLAYBOOKS.glob("*.yml")}
    parts = {play["import_playbook"] for playbook in plays.values() for play in playbook if "import_playbook" in play}
    assert {name for name, playbook in plays.items() if playbook[0].get("import_playbook") == "group.yml"} == plays.keys() - parts


@pytest.mark.parametrize("words, common", [(["--become"], {}), ([], {"ansible_become": True})], ids=["--become", "group_vars/all"])
@pytest.mark.parametrize("node, becomes", [("cp1", {"node": True, "controller": False}), ("localhost", {"node": True, "controller": True})])
def test_only_nodes_are_root(run, tmp_path, monkeypatch, words, common, node, becomes):
    """A stand-in for sudo leaves a mark and runs the rest of its words. Where the controller is a node, it is what nodes are."""
    (tmp_path / "sudo").write_text("#!/bin/sh\nuntil [ \"$1\" = /bin/sh ]; do shift; done\nTHROUGH=sudo exec \"$@\"\n")
    (tmp_path / "sudo").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("ANSIBLE_BECOME_ALLOW_SAME_USER", "true")  # whoever runs this test may be root
    look = {"ansible.builtin.command": "printenv THROUGH", "failed_when": False, "changed_when": False}
    shown = {"node": "{{ node.stdout == 'sudo' }}", "controller": "{{ controller.stdout == 'sudo' }}"}
    (tmp_path / "playbooks" / "playbook.yml").write_text(json.dumps([
        {"import_playbook": str(PLAYBOOKS / "group.yml")},
        {"name": "Look", "hosts": "kpr_nodes", "gather_facts": False, "tasks": [
            {**look, "register": "node"}, {**look, "register": "controller", "delegate_to": "localhost"},
            {"ansible.builtin.copy": {"dest": "{{ shown }}/{{ inventory_hostname }}", "mode": "0600", "content": shown}, "delegate_to": "localhost"}]},
    ]))  # fmt: skip
    inventory = {"all": {"vars": {"ansible_connection": "local", "kpr_cluster": "eu", **common}, "hosts": {node: {}}}}
    assert run(*words, inventory=inventory) == {node: becomes}


def test_a_process_of_a_task_finds_the_collections_filters_loaded(tmp_path):
    """An action plugin looks before anything is templated there: loading them all takes each process longer than most tasks."""
    (tmp_path / "action_plugins").mkdir()
    (tmp_path / "action_plugins" / "loaded.py").write_text(LOADED)
    look = [{"loaded": {}, "register": "found"}, {"ansible.builtin.debug": {"msg": "FOUND {{ found.filters | length }}"}}]
    plays = [{"import_playbook": str(PLAYBOOKS / "group.yml")}, {"hosts": "kpr_nodes", "gather_facts": False, "tasks": look}]
    (tmp_path / "play.yml").write_text(json.dumps(plays))
    done = ansible_playbook("-i", "localhost,", "-c", "local", "-e", "kpr_cluster=one", "play.yml", cwd=tmp_path, env=os.environ, first=())
    assert f"FOUND {len(list((PLAYBOOKS.parent / 'plugins' / 'filter').glob('*.py')))}" in done.stdout, done.stdout + done.stderr
