# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of its own for faults: real clusters, real playbooks, real faults. `make test-faults` runs them; each takes minutes."""

from __future__ import annotations

import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import time

import pytest

# What starts a lab needs more than the tests' own limit of memory.
for limit in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
    resource.setrlimit(limit, (resource.getrlimit(limit)[1],) * 2)

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETTINGS = {"KPR_LAB_NAME": "fault", "KPR_LAB_SUBNET": "27", "KPR_LAB_WORKERS": "1"}


class Lab:
    """The cluster, and what is done to it."""

    def __init__(self, folder):
        self.environment = {**os.environ, **SETTINGS, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
        self.reports = folder
        self.inventory = ROOT / "inventories" / "lab-fault"
        self.kubeconfig = folder / "kubeconfig"

    def lab(self, word):
        subprocess.run([sys.executable, "-m", "lab", word], cwd=ROOT, env=self.environment, check=True)

    def start(self, playbook, *words, checkout=ROOT):
        """Begin a playbook with the least rights, in a session of its own; its output goes to a file."""
        log = self.reports / f"{playbook}-{time.time_ns()}.log"
        settings = {"kpr_artifacts_dir": str(self.reports), "kpr_kubeconfig": str(self.kubeconfig), "kpr_helm_kubeconfig": self.variables["kpr_kubeconfig"]}
        command = ["ansible-playbook", "-i", self.inventory, checkout / "playbooks" / f"{playbook}.yml", "-e", json.dumps(settings), *words]
        process = subprocess.Popen(command, cwd=checkout, env=self.environment, start_new_session=True, stdout=log.open("wb"), stderr=subprocess.STDOUT)
        process.log = log
        return process

    def run(self, playbook, *words, **options):
        """(exit status, output)."""
        process = self.start(playbook, *words, **options)
        return process.wait(900), process.log.read_text(encoding="utf-8", errors="replace")

    @staticmethod
    def wait_for(process, text, times=1):
        """Until its output has the text so many times."""
        while process.log.read_text(encoding="utf-8", errors="replace").count(text) < times:
            assert process.poll() is None, f"{process.log} ended without {text!r}"
            time.sleep(0.2)

    def kill_when(self, process, text):
        """The controller dies, at the moment when its output says so."""
        self.wait_for(process, text)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def container(self, node):
        return next(name for name, one in self.hosts.items() if one["kpr_node_name"] == node)

    @staticmethod
    def podman(*words):
        return subprocess.run(["podman", *words], text=True, capture_output=True, check=True).stdout

    def on(self, node, *words):
        return self.podman("exec", self.container(node), *words)

    def helm(self, *words):
        command = [self.variables["kpr_helm_binary"], "--kubeconfig", self.variables["kpr_kubeconfig"], *words]
        return subprocess.run(command, text=True, capture_output=True, check=True).stdout

    def grant(self):
        """The rights that the collection ships, in a kubeconfig of their own."""
        self.kubectl("apply", "-f", ROOT / "rbac" / "kubeproxy-free.yml")
        admin = json.loads(self.kubectl("config", "view", "--raw", "-o", "json"))
        token = self.kubectl("-n", "kube-system", "create", "token", "kubeproxy-free", "--duration", "4h").strip()
        admin["users"] = [{"name": admin["users"][0]["name"], "user": {"token": token}}]
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(json.dumps(admin), encoding="utf-8")

    @property
    def variables(self):
        return self._written["vars"]

    @property
    def hosts(self):
        return self._written["hosts"]

    @property
    def _written(self):
        """What the lab has written of itself."""
        text = (self.inventory / "hosts.yml").read_text(encoding="utf-8")
        return json.loads(text.split("\n", 1)[1])["fault"]

    def kubectl(self, *words, stdin=None):
        program = pathlib.Path(self.variables["kpr_helm_binary"]).with_name("kubectl")
        done = subprocess.run([program, "--kubeconfig", self.variables["kpr_kubeconfig"], *words], input=stdin, text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"kubectl {' '.join(map(str, words))}: {done.stderr}"
        return done.stdout

    def phase(self):
        text = self.kubectl("-n", "kube-system", "get", "configmap", "kubeproxy-free", "--ignore-not-found", "-o", r"jsonpath={.data.state\.json}")
        return json.loads(text)["phase"] if text else ""

    def modes(self):
        """What each node's agent says of the replacement."""
        pods = json.loads(self.kubectl("-n", "kube-system", "get", "pods", "-l", "k8s-app=cilium", "-o", "json"))["items"]
        return {
            pod["spec"]["nodeName"]: json.loads(self.kubectl("-n", "kube-system", "exec", pod["metadata"]["name"], "-c", "cilium-agent", "--",
                                                             "cilium-dbg", "status", "-o", "json"))["kube-proxy-replacement"]["mode"] == "True"
            for pod in pods
        }  # fmt: skip

    def kube_proxies(self):
        pods = json.loads(self.kubectl("-n", "kube-system", "get", "pods", "-l", "k8s-app=kube-proxy", "-o", "json"))["items"]
        return {pod["spec"]["nodeName"] for pod in pods if all(one["ready"] for one in pod["status"].get("containerStatuses", [{"ready": False}]))}

    @property
    def report(self):
        """The data of the last report."""
        return json.loads((self.reports / "fault" / "report.json").read_text(encoding="utf-8"))

    def refused(self, but_of=""):
        """Paths of the last report that were refused and have nothing to do with one node, with when it was, in seconds of the run."""
        paths = [path for path in self.report["traffic"]["paths"] if not but_of or but_of not in json.dumps([path["from"], path["name"]])]
        column = self.report["traffic"]["series_columns"].index("refused")
        return {f"{path['from']}: {path['name']}": [row[0] for row in path["series"] if row[column]] for path in paths if path["refused"]}


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    made = Lab(tmp_path_factory.mktemp("faults"))
    made.lab("up")
    made.grant()
    yield made
    made.lab("down")


@pytest.fixture
def untouched(lab):
    """The cluster as it was before; a test that has moved it gives it back first."""
    if lab.phase():
        status, output = lab.run("rollback", "-e", "kpr_steal_lock=true")
        assert status == 0, output[-3000:]
    return lab
