# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles hand to the role cilium is what they have looked at: the real tasks, with stand-ins for that role and for Helm."""

from __future__ import annotations

import json
import os
import re

import pytest
from playbook_run import ansible_playbook

VARS = {"kpr_cluster": "demo", "kpr_leader": "localhost", "kpr_speaker": "localhost", "kpr_node_name": "n1", "kpr_cluster_hosts": ["localhost"],
        "kpr_wave_hosts": ["localhost"], "kpr_kubeconfig": "/nowhere", "handover_locked": True}  # fmt: skip
SAYS = {"ansible.builtin.debug": {"msg": "GIVEN {{ {'values': cilium_values, 'helm': cilium_helm_binary, 'chart': cilium_chart_ref} | to_json }}"}}
RELEASE = {"ansible.builtin.set_fact": {"cilium_chart_version": "1.19.1", "__cilium_found": {"status": {"release_values": {"bpf": {"lbMapMax": 1}}}}}}
#: answers for the API
MODULE = """#!/usr/bin/python
# WANT_JSON
print('{"changed": false, "resources": []}')
"""
KEPT = {"ansible.builtin.debug": {"msg": "KEPT {{ handover_record_new | to_json }}"}, "when": "handover_record_new.helm is defined"}


@pytest.fixture
def go(tmp_path, copy_role):
    """A function that runs an entry of a role, of which only some files are real; returns what was said behind a word, and all of the output."""

    def run(role, entry, real, **variables):
        def text(path):
            if path.name not in real:
                return json.dumps([KEPT] if path.name == "record.yml" else [])
            return re.sub(r"(?m)^( +)kubernetes\.core\.k8s\w*:.*\n(?:\1  .*\n)*", r"\1stand_in:\n", path.read_text(encoding="utf-8")).replace(
                "name: fleetops.kubeproxy_free.cilium", "name: cilium"
            )

        copy_role(role, text)
        copy_role("cilium", lambda path: json.dumps([SAYS, RELEASE] if path.name in ("main.yml", "upgradable.yml", "release.yml") else []))
        (tmp_path / "library").mkdir()
        (tmp_path / "library" / "stand_in.py").write_text(MODULE, encoding="utf-8")
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {"localhost": {**VARS, **variables}}}}), encoding="utf-8")
        tasks = [{"ansible.builtin.include_role": {"name": role, "tasks_from": entry}}]
        (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
        environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        done = ansible_playbook("-i", "hosts.json", "-c", "local", "-v", "play.yml", cwd=tmp_path, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        said = re.findall(r'"msg": "(GIVEN|KEPT) (.*)"', done.stdout)
        return [(word, json.loads(json.loads(f'"{text}"'))) for word, text in said], done.stdout

    return run


def test_values_that_prepare_lays_are_those_whose_former_ones_are_kept(go):
    wanted = {"bpf": {"lbMapMax": 2}, "devices": "eth0"}
    said, output = go("handover", "step", {"step.yml", "prepare.yml", "values.yml"}, handover_step="prepare",
                      handover_record={"helm": {"values": {}, "absent": []}}, handover_phase="prepared",
                      handover_cilium_values=wanted, cilium_values={"bpf": {"lbMapMax": 3}})  # fmt: skip
    (former,) = [one["helm"] for word, one in said if word == "KEPT" and "helm" in one] or [output]
    assert former["values"]["bpf"] == {"lbMapMax": 1} and ["devices"] in former["absent"]
    assert [one["values"] for word, one in said if word == "GIVEN"][-1] == wanted


def test_a_way_back_lays_none(go):
    said, output = go("handover", "step", {"step.yml", "restore.yml"}, handover_step="restore", handover_cilium_values={"devices": "eth0"},
                      handover_record={"helm": {"values": {}, "absent": []}, "state": {"phase": "returning"}}, handover_phase="returning")  # fmt: skip
    assert [one["values"] for word, one in said if word == "GIVEN"] == [{}], output
