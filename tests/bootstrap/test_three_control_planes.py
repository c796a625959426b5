# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh cluster of three control planes from bare nodes. `make test-bootstrap` runs this; Molecule's scenario has one control plane."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.own_lab import ROOT, OwnLab

pytestmark = [pytest.mark.lab, pytest.mark.slow]
CONTROL_PLANES = ("cp1", "cp2", "cp3")


@pytest.fixture(scope="module")
def bare():
    lab = OwnLab("three", 23, CONTROL_PLANES=len(CONTROL_PLANES), WORKERS=1, START="bare")
    lab.fresh()
    yield lab
    lab.lab("down")


def play(lab, playbook, *words):
    command = ["ansible-playbook", "-i", lab.inventory, ROOT / "playbooks" / f"{playbook}.yml", *words]
    done = subprocess.run(command, cwd=ROOT, env=lab.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1500, check=False)
    return done.returncode, done.stdout


def failures(output):
    """What is told of each failed task."""
    return "\n".join(part[:2000] for part in output.split("\nTASK [") if "\nfatal: " in part)


def test_bootstrap(bare):
    status, output = play(bare, "bootstrap", "-vv")
    assert status == 0, failures(output)
    assert not re.search(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b", output), "a token of a join is told"
    nodes = json.loads(bare.kubectl("get", "nodes", "-o", "json"))["items"]
    ready = {node["metadata"]["name"] for node in nodes for one in node["status"]["conditions"] if one["type"] == "Ready" and one["status"] == "True"}
    roles = {node["metadata"]["name"] for node in nodes if "node-role.kubernetes.io/control-plane" in node["metadata"]["labels"]}
    assert ready == {*CONTROL_PLANES, "worker1"} and roles == set(CONTROL_PLANES)


def test_every_control_plane_has_its_part_and_none_has_kube_proxy(bare):
    for component in ("kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler"):
        pods = bare.kubectl("-n", "kube-system", "get", "pods", "-l", f"component={component}", "-o", "name").split()
        assert sorted(pods) == [f"pod/{component}-{name}" for name in CONTROL_PLANES]
    everything = bare.kubectl("-n", "kube-system", "get", "daemonsets,configmaps,pods", "-o", "name")
    assert "kube-proxy" not in everything
    for node in (*CONTROL_PLANES, "worker1"):
        assert ":KUBE-SVC-" not in bare.on(node, "iptables-save")


def test_a_second_run_changes_nothing(bare):
    status, output = play(bare, "bootstrap")
    assert status == 0, failures(output)
    assert output.split("PLAY RECAP")[1].count("changed=0") == len(CONTROL_PLANES) + 1, output[-1500:]


def test_it_serves(bare):
    status, output = play(bare, "verify", "-e", "verify_served_by=cilium")
    assert status == 0, failures(output)
