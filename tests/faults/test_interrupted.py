# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that end where the whole cluster is on its way, or that find it another run's: each can be gone on with, in both directions."""

from __future__ import annotations

import json
import time

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.slow]
TRAFFIC = ("-e", "kpr_traffic=true", "-e", "kpr_traffic_timeout=15")
STEAL = ("-e", "kpr_steal_lock=true")
ALL_MOVED, NONE_MOVED = {"cp1": True, "worker1": True}, {"cp1": False, "worker1": False}


def is_back(lab):
    """Whether nothing of the migration is left and kube-proxy serves."""
    labels = json.dumps([node["metadata"]["labels"] for node in json.loads(lab.kubectl("get", "nodes", "-o", "json"))["items"]])
    return lab.phase() == "" and lab.modes() == NONE_MOVED and lab.kube_proxies() == {"cp1", "worker1"} and "kubeproxy-free" not in labels


@pytest.mark.parametrize("task", ["settle | Delete kube-proxy's DaemonSet and ConfigMap]", "settle | Ask every agent whether it runs what is configured now]"])
def test_settling_is_cut_off_and_gone_on_with(untouched, task):
    lab = untouched
    lab.kill_when(lab.start("migrate", *TRAFFIC), task)
    assert lab.phase() == "settling" and lab.modes() == ALL_MOVED
    assert lab.refused_so_far() == {}
    lab.kubectl("-n", "kube-system", "rollout", "restart", "daemonset/cilium")
    lab.kubectl("-n", "kube-system", "rollout", "status", "daemonset/cilium", "--timeout=180s")
    assert lab.modes() == ALL_MOVED, "an agent that restarts meanwhile goes on serving"
    status, output = lab.run("migrate", *TRAFFIC, *STEAL)
    assert status == 0 and lab.phase() == "settled" and lab.modes() == ALL_MOVED and lab.kube_proxies() == set(), output[-3000:]
    assert lab.kubectl("-n", "kube-system", "get", "daemonset,configmap", "kube-proxy", "--ignore-not-found") == ""
    assert lab.refused() == {}


def test_settling_is_cut_off_and_taken_back_and_so_is_that(untouched):
    lab = untouched
    lab.kill_when(lab.start("migrate"), "settle | Ask every agent whether it runs what is configured now]")
    lab.kill_when(lab.start("rollback", *TRAFFIC, *STEAL), "unsettle | Read the cluster's version]")
    assert lab.refused_so_far() == {}
    assert lab.phase() == "unsettling" and lab.modes() == ALL_MOVED
    status, output = lab.run("rollback", *TRAFFIC, *STEAL)
    assert status == 0 and is_back(lab), output[-3000:]
    assert lab.refused() == {}


@pytest.mark.parametrize("step", ["prove", "clean"])
def test_half_a_wave_is_taken_back(untouched, step):
    """Two nodes that move together, in whatever state the run that dies has left each of them."""
    lab = untouched
    lab.kill_when(lab.start("migrate", *TRAFFIC, "-e", json.dumps({"kpr_waves": [2], "kpr_control_planes": "mixed"})), f"step | Run: {step}]")
    assert lab.refused_so_far() == {}
    status, output = lab.run("rollback", *TRAFFIC, *STEAL)
    assert status == 0 and is_back(lab), output[-3000:]
    assert lab.refused() == {}


def test_the_way_back_is_cut_off_when_nothing_but_its_agent_tells_that_a_node_has_moved(untouched):
    lab = untouched
    assert lab.run("migrate")[0] == 0
    process = lab.start("rollback")
    lab.wait_for(process, "give_back | Take the nodes out of the node configuration]")
    while "kubeproxy-free" in lab.kubectl("get", "node", "worker1", "-o", "jsonpath={.metadata.labels}"):
        assert process.poll() is None
        time.sleep(0.05)
    lab.kill(process)  # the agents are asked next, and then deleted
    assert lab.modes() == ALL_MOVED and "deletionTimestamp" not in lab.kubectl("-n", "kube-system", "get", "pods", "-l", "k8s-app=cilium", "-o", "json")
    status, output = lab.run("rollback", *TRAFFIC, *STEAL)
    assert status == 0 and is_back(lab), output[-3000:]
    assert lab.refused() == {}


def test_a_run_that_finds_its_lock_taken_leaves_the_cluster_alone(untouched):
    lab = untouched
    process = lab.start("migrate", *TRAFFIC)
    lab.wait_for(process, "step | Run: take_over]")
    lab.kubectl("-n", "kube-system", "patch", "lease", "kubeproxy-free", "--type=merge", "--patch", json.dumps({"spec": {"holderIdentity": "eve on laptop"}}))
    assert process.wait(900) != 0
    output = process.log.read_text(encoding="utf-8")
    assert "is now held by 'eve on laptop'" in output and "nothing of it was changed any more" in output, output[-3000:]
    assert "step | Run: give_back]" not in output and lab.phase() == "prepared", "a halt would be written in the other run's record"
    assert lab.kube_proxies() == {"cp1", "worker1"}, "the step after take_over and prove would have taken it off"
    status, output = lab.run("migrate", *TRAFFIC, *STEAL)
    assert status == 0 and lab.phase() == "settled" and lab.modes() == ALL_MOVED, output[-3000:]


def test_a_dead_node_does_not_keep_the_others_on_the_way_back(untouched):
    lab = untouched
    assert lab.run("migrate")[0] == 0
    with lab.bare_pod():  # after five minutes it is evicted
        lab.plug("worker1", "down")
        try:
            lab.kubectl("wait", "--for=condition=Ready=Unknown", "node/worker1", "--timeout=120s")
            status, output = lab.run("rollback", "-e", json.dumps({"handover_sync_timeout": 30, "handover_takeover_timeout": 60}))
        finally:
            lab.plug("worker1", "up")
    assert status != 0 and "node worker1 keeps Cilium's replacement" in output, output[-3000:]
    assert lab.phase() == "returning"
    lab.kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=120s")
    lab.kubectl("-n", "kube-system", "rollout", "status", "daemonset/cilium", "--timeout=180s")
    assert lab.modes() == {"cp1": False, "worker1": True} and "cp1" in lab.kube_proxies()
    status, output = lab.run("rollback", *TRAFFIC)
    assert status == 0 and is_back(lab), output[-3000:]


def test_nodes_that_a_dead_run_has_cordoned_take_pods_again(untouched):
    lab = untouched
    lab.kill_when(lab.start("migrate", "-e", "kpr_drain=true", "-e", "handover_drain_delete_emptydir_data=true"), "drain | Cordon and drain]")
    lab.kubectl("cordon", "worker1")  # in case the run died before it came to that
    assert "kubeproxy-free.fleetops.io/cordoned" in lab.kubectl("get", "node", "worker1", "-o", "jsonpath={.metadata.labels}")
    status, output = lab.run("rollback", *STEAL)
    assert status == 0 and is_back(lab), output[-3000:]
    assert "unschedulable" not in lab.kubectl("get", "nodes", "-o", "json")
