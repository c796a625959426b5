# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of its own for faults: real clusters, real playbooks, real faults. `make test-faults` runs them; each takes minutes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time

import pytest

from tests.own_lab import ROOT, OwnLab

TAINT = "node-role.kubernetes.io/control-plane"


class Lab(OwnLab):
    """The cluster, and what is done to it."""

    def __init__(self, folder):
        super().__init__("fault", 27, WORKERS=1)
        self.reports = folder
        self.kubeconfig = folder / "kubeconfig"
        self.begun = []

    def start(self, playbook, *words, checkout=ROOT, environment=None, inventory=None, rights=None, through=()):
        """Begin a playbook with the least rights (or by variables with others), through another program, in a session of its own; its output goes to a file."""
        log = self.reports / f"{playbook}-{time.time_ns()}.log"
        if playbook in ("migrate", "rollback"):  # a run that leaves no report is not judged by the one before
            (self.reports / "fault" / "report.json").unlink(missing_ok=True)
        least = {"kpr_kubeconfig": str(self.kubeconfig), "kpr_helm_kubeconfig": self.variables["kpr_kubeconfig"]}
        settings = {"kpr_artifacts_dir": str(self.reports), **(least if rights is None else rights)}
        play = ["ansible-playbook", "-i", inventory or self.inventory, checkout / "playbooks" / f"{playbook}.yml", "-e", json.dumps(settings), *words]
        process = subprocess.Popen([*through, *play], cwd=checkout, env={**self.environment, **(environment or {})}, start_new_session=True,
                                   stdout=log.open("wb"), stderr=subprocess.STDOUT)  # fmt: skip
        process.log = log
        self.begun.append(process)
        return process

    def run(self, playbook, *words, **options):
        """(exit status, output)."""
        process = self.start(playbook, *words, **options)
        try:
            return process.wait(900), process.log.read_text(encoding="utf-8", errors="replace")
        finally:
            if process.poll() is None:  # it would go on in the next test
                self.kill(process)

    @staticmethod
    def wait_for(process, text, times=1):
        """Until its output has the text so many times."""
        while process.log.read_text(encoding="utf-8", errors="replace").count(text) < times:
            assert process.poll() is None, f"{process.log} ended without {text!r}"
            time.sleep(0.2)

    def kill_when(self, process, text):
        """The controller dies, at the moment when its output says so."""
        self.wait_for(process, text)
        self.kill(process)

    @staticmethod
    def kill(process):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end_all(self):
        """What a test that failed has left running would go on in the next one's cluster."""
        for process in self.begun:
            if process.poll() is None:
                self.kill(process)

    @staticmethod
    def until(holds, seconds=120):
        ends = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < ends
            time.sleep(1)

    @contextlib.contextmanager
    def bare_pod(self):
        """The workload's pod without a controller, which is there again afterwards if it has gone."""
        pod = json.loads(self.kubectl("-n", "demo", "get", "pod", "hostport", "-o", "json"))
        pod = {**{key: pod[key] for key in ("apiVersion", "kind", "spec")}, "metadata": {key: pod["metadata"][key] for key in ("name", "namespace", "labels")}}
        try:
            yield
        finally:
            self.kubectl("-n", "demo", "delete", "pod", "hostport", "--ignore-not-found")
            self.kubectl("create", "-f", "-", stdin=json.dumps(pod))

    def plug(self, node, state):
        """Its network: down or up."""
        number = list(self.hosts).index(self.container(node)) + 1
        subprocess.run(["ip", "link", "set", f"{self.name}-n{number}", state], check=True)

    def helm(self, *words):
        command = [self.variables["kpr_helm_binary"], "--kubeconfig", self.variables["kpr_kubeconfig"], *words]
        return subprocess.run(command, text=True, capture_output=True, check=True).stdout

    def modes(self):
        """What each node's agent says of the replacement."""
        pods = json.loads(self.kubectl("-n", "kube-system", "get", "pods", "-l", "k8s-app=cilium", "-o", "json"))["items"]
        return {
            pod["spec"]["nodeName"]: json.loads(self.kubectl("-n", "kube-system", "exec", pod["metadata"]["name"], "-c", "cilium-agent", "--",
                                                             "cilium-dbg", "status", "-o", "json"))["kube-proxy-replacement"]["mode"] == "True"
            for pod in pods if pod["status"]["phase"] == "Running"  # where a node was away, the former pod may still be there, at its end
        }  # fmt: skip

    def kube_proxies(self):
        pods = json.loads(self.kubectl("-n", "kube-system", "get", "pods", "-l", "k8s-app=kube-proxy", "-o", "json"))["items"]
        return {pod["spec"]["nodeName"] for pod in pods if all(one["ready"] for one in pod["status"].get("containerStatuses", [{"ready": False}]))}

    def refused_so_far(self):
        """As refused, of the probers of a run that was killed: they go on, until the next run drops what they have seen."""
        folder = self.reports / f"seen-{time.time_ns()}"
        folder.mkdir()
        play = self.reports / "seen.json"
        play.write_text(json.dumps([{"hosts": "all:localhost", "gather_facts": False, "tasks": [
            {"fleetops.kubeproxy_free.traffic_probe": {"name": self.name, "state": "inspected"}, "register": "seen"},
            {"ansible.builtin.copy": {"content": "{{ seen.traffic | to_json }}", "dest": "%s/{{ inventory_hostname }}" % folder, "mode": "0600"},
             "delegate_to": "localhost"},
        ]}]), encoding="utf-8")  # fmt: skip
        done = subprocess.run(["ansible-playbook", "-i", self.inventory, play], cwd=ROOT, env=self.environment, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        paths = [path for seen in folder.iterdir() for path in json.loads(seen.read_text(encoding="utf-8"))["paths"]]
        assert sum(path["requests"] for path in paths)
        return {path["name"]: path["refused"] for path in paths if path["refused"]}

    @property
    def report(self):
        """The data of the last report."""
        return json.loads((self.reports / "fault" / "report.json").read_text(encoding="utf-8"))

    def refused(self, *but_of):
        """Paths of the last report that were refused and say none of these words, with when it was, in seconds of the run."""
        paths = [path for path in self.report["traffic"]["paths"] if not any(word in f"{path['from']}: {path['name']}" for word in but_of)]
        assert paths
        column = self.report["traffic"]["series_columns"].index("refused")
        return {f"{path['from']}: {path['name']}": [row[0] for row in path["series"] if row[column]] for path in paths if path["refused"]}


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    made = Lab(tmp_path_factory.mktemp("faults"))
    made.fresh()
    made.grant(made.kubeconfig)
    yield made
    made.lab("down")


@pytest.fixture
def untouched(lab):
    """The cluster as it was before; a test that has moved it gives it back first."""
    lab.end_all()
    if lab.phase():
        status, output = lab.run("rollback", "-e", "kpr_steal_lock=true")
        assert status == 0, output[-3000:]
    return lab


@pytest.fixture
def spread(untouched):
    """The workload has pods on both nodes, so that one of them can serve without the other."""

    def restart():
        untouched.kubectl("-n", "demo", "rollout", "restart", "deployment/web")
        untouched.kubectl("-n", "demo", "rollout", "status", "deployment/web", "--timeout=120s")

    untouched.kubectl("taint", "nodes", "cp1", f"{TAINT}-")
    try:
        restart()
        nodes = untouched.kubectl("-n", "demo", "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].spec.nodeName}").split()
        assert set(nodes) == {"cp1", "worker1"}
        yield untouched
    finally:
        untouched.kubectl("taint", "nodes", "cp1", f"{TAINT}=:NoSchedule", "--overwrite")
        restart()
