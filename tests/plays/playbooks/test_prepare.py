# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the record says after the real prepare.yml and halt.yml of the role handover, with stand-ins for Helm, the API and the other tasks."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil

import pytest
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]
REAL = {"prepare.yml", "halt.yml"}
RECORD = [
    {"ansible.builtin.debug": {"msg": "RECORD {{ handover_record_new | to_json }}"}},
    {"ansible.builtin.set_fact": {"handover_phase": "{{ handover_record_new.state.phase }}"}},
]
STAND_IN = """#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule
AnsibleModule({name: {"type": "raw"} for name in ("api_version", "kind", "namespace", "name")}).exit_json(changed=False, resources=[])
"""


@pytest.mark.parametrize(("phase", "written"), [
    ("halted", ["prepared", "halted"]), ("returning", ["prepared", "halted"]), ("prepared", ["halted"]),
])  # fmt: skip
def test_a_run_that_goes_on_clears_what_an_earlier_one_ended_with_and_writes_its_own_halt(tmp_path, phase, written):
    role = tmp_path / "roles" / "handover"
    for folder in ("vars", "defaults"):
        shutil.copytree(ROOT / "roles" / "handover" / folder, role / folder)
    (role / "tasks").mkdir()
    for path in (ROOT / "roles" / "handover" / "tasks").glob("*.yml"):
        text = path.read_text(encoding="utf-8") if path.name in REAL else "[]"
        text = text.replace("kubernetes.core.k8s_info:", "api_stand_in:").replace("name: fleetops.kubeproxy_free.cilium", "name: nothing")
        (role / "tasks" / path.name).write_text(json.dumps(RECORD) if path.name == "record.yml" else text, encoding="utf-8")
    for folder, name, text in (("roles/nothing/tasks", "main.yml", "[]"), ("library", "api_stand_in.py", STAND_IN)):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / name).write_text(text, encoding="utf-8")
    known = {"handover_phase": phase, "handover_record": {"state": {"phase": phase}}, "handover_values": {"former": {}, "apart": {"values": {}}}}
    (tmp_path / "play.yml").write_text(json.dumps([{
        "hosts": "localhost", "gather_facts": False, "vars": {"kpr_leader": "localhost", "kpr_cluster": "demo"},
        "tasks": [
            {"ansible.builtin.set_fact": known},
            {"ansible.builtin.include_role": {"name": "handover", "tasks_from": "prepare"}},
            {"ansible.builtin.set_fact": {"handover_halted": "prove on node a"}},
            {"ansible.builtin.include_role": {"name": "handover", "tasks_from": "halt"}},
        ],
    }]), encoding="utf-8")  # fmt: skip
    (tmp_path / "ansible.cfg").touch()
    environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = ansible_playbook("-i", "localhost,", "-c", "local", "play.yml", cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    said = [json.loads(json.loads(f'"{text}"')) for text in re.findall(r'"msg": "RECORD (.*)"', done.stdout)]
    assert [one["state"]["phase"] for one in said] == written and said[-1]["state"]["reason"] == "prove on node a"
