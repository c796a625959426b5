# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback in a real run of the real step.yml, whose steps here are files that do nothing or fail."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import stat
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[4]
pytestmark = pytest.mark.skipif(not shutil.which("ansible-playbook"), reason="needs ansible-playbook")

INVENTORY = {"all": {"vars": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                              "kpr_cluster": "{{ 'prod' ~ '-a' }}", "handover_node": "{{ kpr_node_name }}"},
                     "hosts": {"h1": {"kpr_node_name": "cp1"}, "h2": {"kpr_node_name": "w1"}}}}
#: Of the role's own variables, those of step.yml: what was halted only ends, and no step needs the lock.
OF_THE_ROLE = {"__handover_goes": "{{ hostvars[kpr_leader].handover_halted is not defined or handover_step == 'unlock' }}",
               "__handover_renewing_steps": [], "__handover_returned": [], "handover_leaves_nodes": False}
PLAYBOOK = [
    {"import_playbook": str(ROOT / "playbooks" / "group.yml")},
    {"name": "Stand in for migrate.yml", "hosts": "kpr_nodes", "gather_facts": False, "vars_files": [str(ROOT / "playbooks" / "vars" / "fleet.yml")],
     "vars": OF_THE_ROLE, "tasks": [
        {"ansible.builtin.set_fact": {"kpr_plan": {"waves": {"prod-a": [["h1", "h2"]]}}}, "run_once": True, "delegate_to": "localhost", "delegate_facts": True},
        {"ansible.builtin.include_tasks": "step.yml", "loop": ["prove", "accept", "unlock"], "loop_control": {"loop_var": "handover_step"}},
    ]},
]  # fmt: skip


@pytest.fixture
def run(tmp_path):
    shutil.copy(ROOT / "roles" / "handover" / "tasks" / "step.yml", tmp_path)
    (tmp_path / "inventory.json").write_text(json.dumps(INVENTORY))
    (tmp_path / "playbook.yml").write_text(json.dumps(PLAYBOOK))
    for name in ("accept", "unlock"):
        (tmp_path / f"{name}.yml").write_text("[]")

    def play(prove):
        (tmp_path / "prove.yml").write_text(json.dumps(prove))
        environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "KPR_EVENTS_FILE": str(tmp_path / "events"),
                       "ANSIBLE_CALLBACKS_ENABLED": "fleetops.kubeproxy_free.progress"}  # fmt: skip
        done = subprocess.run(["ansible-playbook", "-i", "inventory.json", "playbook.yml"], cwd=tmp_path, env=environment, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)  # fmt: skip
        return done.stdout, [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]

    return play


COUNTED = [
    {"name": "Run on each node", "ansible.builtin.command": "true", "loop": [1, 2]},
    {"name": "Run on no node", "ansible.builtin.command": "true", "when": False},
    {"name": "Ask the API, in vain, or pass it over", "block": [
        {"fleetops.kubeproxy_free.cilium_status": {"kubeconfig": "/missing"}, "delegate_to": "localhost", "when": "inventory_hostname == 'h1'"},
    ], "rescue": [{"ansible.builtin.copy": {
        "dest": "{{ playbook_dir }}/calls", "mode": "0600", "content": "{{ lookup('fleetops.kubeproxy_free.remote_calls', 'prod-a') | to_json }}",
    }}]},
]  # fmt: skip


def test_steps_are_shown_and_written_and_calls_counted(run, tmp_path):
    said, events = run(COUNTED)
    assert json.loads((tmp_path / "calls").read_text()) == {"nodes": {"cp1": 2, "w1": 2}, "api": {"waves": [1], "besides": 0}, "repeated": 0}
    assert [(event["event"], event.get("step"), event.get("nodes"), event.get("wave"), event["arrived"]) for event in events] == [
        ("plan", None, None, None, 0),
        ("step_began", "prove", ["cp1", "w1"], 0, 0),
        ("step_ended", "prove", ["cp1", "w1"], 0, 0),
        ("step_began", "accept", ["cp1", "w1"], 0, 0),
        ("step_ended", "accept", ["cp1", "w1"], 0, 2),
        ("step_began", "unlock", ["cp1", "w1"], None, 2),
        ("step_ended", "unlock", ["cp1", "w1"], None, 2),
        ("end", None, None, None, 2),
    ]
    assert {event["cluster"] for event in events} == {"prod-a"}
    assert "prod-a: 2 nodes in 1 wave: 2 nodes (cp1, w1)\n" in said and "prod-a: wave 1 of 1, prove on cp1, w1\n" in said
    assert ", 2 of 2 nodes\n" in said and "[###" not in said
    assert stat.S_IMODE((tmp_path / "events").stat().st_mode) == 0o600


def test_a_failure_is_told(run):
    said, events = run([{"ansible.builtin.fail": {"msg": "no answer"}, "when": "inventory_hostname == 'h2'"}])
    ended = [(event["step"], event["ok"]) for event in events if event["event"] == "step_ended"]
    assert ended == [("prove", False), ("unlock", True)]  # accept was not run; what comes after a failure has none of its own
    failed = next(event["failed"] for event in events if event["event"] == "step_ended")
    assert [one["node"] for one in failed] == ["w1"] and "no answer" in failed[0]["error"]
    assert events[-1]["halted"] is True and events[-1]["arrived"] == 0
    assert "prove FAILED" in said and "no answer" in said
