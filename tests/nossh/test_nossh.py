# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""There and back through the API alone. The tests follow each other: each begins where the one before it has left the cluster."""

from __future__ import annotations

import json
import pathlib

import pytest

from tests.nossh.conftest import DEADLINE

ROOT = pathlib.Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.lab, pytest.mark.slow]


def test_the_inventory_alone_reaches_nobody(lab):
    status, output = lab.run("plan", "-e", "kpr_node_access=connection")
    assert status != 0 and "node-unreachable" in output and lab.left_behind() == []


def test_a_pod_that_cannot_start_is_told_by_its_node_and_goes(lab):
    image = {"kpr_node_pod_image": "registry.example.net/missing:1", "kpr_node_pod_image_pull_policy": "Never", "node_access_ready_timeout": 20}
    status, output = lab.run("plan", "-e", json.dumps(image))
    said = " ".join(output.split())
    assert status != 0 and "found no way in through a pod in namespace kube-system" in said and "ErrImageNeverPull" in said, output[-3000:]
    assert all(f"Node {node}: " in said for node in lab.nodes) and lab.left_behind() == []


def test_pods_that_may_end_before_the_run_does_are_refused(lab):
    status, output = lab.run("plan", "-e", "kpr_node_pod_deadline=600")
    assert status != 0 and "found 600 seconds for the pods" in output and f"expected at least {DEADLINE}" in " ".join(output.split()), output[-3000:]
    assert lab.left_behind() == []


def test_check_mode_looks_at_the_nodes_and_changes_nothing(lab):
    before = {node: lab.rules(node) for node in lab.nodes}
    status, output = lab.run("migrate", "--check")
    assert status == 0, output[-3000:]
    assert lab.phase() == "" and lab.left_behind() == [] and lab.labels() == []
    assert before == {node: lab.rules(node) for node in lab.nodes} and all(before.values())


def test_what_a_module_leaves_running_is_the_hosts_and_does_not_end_with_the_pod(lab):
    """As with SSH: the switch of the clean-up and the traffic's prober count on it."""
    (lab.folder / "stay.yml").write_text(json.dumps([
        {"import_playbook": str(ROOT / "playbooks" / "group.yml")},
        {"import_playbook": str(ROOT / "playbooks" / "access.yml")},
        {"hosts": "kpr_nodes", "gather_facts": False, "vars_files": [str(ROOT / "playbooks" / "vars" / "fleet.yml")], "tasks": [
            {"ansible.builtin.raw": "nohup sleep 4711 >/dev/null 2>&1 & exit 0"},
            {"ansible.builtin.import_tasks": str(ROOT / "playbooks" / "tasks" / "close.yml"), "vars": {"kpr_last_play": True}},
        ]},
    ]), encoding="utf-8")  # fmt: skip
    status, output = lab.run(lab.folder / "stay")
    assert status == 0 and lab.left_behind() == [], output[-3000:]
    for node in lab.nodes:
        number = lab.on(node, "pgrep", "-xf", "sleep 4711").strip()
        try:
            assert "kubepods" not in lab.on(node, "cat", f"/proc/{number}/cgroup")
            own, hosts = ([lab.on(node, "readlink", f"/proc/{one}/ns/{kind}") for kind in ("mnt", "pid", "net", "ipc", "uts", "cgroup")] for one in (number, 1))
            assert own == hosts
        finally:
            lab.on(node, "kill", number)


def test_migrate(lab):
    status, output = lab.run("migrate", "-e", "kpr_traffic=true", "-e", "kpr_traffic_timeout=15")
    assert status == 0, output[-3000:]
    assert lab.phase() == "settled" and lab.left_behind() == [] and lab.labels() == []
    assert {node: lab.rules(node) for node in lab.nodes} == {node: [] for node in lab.nodes}
    assert lab.kubectl("-n", "kube-system", "get", "pods", "-l", "k8s-app=kube-proxy", "-o", "name") == ""
    report = json.loads((lab.folder / "nossh" / "report.json").read_text(encoding="utf-8"))
    assert report["traffic"]["paths"] and sum(path["refused"] for path in report["traffic"]["paths"]) == 0


def test_a_second_run_changes_nothing(lab):
    status, output = lab.run("migrate")
    assert status == 0 and lab.phase() == "settled" and lab.left_behind() == [], output[-3000:]
    recap = output[output.index("PLAY RECAP"):]
    assert recap.count("changed=0") == len(lab.nodes), recap


def test_verify(lab):
    status, output = lab.run("verify", "-e", "verify_served_by=cilium")
    assert status == 0 and lab.left_behind() == [], output[-3000:]


def test_rollback(lab):
    status, output = lab.run("rollback")
    assert status == 0, output[-3000:]
    assert lab.phase() == "" and lab.left_behind() == [] and lab.labels() == []
    assert all(lab.rules(node) for node in lab.nodes)
