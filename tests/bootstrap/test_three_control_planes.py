# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh cluster of three control planes from bare nodes, and what is refused. `make test-bootstrap` runs this; Molecule's scenario has one control plane.

The tests are one story, in this order.
"""

from __future__ import annotations

import ipaddress
import json
import re
import subprocess

import pytest

from tests.own_lab import ROOT, OwnLab

pytestmark = [pytest.mark.lab, pytest.mark.slow]
CONTROL_PLANES = ("cp1", "cp2", "cp3")


NODES = (*CONTROL_PLANES, "worker1")
FOREIGN = """clusters:
- cluster:
    certificate-authority-data: Rk9SRUlHTg==
    server: https://other.example.net:6443
"""


@pytest.fixture(scope="module")
def bare():
    lab = OwnLab("three", 23, CONTROL_PLANES=len(CONTROL_PLANES), WORKERS=1, START="bare")
    lab.fresh()
    yield lab
    lab.lab("down")


def play(lab, playbook, *words, balanced=True):
    """balanced: agents get the name of all control planes, which the lab's nodes know, and the controller, which does not know it, an address."""
    name = lab.variables["kpr_control_plane_endpoint"].split(":")[0]
    # nothing of networks, so that they follow from kpr_pod_cidrs
    settings = {"kpr_cilium_values": {key: value for key, value in lab.variables["kpr_cilium_values"].items() if key not in ("ipam", "ipv6", "k8s")}}
    if balanced:
        settings |= {"kpr_api_server_host": name, "kubeadm_init_api_server": f"https://{lab.variables['kpr_api_server_host']}:6443"}
    command = ["ansible-playbook", "-i", lab.inventory, ROOT / "playbooks" / f"{playbook}.yml", "-e", json.dumps(settings), *words]
    done = subprocess.run(command, cwd=ROOT, env=lab.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1500, check=False)
    return done.returncode, done.stdout


def failures(output):
    """What is told of each failed task."""
    return "\n".join(part[:2000] for part in output.split("\nTASK [") if "\nfatal: " in part)


def refused(lab, *words, **settings):
    """What a run says that changes nothing, in one line."""
    status, output = play(lab, "bootstrap", *words, **settings)
    assert status != 0, output[-1500:]
    assert "changed=0" in output and not re.search(r"changed=[1-9]", output), output[-1500:]
    return " ".join(output.split())


def put(lab, node, path, text):
    lab.on(node, "sh", "-c", 'mkdir -p "$(dirname "$1")"; printf %s "$2" >"$1"', "sh", path, text)


def taints_of_kubeadm(lab):
    """Files of kubeadm on the nodes: none before a cluster begins."""
    return [node for node in NODES if lab.on(node, "sh", "-c", "ls /etc/kubernetes/*.conf /etc/kubernetes/manifests/*.yaml 2>/dev/null || true").strip()]


def test_an_address_of_one_control_plane_is_refused_before_a_cluster_begins(bare):
    assert "it is one of 3 control planes" in refused(bare, balanced=False)
    assert taints_of_kubeadm(bare) == []


def test_a_member_of_another_cluster_keeps_it_from_beginning(bare):
    put(bare, "worker1", "/etc/kubernetes/kubelet.conf", FOREIGN)
    said = refused(bare)
    assert "Node three-worker1: found a member of the cluster at https://other.example.net:6443, expected none, or one of" in said
    assert taints_of_kubeadm(bare) == ["worker1"]
    bare.on("worker1", "rm", "/etc/kubernetes/kubelet.conf")


def test_what_kubeadm_needs_of_the_kernel_is_told_and_with_packages_set(bare):
    bare.on("worker1", "sysctl", "-qw", "net.ipv4.ip_forward=0")
    assert "Node three-worker1: sysctl net.ipv4.ip_forward: found 0, expected 1" in refused(bare)
    assert taints_of_kubeadm(bare) == []


def test_bootstrap(bare):
    status, output = play(bare, "bootstrap", "-vv", "-e", "kubeadm_init_install_packages=true")
    assert status == 0, failures(output)
    assert not re.search(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b", output), "a token of a join is told"
    assert bare.on("worker1", "sysctl", "-n", "net.ipv4.ip_forward").strip() == "1"
    assert bare.on("worker1", "cat", "/etc/sysctl.d/99-kubeproxy-free.conf") == "net.ipv4.ip_forward = 1\n"
    nodes = json.loads(bare.kubectl("get", "nodes", "-o", "json"))["items"]
    ready = {node["metadata"]["name"] for node in nodes for one in node["status"]["conditions"] if one["type"] == "Ready" and one["status"] == "True"}
    roles = {node["metadata"]["name"] for node in nodes if "node-role.kubernetes.io/control-plane" in node["metadata"]["labels"]}
    assert ready == set(NODES) and roles == set(CONTROL_PLANES)


def test_every_control_plane_has_its_part_and_none_has_kube_proxy(bare):
    for component in ("kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler"):
        pods = bare.kubectl("-n", "kube-system", "get", "pods", "-l", f"component={component}", "-o", "name").split()
        assert sorted(pods) == [f"pod/{component}-{name}" for name in CONTROL_PLANES]
    everything = bare.kubectl("-n", "kube-system", "get", "daemonsets,configmaps,pods", "-o", "name")
    assert "kube-proxy" not in everything
    for node in NODES:
        assert ":KUBE-SVC-" not in bare.on(node, "iptables-save")


def test_pods_have_addresses_of_the_clusters_networks(bare):
    networks = [ipaddress.ip_network(cidr) for cidr in bare.variables["kpr_pod_cidrs"]]
    pods = json.loads(bare.kubectl("get", "pods", "-A", "-o", "json"))["items"]
    addresses = [pod["status"]["podIP"] for pod in pods if not pod["spec"].get("hostNetwork") and pod["status"].get("podIP")]
    assert addresses and all(any(ipaddress.ip_address(address) in network for network in networks) for address in addresses)


def test_nothing_stays_that_lets_others_join(bare):
    tokens = json.loads(bare.kubectl("-n", "kube-system", "get", "secrets", "--field-selector", "type=bootstrap.kubernetes.io/token", "-o", "json"))["items"]
    assert [one["metadata"]["name"] for one in tokens if "usage-bootstrap-authentication" in one["data"]] == []
    for node in NODES:
        assert bare.on(node, "ls", "/var/lib/kubeproxy-free") == ""
    assert bare.kubectl("-n", "kube-system", "get", "lease", "kubeproxy-free", "--ignore-not-found") == ""


def test_a_second_run_changes_nothing(bare):
    status, output = play(bare, "bootstrap")
    assert status == 0, failures(output)
    assert output.split("PLAY RECAP")[1].count("changed=0") == len(NODES), output[-1500:]


def test_a_control_plane_where_kubeadm_did_not_end_is_named(bare):
    """Made so by hand: without the label that kubeadm sets last."""
    label = "node-role.kubernetes.io/control-plane"
    bare.kubectl("label", "node", "cp2", f"{label}-")
    status, output = play(bare, "bootstrap", "--check")
    bare.kubectl("label", "node", "cp2", f"{label}=")
    assert status != 0 and "Node three-cp2: found a member that is no whole one (Node cp2 has no label" in " ".join(output.split())


def test_a_kubeconfig_of_another_cluster_is_refused(bare):
    """Another authority on the node is the same as a kubeconfig of another cluster; a comment in the certificate's file does no harm."""
    bare.on("cp1", "sed", "-i", "1i another", "/etc/kubernetes/pki/ca.crt")
    try:
        assert f"{bare.variables['kpr_kubeconfig']} on the controller leads to another cluster" in refused(bare)
    finally:
        bare.on("cp1", "sed", "-i", "1d", "/etc/kubernetes/pki/ca.crt")


def test_a_node_alone_joins_the_cluster_of_members_that_are_not_in_the_run(bare):
    bare.kubectl("delete", "node", "worker1")
    bare.on("worker1", "kubeadm", "reset", "--force")
    status, output = play(bare, "bootstrap", "--limit", "three-worker1")
    assert status == 0, failures(output)
    assert "three-cp1" in output and bare.kubectl("get", "node", "worker1", "-o", "name").strip() == "node/worker1"


def test_it_serves(bare):
    status, output = play(bare, "verify", "-e", "verify_served_by=cilium")
    assert status == 0, failures(output)
