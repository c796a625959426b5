# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a play lets go of when it fails on every node of a cluster: the real tasks/close.yml, with a stand-in for the lock."""

from __future__ import annotations

import json
import os
import pathlib
import re

import pytest
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]
CLUSTERS = {"a": ["a1", "a2"], "b": ["b1"]}


@pytest.mark.parametrize(("before", "after", "unlocked"), [
    ([], ["a1", "a2"], ["a1"]), (["a1"], ["a2"], ["a2"]), ([], ["a1"], []), (["a1", "a2"], [], []),
])  # fmt: skip
def test_the_lock_of_a_cluster_goes_when_all_of_its_nodes_are_out_and_it_had_been_taken(tmp_path, before, after, unlocked):
    text = (ROOT / "playbooks" / "tasks" / "close.yml").read_text(encoding="utf-8")
    (tmp_path / "close.yml").write_text(text.replace("fleetops.kubeproxy_free.handover", "handover"), encoding="utf-8")
    (tmp_path / "roles" / "handover" / "tasks").mkdir(parents=True)
    (tmp_path / "roles" / "handover" / "tasks" / "unlock.yml").write_text('[{"ansible.builtin.debug": {"msg": "UNLOCKED by {{ inventory_hostname }}"}}]')
    children = {name: {"hosts": dict.fromkeys(hosts, {}), "vars": {"kpr_cluster": name, "kpr_cluster_hosts": hosts, "kpr_leader": hosts[0]}}
                for name, hosts in CLUSTERS.items()}  # fmt: skip
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"vars": {"ansible_connection": "local"}, "children": children}}))
    locked = {"when": "inventory_hostname == kpr_speaker"}
    (tmp_path / "play.yml").write_text(json.dumps([{
        "hosts": "all", "gather_facts": False, "vars_files": [str(ROOT / "playbooks" / "vars" / "fleet.yml")],
        "tasks": [{
            "block": [
                {"ansible.builtin.fail": {"msg": "as the test wants"}, "when": f"inventory_hostname in {before}"},
                {"ansible.builtin.set_fact": {"handover_steps": [{"name": "lock", "ok": True}]}, **locked},
                {"ansible.builtin.set_fact": {"handover_locked": True}, "delegate_to": "{{ kpr_leader }}", "delegate_facts": True, **locked},
                {"ansible.builtin.fail": {"msg": "as the test wants"}, "when": f"inventory_hostname in {after}"},
            ],
            "always": [{"ansible.builtin.import_tasks": "close.yml", "vars": {"kpr_last_play": False}}],
        }],
    }]))  # fmt: skip
    (tmp_path / "ansible.cfg").touch()
    environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = ansible_playbook("-i", "hosts.json", "play.yml", cwd=tmp_path, env=environment)
    assert re.findall(r'"msg": "UNLOCKED by (\w+)"', done.stdout) == unlocked, done.stdout + done.stderr
