# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a run ends with what is done to a whole cluster: the real end.yml of the roles handover and rollback, with stand-ins for the steps."""

from __future__ import annotations

import json
import os
import pathlib
import re

import pytest
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]
REAL = {"end.yml", "leave.yml", "cluster.yml", "step.yml"}
STEP = [{"ansible.builtin.debug": {"msg": "DONE {{ handover_step }}"}}]
LABEL = "kubeproxy-free.fleetops.io"
MOVED = {f"{LABEL}/state": "moved", f"{LABEL}/replacement": "on"}


@pytest.fixture
def end(tmp_path, copy_role):
    """A function that ends a run over two clusters, of which a has two nodes (labels) and this phase; returns the steps that a came to."""

    def text(path):
        made = path.read_text(encoding="utf-8") if path.name in REAL else json.dumps([] if path.name == "renew.yml" else STEP)
        return made.replace("name: fleetops.kubeproxy_free.handover", "name: handover")

    for name in ("handover", "rollback"):
        copy_role(name, text)

    def play(role, labels, planned, phase, *words, pending=(), **record):
        hosts = {f"a-{node}": {"kpr_node_name": node, "kpr_cluster": "a", "kpr_leader": "a-n1", "kpr_cluster_hosts": ["a-n1", "a-n2"]} for node in ("n1", "n2")}
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"vars": {"ansible_connection": "local"}, "hosts": hosts}}), encoding="utf-8")
        plan = {"waves": {"a": [[f"a-{node}"] for node in planned], "b": [["b-n1"]]}}
        known = {"handover_locked": True, "handover_phase": phase, "handover_record": {"state": {"phase": phase}, **record}, "handover_labels": labels,
                 "preflight_cluster_facts": {"kube_proxy": {"daemonset": {}}},
                 "handover_place": {"pending": "{{ kpr_node_name in %s }}" % list(pending)}}  # fmt: skip
        (tmp_path / "play.yml").write_text(json.dumps([{
            "hosts": "all", "gather_facts": False, "vars_files": [str(ROOT / "playbooks" / "vars" / "fleet.yml")],
            "tasks": [
                {"ansible.builtin.set_fact": {"kpr_plan": plan}, "run_once": True, "delegate_to": "localhost", "delegate_facts": True},
                {"ansible.builtin.set_fact": known},
                {"ansible.builtin.include_role": {"name": role, "tasks_from": "end"}},
            ],
        }]), encoding="utf-8")  # fmt: skip
        environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        done = ansible_playbook("-i", "hosts.json", "play.yml", *words, cwd=tmp_path, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return set(re.findall(r'"msg": "DONE (\w+)"', done.stdout))

    return play


@pytest.mark.parametrize(("role", "labels", "planned", "phase", "last"), [
    ("handover", {"n1": {}, "n2": {}}, ["n1", "n2"], "", True),
    ("handover", {"n1": {}, "n2": {}}, ["n1"], "", False),
    ("handover", {"n1": MOVED, "n2": {}}, ["n2"], "prepared", True),
    ("handover", {"n1": MOVED, "n2": {}}, [], "prepared", False),
    ("rollback", {"n1": MOVED, "n2": MOVED}, ["n1", "n2"], "prepared", True),
    ("rollback", {"n1": MOVED, "n2": MOVED}, ["n1"], "prepared", False),
    ("rollback", {"n1": {}, "n2": {}}, ["n1", "n2"], "settled", True),
    ("rollback", {"n1": {}, "n2": {}}, ["n2"], "settled", False),
])  # fmt: skip
def test_a_dry_run_foretells_the_last_step_only_where_no_node_would_be_left(end, role, labels, planned, phase, last):
    assert (("settle" if role == "handover" else "restore") in end(role, labels, planned, phase, "--check")) is last


@pytest.mark.parametrize(("labels", "last"), [({"n1": MOVED, "n2": MOVED}, True), ({"n1": MOVED, "n2": {}}, False)])
def test_a_run_goes_by_the_labels_of_the_nodes(end, labels, last):
    assert ("settle" in end("handover", labels, ["n1", "n2"], "prepared")) is last
    assert ("restore" in end("rollback", {node: {} if own else MOVED for node, own in labels.items()}, ["n1", "n2"], "returning")) is last


def test_a_cluster_does_not_settle_while_a_node_has_to_go_through_its_wave_once_more(end):
    """Somebody had brought kube-proxy back to it, and its wave is not one of this run's."""
    assert "settle" not in end("handover", {"n1": MOVED, "n2": MOVED}, ["n1"], "prepared", pending=["n2"])


@pytest.mark.parametrize(("role", "labels", "owed", "restarted"), [
    ("rollback", {"n1": MOVED, "n2": {}}, True, True), ("rollback", {"n1": MOVED, "n2": {}}, False, False), ("rollback", {"n1": {}, "n2": {}}, True, False),
    ("handover", {"n1": MOVED, "n2": {}}, True, True), ("handover", {"n1": MOVED, "n2": {}}, False, False),
])  # fmt: skip
def test_dns_is_restarted_where_waves_went_back_and_the_cluster_did_not(end, role, labels, owed, restarted):
    """By the record: it may have been in a run that died. The last step of a whole way back does it itself."""
    assert ("restart_dns" in end(role, labels, ["n1", "n2"], "returning", dns={"restart": owed})) is restarted
