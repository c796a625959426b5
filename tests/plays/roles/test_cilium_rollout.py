# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real tasks/rollout.yml of the role cilium, against a stand-in for the API server whose agents roll out as slowly as the test wants."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import threading

import pytest
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]
WORKLOADS = "/apis/apps/v1/namespaces/kube-system/"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kubeproxy-free"
NODES = 4


def resource(kind):
    return {"kind": kind, "name": f"{kind.lower()}s", "singularName": kind.lower(), "namespaced": True, "verbs": ["get", "list"]}


@pytest.fixture
def cluster(fake_api):
    """What the client of kubernetes.core asks for first, an operator that is ready, and agents of which none is new."""
    fake_api.objects.update({
        "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.4"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": []},
        "/apis": {"kind": "APIGroupList", "groups": [
            {"name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}], "preferredVersion": {"groupVersion": "apps/v1", "version": "v1"}}]},
        "/apis/apps/v1": {"kind": "APIResourceList", "groupVersion": "apps/v1", "resources": [resource("Deployment"), resource("DaemonSet")]},
        f"{WORKLOADS}deployments/cilium-operator": {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cilium-operator", "generation": 1}, "spec": {"replicas": 1},
            "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1}},
        f"{WORKLOADS}daemonsets/cilium": {
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "cilium", "generation": 2},
            "spec": {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%"}}},
            "status": {"observedGeneration": 2, "desiredNumberScheduled": NODES, "updatedNumberScheduled": 0, "numberReady": NODES}},
    })  # fmt: skip
    held = {"holderIdentity": "the test", "renewTime": "2001-01-01T00:00:00.000000Z", "leaseDurationSeconds": 1}
    fake_api.objects[LEASE] = {"metadata": {"resourceVersion": "1"}, "spec": held}
    return fake_api


def wait(cluster, folder, **more):
    """(exit status, output) of the role's wait, with so short a limit that a portion of it has two looks, three seconds apart."""
    role = folder / "roles" / "cilium"
    shutil.copytree(ROOT / "roles" / "cilium", role)
    (role / "tasks" / "main.yml").write_text(json.dumps([{"ansible.builtin.include_tasks": "rollout.yml"}]))
    (folder / "play.yml").write_text(json.dumps([{
        "hosts": "localhost", "gather_facts": False,
        "vars": {"kpr_cluster": "demo", "kpr_run": "the test", "cilium_kubeconfig": cluster.kubeconfig, "cilium_rollout_timeout": 3, **more},
        "module_defaults": {"group/kubernetes.core.k8s": {"kubeconfig": cluster.kubeconfig}},
        "tasks": [{"ansible.builtin.set_fact": {"kpr_run": "the test", "handover_locked": True}}, {"ansible.builtin.include_role": {"name": "cilium"}}],
    }]))  # fmt: skip
    (folder / "ansible.cfg").write_text("[defaults]\ncallback_result_format = yaml\n")
    environment = {**os.environ, "ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "K8S_AUTH_CACHE_FILE": str(folder / "cache"),
                   "TMPDIR": str(folder)}  # the client keeps what it has discovered
    done = ansible_playbook("-i", "localhost,", "-c", "local", "play.yml", cwd=folder, env=environment)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def roll(cluster, status):
    """Two more agents are new after every second look, however slow this machine is."""
    while not cluster.stopped.wait(0.02):
        looks = sum(path.endswith("daemonsets/cilium") for path, _query in cluster.requests)
        status["updatedNumberScheduled"] = min(NODES, looks // 2 * 2)


def test_a_roll_out_that_is_longer_than_the_limit_has_its_time_as_long_as_something_moves(cluster, tmp_path):
    status = cluster.objects[f"{WORKLOADS}daemonsets/cilium"]["status"]
    threading.Thread(target=roll, args=(cluster, status), daemon=True).start()
    code, output = wait(cluster, tmp_path)
    assert code == 0, output
    assert "new are 2 of 4" in output
    assert len(cluster.replaced) > 1 and set(cluster.replaced) == {LEASE}, "the lock is renewed meanwhile"


def test_a_roll_out_that_hangs_is_told_with_how_far_it_has_come(cluster, tmp_path):
    cluster.objects[f"{WORKLOADS}daemonsets/cilium"]["status"].update(updatedNumberScheduled=1, numberReady=3)
    code, output = wait(cluster, tmp_path)
    assert code != 0 and "found 1 of 4 agents new, 3 ready, and none more within 3 s" in output, output


def test_a_roll_out_ends_without_the_agent_of_a_dead_node_and_not_without_another(cluster, tmp_path):
    status = cluster.objects[f"{WORKLOADS}daemonsets/cilium"]["status"]
    status.update(updatedNumberScheduled=3, numberReady=3)
    code, output = wait(cluster, tmp_path / "one", cilium_may_lack=1)
    assert code == 0, output
    status.update(numberReady=2)
    code, output = wait(cluster, tmp_path / "two", cilium_may_lack=1)
    assert code != 0 and "2 ready" in output and "expected all but 1 of them" in output, output


def test_with_on_delete_nothing_is_waited_for(cluster, tmp_path):
    cluster.objects[f"{WORKLOADS}daemonsets/cilium"]["spec"]["updateStrategy"] = {"type": "OnDelete"}
    code, output = wait(cluster, tmp_path)
    assert code == 0 and "OnDelete" in output, output
