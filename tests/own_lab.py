# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab that one suite of tests starts, breaks and takes down, beside whatever lab the user has."""

from __future__ import annotations

import json
import os
import pathlib
import resource
import subprocess
import sys

# What starts a lab needs more than the tests' own limit of memory.
for limit in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
    resource.setrlimit(limit, (resource.getrlimit(limit)[1],) * 2)

ROOT = pathlib.Path(__file__).resolve().parents[1]
PLAIN = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}


class OwnLab:
    """settings: those of the lab, without their prefix KPR_LAB_."""

    def __init__(self, name, subnet, **settings):
        self.name = name
        settings = {"NAME": name, "SUBNET": subnet, **settings}
        self.environment = {**os.environ, **PLAIN, **{f"KPR_LAB_{key}": str(value) for key, value in settings.items()}}
        self.inventory = ROOT / "inventories" / f"lab-{name}"

    def lab(self, word):
        subprocess.run([sys.executable, "-m", "lab", word], cwd=ROOT, env=self.environment, check=True)

    def fresh(self):
        """Started anew: a run that was cut off may have left one behind, broken."""
        self.lab("down")
        self.lab("up")

    @property
    def written(self):
        """What the lab has written of itself: hosts, and variables for all of them."""
        text = (self.inventory / "hosts.yml").read_text(encoding="utf-8")
        return json.loads(text.split("\n", 1)[1])[self.name]

    @property
    def variables(self):
        return self.written["vars"]

    @property
    def hosts(self):
        return self.written["hosts"]

    def container(self, node):
        return next(name for name, one in self.hosts.items() if one["kpr_node_name"] == node)

    def on(self, node, *words):
        """The output of a command on the node, whatever ways into it Ansible has."""
        return self.podman("exec", self.container(node), *words)

    @staticmethod
    def podman(*words):
        done = subprocess.run(["podman", *words], text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"podman {' '.join(map(str, words))}: {done.stderr}"
        return done.stdout

    def kubectl(self, *words, stdin=None):
        """With all rights, whatever those of the playbooks are."""
        program = pathlib.Path(self.variables["kpr_helm_binary"]).with_name("kubectl")
        done = subprocess.run([program, "--kubeconfig", self.variables["kpr_kubeconfig"], *words], input=stdin, text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"kubectl {' '.join(map(str, words))}: {done.stderr}"
        return done.stdout

    def phase(self):
        text = self.kubectl("-n", "kube-system", "get", "configmap", "kubeproxy-free", "--ignore-not-found", "-o", r"jsonpath={.data.state\.json}")
        return json.loads(text)["phase"] if text else ""

    def grant(self, kubeconfig, *manifests):
        """Write a kubeconfig with the rights that the collection ships, and no others."""
        for name in ("kubeproxy-free.yml", *manifests):
            self.kubectl("apply", "-f", ROOT / "rbac" / name)
        config = json.loads(self.kubectl("config", "view", "--raw", "-o", "json"))
        token = self.kubectl("-n", "kube-system", "create", "token", "kubeproxy-free", "--duration", "24h").strip()
        config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(json.dumps(config), encoding="utf-8")
