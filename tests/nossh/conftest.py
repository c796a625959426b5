# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab whose nodes Ansible cannot reach but through the API: no SSH runs on them, and the inventory says nothing of podman. `make test-nossh` runs this."""

from __future__ import annotations

import json
import pathlib
import subprocess

import pytest

from tests.own_lab import ROOT, OwnLab

OURS = "kubeproxy-free.fleetops.io"
DEADLINE = 12720  # seconds that pods last for this lab's two nodes in two waves


class Lab(OwnLab):
    def __init__(self, folder):
        super().__init__("nossh", 25, WORKERS=1)
        self.folder = folder
        self.without_ssh = folder / "hosts.json"  # beside the inventory that the lab has written
        self.kubeconfig = folder / "kubeconfig"

    def switch_ssh_off(self):
        """On the nodes and in the inventory, whose ports nobody listens on. The API part has the least rights."""
        self.grant(self.kubeconfig, "kubeproxy-free-node-pods.yml")
        hosts, variables = self.hosts, self.variables
        for number, host in enumerate(hosts.values(), 1):
            host |= {"ansible_host": "127.0.0.1", "ansible_port": number}
        for name in [name for name in variables if name.startswith("ansible_")]:
            del variables[name]
        variables |= {
            "kpr_node_access": "pod",
            "kpr_kubectl_binary": str(pathlib.Path(variables["kpr_helm_binary"]).with_name("kubectl")),
            "kpr_helm_kubeconfig": variables["kpr_kubeconfig"],
            "kpr_kubeconfig": str(self.kubeconfig),
            "kpr_artifacts_dir": str(self.folder),
        }
        self.without_ssh.write_text(json.dumps({self.name: {"hosts": hosts, "vars": variables}}), encoding="utf-8")
        for node in self.nodes:
            self.on(node, "systemctl", "stop", "ssh.service", "ssh.socket")

    @property
    def nodes(self):
        return [host["kpr_node_name"] for host in self.hosts.values()]

    def run(self, playbook, *words):
        """(exit status, output). playbook: its name, or the path of one of the test's own, without the ending."""
        log = self.folder / f"{pathlib.Path(playbook).name}.log"
        with log.open("wb") as file:
            command = ["ansible-playbook", "-i", self.without_ssh, ROOT / "playbooks" / f"{playbook}.yml", *words]
            done = subprocess.run(command, cwd=ROOT, env=self.environment, stdout=file, stderr=subprocess.STDOUT, timeout=1200, check=False)
        return done.returncode, log.read_text(encoding="utf-8", errors="replace")

    def rules(self, node):
        """Chains of kube-proxy's in the table nat; kubelet's own are not among them."""
        return [line for line in self.on(node, "iptables-save", "-t", "nat").splitlines() if line.startswith((":KUBE-SVC-", ":KUBE-SERVICES", ":KUBE-SEP-"))]

    def left_behind(self):
        """What is still there of the way into the nodes."""
        found = self.kubectl("get", "jobs,pods,configmaps", "-A", "-l", f"{OURS}/node-access", "-o", "name").split()
        named = [name for name in self.kubectl("-n", "kube-system", "get", "jobs,pods", "-o", "name").split() if "/kubeproxy-free-" in name]
        processes = [line for node in self.nodes for line in self.on(node, "ps", "-eo", "args").splitlines() if line == f"sleep {DEADLINE}"]
        return found + named + processes

    def labels(self):
        nodes = json.loads(self.kubectl("get", "nodes", "-o", "json"))["items"]
        return [key for node in nodes for key in node["metadata"]["labels"] if key.startswith(OURS)]


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    made = Lab(tmp_path_factory.mktemp("nossh"))
    made.fresh()
    made.switch_ssh_off()
    yield made
    made.lab("down")
