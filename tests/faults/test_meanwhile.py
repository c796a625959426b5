# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What breaks in the midst of a wave, or is changed there by somebody else: the next run finishes."""

from __future__ import annotations

import json
import time

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.slow]
TRAFFIC = ("-e", "kpr_traffic=true", "-e", "kpr_traffic_timeout=15")
STEAL = ("-e", "kpr_steal_lock=true")
IN_A_WAVE = "step | Run: take_over]"
ALL_MOVED = {"cp1": True, "worker1": True}


def well(lab):
    """All nodes are ready, and their agents new."""
    lab.kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=180s")
    lab.kubectl("-n", "kube-system", "rollout", "status", "daemonset/cilium", "--timeout=180s")


def finishes(lab, *words):
    status, output = lab.run("migrate", *TRAFFIC, *words)
    assert status == 0 and lab.phase() == "settled" and lab.modes() == ALL_MOVED, output[-3000:]
    assert lab.refused() == {}


def test_the_api_is_away_for_a_minute(untouched):
    lab = untouched
    process = lab.start("migrate", *TRAFFIC)
    lab.wait_for(process, IN_A_WAVE)
    api = lab.on("cp1", "pgrep", "-x", "kube-apiserver").split()
    lab.on("cp1", "kill", "-STOP", *api)
    time.sleep(60)
    lab.on("cp1", "kill", "-CONT", *api)
    process.wait(900)
    assert lab.refused() == {}
    if lab.phase() != "settled":
        finishes(lab, *STEAL)


def test_a_node_vanishes_and_the_others_of_its_wave_go_back(spread):
    lab = spread
    options = {"kpr_waves": [2], "kpr_control_planes": "mixed", "handover_takeover_timeout": 60, "handover_sync_timeout": 30}
    process = lab.start("migrate", *TRAFFIC, "-e", json.dumps(options))
    lab.wait_for(process, IN_A_WAVE)
    lab.plug("worker1", "down")
    try:
        assert process.wait(900) != 0
    finally:
        lab.plug("worker1", "up")
    told = json.dumps(lab.report)
    assert lab.phase() == "halted" and "node worker1 keeps Cilium's replacement" in told and "take_over on" in told, told
    elsewhere = lab.hosts[lab.container("worker1")]["ansible_host"], "outside to demo/web:http external IP"  # which is routed through worker1
    assert lab.refused("worker1", *elsewhere) == {}
    well(lab)
    assert lab.modes()["cp1"] is False and "cp1" in lab.kube_proxies()
    status, output = lab.run("migrate", *TRAFFIC, *STEAL)
    assert status == 0 and lab.phase() == "settled" and lab.modes() == ALL_MOVED, output[-3000:]


def test_the_canary_is_away_for_ssh_alone(untouched):
    """It is the only node of its wave. What can be done through the API is done; that its rules are there, nobody could see."""
    lab = untouched
    process = lab.start("migrate", *TRAFFIC, "-e", "handover_sync_timeout=30")
    lab.wait_for(process, IN_A_WAVE)
    lab.on("worker1", "sh", "-c", "systemctl stop ssh.socket ssh; pkill -KILL -x sshd; true")
    try:
        assert process.wait(900) != 0
    finally:
        lab.on("worker1", "systemctl", "start", "ssh")
    told = json.dumps(lab.report)
    assert lab.phase() == "halted" and "on worker1" in told, told
    assert lab.modes()["cp1"] is False and lab.kube_proxies() == {"cp1", "worker1"}
    assert lab.refused() == {}
    finishes(lab)


def test_the_api_is_away_for_one_node_alone(spread):
    """Its kubelet and its agent hear nothing of the wave that it is in."""
    lab = spread
    process = lab.start("migrate", *TRAFFIC, "-e", "handover_takeover_timeout=30", "-e", "handover_sync_timeout=30")
    lab.wait_for(process, IN_A_WAVE)
    rule = ("OUTPUT", "-p", "tcp", "--dport", "6443", "-j", "DROP")
    lab.on("worker1", "iptables", "-t", "raw", "-I", *rule)
    try:
        assert process.wait(900) != 0
    finally:
        lab.on("worker1", "iptables", "-t", "raw", "-D", *rule)
    told = json.dumps(lab.report)
    assert lab.phase() == "halted" and "take_over on worker1" in told, told
    assert lab.refused() == {}
    well(lab)
    assert lab.modes()["cp1"] is False and lab.kube_proxies() == {"cp1", "worker1"}
    finishes(lab)


def test_the_release_is_changed(untouched):
    lab = untouched

    def debug():
        return json.loads(lab.helm("get", "values", "cilium", "-n", "kube-system", "-o", "json")).get("debug")

    def change(value):
        lab.helm("upgrade", "cilium", lab.variables["kpr_cilium_chart_ref"], "-n", "kube-system", "--reuse-values", "--set", value)

    process = lab.start("migrate", *TRAFFIC, "-e", "kpr_soak=20")
    lab.wait_for(process, "step | Run: soak]")
    change("debug.enabled=true")
    process.wait(900)
    assert lab.refused() == {}
    well(lab)
    if lab.phase() != "settled":
        finishes(lab)
    assert debug() == {"enabled": True}
    assert lab.run("rollback")[0] == 0
    assert debug() == {"enabled": True}
    change("debug=null")
    well(lab)


def test_a_node_leaves_between_waves_and_a_new_one_joins_in_one(untouched, tmp_path):
    """A node's object, its agent with it, is gone for a while, as when a machine is replaced."""
    lab = untouched
    written = lab.written
    del written["hosts"][lab.container("worker1")]
    without = tmp_path / "hosts.yml"
    without.write_text(json.dumps({lab.name: written}), encoding="utf-8")
    uid = lab.kubectl("get", "node", "worker1", "-o", "jsonpath={.metadata.uid}")
    with lab.bare_pod():
        lab.kubectl("delete", "node", "worker1")
        status, output = lab.run("migrate")
        assert status != 0 and "node-unknown, node worker1" in output and "nothing was changed" in output, output[-3000:]
        process = lab.start("migrate", inventory=without)
        lab.wait_for(process, IN_A_WAVE)
        lab.on("worker1", "systemctl", "restart", "kubelet")
        lab.kubectl("wait", "--for=create", "node/worker1", "--timeout=120s")
        assert process.wait(900) == 0
        assert uid not in lab.kubectl("get", "nodes", "-o", "json")
        well(lab)
        output = process.log.read_text(encoding="utf-8")
        assert lab.phase() == "prepared" and "1 of 2 nodes have not moved (worker1)" in output, output[-3000:]
        assert lab.modes() == {"cp1": True, "worker1": False} and lab.kube_proxies() == {"worker1"}
        status, output = lab.run("plan", inventory=without)
        assert "nodes-left-out" in output, output[-3000:]
    finishes(lab)
