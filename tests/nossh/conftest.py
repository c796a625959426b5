# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab whose nodes Ansible cannot reach but through the API: no SSH runs on them, and the inventory says nothing of podman. `make test-nossh` runs this."""

from __future__ import annotations

import json
import os
import pathlib
import resource
import subprocess
import sys

import pytest

# What starts a lab needs more than the tests' own limit of memory.
for limit in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
    resource.setrlimit(limit, (resource.getrlimit(limit)[1],) * 2)

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAME = "nossh"
SETTINGS = {"KPR_LAB_NAME": NAME, "KPR_LAB_SUBNET": "25", "KPR_LAB_WORKERS": "1"}
OURS = "kubeproxy-free.fleetops.io"


class Lab:
    def __init__(self, folder):
        self.environment = {**os.environ, **SETTINGS, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
        self.folder = folder
        self.inventory = folder / "hosts.json"
        self.kubeconfig = folder / "kubeconfig"

    def lab(self, word):
        subprocess.run([sys.executable, "-m", "lab", word], cwd=ROOT, env=self.environment, check=True)

    def switch_ssh_off(self):
        """On the nodes and in the inventory, whose ports nobody listens on. The API part has the least rights."""
        text = (ROOT / "inventories" / f"lab-{NAME}" / "hosts.yml").read_text(encoding="utf-8")
        document = json.loads(text.split("\n", 1)[1])
        hosts, variables = document[NAME]["hosts"], document[NAME]["vars"]
        self.containers = {host["kpr_node_name"]: name for name, host in hosts.items()}
        for number, host in enumerate(hosts.values(), 1):
            host |= {"ansible_host": "127.0.0.1", "ansible_port": number}
        for name in [name for name in variables if name.startswith("ansible_")]:
            del variables[name]
        self.admin = variables["kpr_kubeconfig"]
        self.program = pathlib.Path(variables["kpr_helm_binary"]).with_name("kubectl")
        variables |= {"kpr_node_access": "pod", "kpr_kubectl_binary": str(self.program), "kpr_kubeconfig": str(self.kubeconfig),
                      "kpr_helm_kubeconfig": self.admin, "kpr_artifacts_dir": str(self.folder)}  # fmt: skip
        self.inventory.write_text(json.dumps(document), encoding="utf-8")
        for name in ("kubeproxy-free.yml", "kubeproxy-free-node-pods.yml"):
            self.kubectl("apply", "-f", ROOT / "rbac" / name)
        config = json.loads(self.kubectl("config", "view", "--raw", "-o", "json"))
        token = self.kubectl("-n", "kube-system", "create", "token", "kubeproxy-free", "--duration", "4h").strip()
        config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(json.dumps(config), encoding="utf-8")
        for node in self.containers:
            self.on(node, "systemctl", "stop", "ssh.service", "ssh.socket")

    def run(self, playbook, *words):
        """(exit status, output). playbook: its name, or the path of one of the test's own, without the ending."""
        log = self.folder / f"{pathlib.Path(playbook).name}.log"
        with log.open("wb") as file:
            command = ["ansible-playbook", "-i", self.inventory, ROOT / "playbooks" / f"{playbook}.yml", *words]
            done = subprocess.run(command, cwd=ROOT, env=self.environment, stdout=file, stderr=subprocess.STDOUT, timeout=1200, check=False)
        return done.returncode, log.read_text(encoding="utf-8", errors="replace")

    def kubectl(self, *words):
        done = subprocess.run([self.program, "--kubeconfig", self.admin, *words], text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"kubectl {' '.join(map(str, words))}: {done.stderr}"
        return done.stdout

    def on(self, node, *words):
        """Only to look, and to switch SSH off: what is under test has no such way."""
        return subprocess.run(["podman", "exec", self.containers[node], *words], text=True, capture_output=True, check=True).stdout

    def phase(self):
        text = self.kubectl("-n", "kube-system", "get", "configmap", "kubeproxy-free", "--ignore-not-found", "-o", r"jsonpath={.data.state\.json}")
        return json.loads(text)["phase"] if text else ""

    def rules(self, node):
        """Chains of kube-proxy's in the table nat; kubelet's own are not among them."""
        return [line for line in self.on(node, "iptables-save", "-t", "nat").splitlines() if line.startswith((":KUBE-SVC-", ":KUBE-SERVICES", ":KUBE-SEP-"))]

    def left_behind(self):
        """What is still there of the way into the nodes."""
        found = self.kubectl("get", "jobs,pods,configmaps", "-A", "-l", f"{OURS}/node-access", "-o", "name").split()
        named = [name for name in self.kubectl("-n", "kube-system", "get", "jobs,pods", "-o", "name").split() if "/kubeproxy-free-" in name]
        processes = [line for node in self.containers for line in self.on(node, "ps", "-eo", "args").splitlines() if line.startswith("sleep 14400")]
        return found + named + processes

    def labels(self):
        nodes = json.loads(self.kubectl("get", "nodes", "-o", "json"))["items"]
        return [key for node in nodes for key in node["metadata"]["labels"] if key.startswith(OURS)]


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    made = Lab(tmp_path_factory.mktemp("nossh"))
    made.lab("up")
    made.switch_ssh_off()
    yield made
    made.lab("down")
