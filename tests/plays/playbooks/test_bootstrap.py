# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bootstrap.yml refuses before anything changes, whatever the inventory and the limit are.

The nodes are this machine, which is none: it never goes further.
"""

from __future__ import annotations

import json
import os
import pathlib

import pytest
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]
KUBEADM = pathlib.Path("/etc/kubernetes")
pytestmark = pytest.mark.skipif(KUBEADM.exists(), reason="needs a machine that is no node")

#: Port 1 of loopback stands for nodes and endpoints that do not answer.
AWAY = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}


@pytest.fixture
def said(tmp_path):
    """What a run in check mode says that is refused."""

    def play(hosts, *words, **variables):
        settings = {"ansible_connection": "local", "kpr_cluster": "prod", "kpr_kubernetes_version": "1.34.4",
                    "kpr_cilium_version": "1.19.1", "kpr_control_plane_endpoint": "127.0.0.1:1", "kpr_kubeconfig": str(tmp_path / "kubeconfig"),
                    "kpr_helm_binary": "/nowhere/helm", **variables}  # fmt: skip
        (tmp_path / "inventory.json").write_text(json.dumps({"all": {"vars": settings, "hosts": hosts}}))
        environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        done = ansible_playbook("-i", "inventory.json", str(ROOT / "playbooks" / "bootstrap.yml"), "--check", *words, cwd=tmp_path, env=environment)
        assert done.returncode != 0, done.stdout
        assert "changed=0" in done.stdout and "kubeadm init" not in done.stdout, done.stdout
        return " ".join((done.stdout + done.stderr).split())

    return play


def test_all_that_a_cluster_lacks_is_told_at_once(said):
    told = said({"cp1": {"kpr_control_plane": True}, "w1": {}})
    assert "Node cp1: kubeadm: found none, expected 1.34.4" in told and "Node w1: kubeadm: found none" in told
    assert "Cluster prod: found Helm nowhere (/nowhere/helm)" in told


def test_a_limit_does_not_hide_control_planes_that_may_be_members(said):
    other = {"kpr_cluster": "other", "kpr_control_plane": True, **AWAY}
    told = said({"cp1": {"kpr_control_plane": "yes", **AWAY}, "cp2": {"kpr_control_plane": True}, "other": other}, "--limit", "cp2")
    assert "Cluster prod: control planes that are not in this run could not be read (cp1), so they may be members" in told


def test_a_node_that_is_away_keeps_the_cluster_from_beginning(said):
    assert "Cluster prod: w1 could not be read or failed" in said({"cp1": {"kpr_control_plane": True}, "w1": AWAY})


def test_a_kubeconfig_that_is_there_leads_elsewhere(said, tmp_path):
    (tmp_path / "kubeconfig").write_text("another cluster's")
    assert f"found {tmp_path}/kubeconfig on the controller, expected none before a cluster begins" in said({"cp1": {"kpr_control_plane": True}})


def test_the_endpoint_alone_says_where_the_api_is(said):
    told = said({"cp1": {"kpr_control_plane": True}}, kpr_control_plane_endpoint="fd00::1:6443")
    assert "found kpr_control_plane_endpoint fd00::1:6443, expected HOST:PORT (an IPv6 address in brackets)" in told
