# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the proofs probe is put in before the first wave, on either way: the real begin.yml of the roles handover and rollback, and their way into verify.

Stand-ins for the other steps and for what needs a cluster do nothing, but for the workload, which says whose node has to be served.
"""

from __future__ import annotations

import json
import os
import pathlib
import re

import pytest
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]
REAL = {"handover": {"begin.yml", "place.yml", "step.yml", "cluster.yml", "probe_setup.yml"}, "rollback": {"begin.yml"},
        "verify": {"setup.yml", "outside_there.yml"}}  # fmt: skip
LABEL = "kubeproxy-free.fleetops.io"
LABELS = {"a": {f"{LABEL}/replacement": "on"}, "b": {"gpu": "true"}}


@pytest.fixture
def begin(tmp_path, copy_role):
    """A function that begins on one of both ways; returns which nodes have to be served, why the cluster was halted or goes without proofs, and the output."""
    def text(path):
        if path.name in REAL[path.parents[1].name]:
            return re.sub(r"name: fleetops\.kubeproxy_free\.(handover|verify)", r"name: \1", path.read_text(encoding="utf-8"))
        return json.dumps([{"ansible.builtin.debug": {"msg": "NEEDED {{ inventory_hostname }} {{ verify_needed }}"}}] if path.name == "put.yml" else [])

    for name in REAL:
        copy_role(name, text)

    def run(role, **variables):
        shared = {"ansible_connection": "local", "kpr_cluster": "demo", "kpr_cluster_hosts": list(LABELS), "kpr_leader": "a", "kpr_wave_settings": {},
                  "kpr_node_name": "{{ inventory_hostname }}", **variables}  # fmt: skip
        away = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {**dict.fromkeys(LABELS, {}), "away": away}, "vars": shared}}), encoding="utf-8")
        known = {"handover_locked": True, "handover_phase": "prepared", "handover_labels": LABELS, "handover_record": {"state": {}}}
        (tmp_path / "play.yml").write_text(json.dumps([{
            "hosts": "a,b", "gather_facts": False, "ignore_unreachable": True, "vars_files": [str(ROOT / "playbooks" / "vars" / "fleet.yml")],
            "tasks": [
                {"ansible.builtin.set_fact": known},
                {"ansible.builtin.include_role": {"name": role, "tasks_from": "begin"}},
                {"ansible.builtin.debug": {"msg": "END {{ handover_halted | default('') }}~~{{ handover_unproven | default('') }}"}, "run_once": True},
            ],
        }]), encoding="utf-8")  # fmt: skip
        environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        done = ansible_playbook("-i", "hosts.json", "play.yml", cwd=tmp_path, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        halted, unproven = re.search(r'"msg": "END (.*)~~(.*)"', done.stdout).groups()
        return dict(re.findall(r'"msg": "NEEDED (\w+) (\w+)"', done.stdout)), halted, unproven, done.stdout

    return run


def test_a_node_that_stays_has_not_to_be_served(begin):
    needed, halted, _unproven, said = begin("handover", kpr_exclude_labels="gpu=true")
    assert needed == {"a": "True", "b": "False"} and not halted, said
    needed, halted, _unproven, said = begin("rollback")
    assert needed == {"a": "True", "b": "False"} and not halted, said


def test_a_host_outside_that_is_away_halts_before_a_node_moves_and_a_way_back_goes_without_proofs(begin):
    _needed, halted, unproven, said = begin("handover", kpr_outside_host="away")
    assert halted.startswith("probe_setup on a, ") and "Cluster demo: found no way to the host outside, away (" in halted and not unproven, said
    _needed, halted, unproven, said = begin("rollback", kpr_outside_host="away")
    assert not halted and "Cluster demo: found no way to the host outside, away (" in unproven, said
    needed, halted, unproven, said = begin("rollback", kpr_outside_host="localhost")
    assert needed and not halted and not unproven, said


def test_a_node_that_only_its_agent_knows_to_have_moved_goes_back(begin):
    """As a run leaves it that dies after it took the node's labels."""
    agents = {"a": {"kube_proxy_replacement": {"enabled": False}}, "b": {"kube_proxy_replacement": {"enabled": True}}}
    needed, _halted, _unproven, said = begin("rollback", preflight_cluster_facts={"agents": agents})
    assert needed == {"a": "True", "b": "True"}, said
