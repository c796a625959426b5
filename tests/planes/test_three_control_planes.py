# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""There and back with three control planes, whose agents are told all of them (k8s.apiServerURLs). `make test-planes` runs this.

The tests follow each other: each begins where the one before it has left the cluster.
"""

from __future__ import annotations

import json
import re
import subprocess
import time

import pytest

from tests.own_lab import ROOT, OwnLab

pytestmark = [pytest.mark.lab, pytest.mark.slow]
PLANES = ["cp1", "cp2", "cp3"]
MANIFEST, ASIDE = "/etc/kubernetes/manifests/kube-apiserver.yaml", "/etc/kubernetes/kube-apiserver.yaml"
HEALTHY = "curl -s -o /dev/null -m 3 -w '%{http_code}' -H 'brief: true' http://127.0.0.1:9879/healthz || true"  # the agent's own port, asked by kubelet


class Lab(OwnLab):
    def __init__(self, folder):
        super().__init__("planes", 31, CONTROL_PLANES=3, WORKERS=1)
        self.folder = folder

    @property
    def all_of_them(self):
        addresses = [self.hosts[self.container(name)]["ansible_host"] for name in PLANES]
        return {"kpr_api_server_host": "", "kpr_cilium_values": {"k8s": {"apiServerURLs": " ".join(f"https://{one}:6443" for one in addresses)}}}

    def run(self, playbook, **settings):
        """(exit status, output)."""
        log = self.folder / f"{playbook}-{time.time_ns()}.log"
        own = {"kpr_artifacts_dir": str(self.folder), "kpr_traffic": True, "kpr_traffic_timeout": 15, **settings}
        with log.open("wb") as file:
            done = subprocess.run(["ansible-playbook", "-i", self.inventory, ROOT / "playbooks" / f"{playbook}.yml", "-e", json.dumps(own)], cwd=ROOT,
                                  env=self.environment, stdout=file, stderr=subprocess.STDOUT, timeout=1800, check=False)  # fmt: skip
        return done.returncode, log.read_text(encoding="utf-8", errors="replace")

    def refused(self):
        traffic = json.loads((self.folder / "planes" / "report.json").read_text(encoding="utf-8"))["traffic"]
        assert traffic["paths"]
        return {path["name"]: path["refused"] for path in traffic["paths"] if path["refused"]}


def until(holds, seconds):
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends
        time.sleep(1)


def processes(lab, node, name):
    return set(lab.on(node, "sh", "-c", f"pgrep -x {name} || true").split())


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    made = Lab(tmp_path_factory.mktemp("planes"))
    made.fresh()
    yield made
    made.lab("down")


def test_the_address_of_one_of_them_is_refused_and_nothing_is_changed(lab):
    status, output = lab.run("migrate")
    assert status != 0 and "api-address-pinned" in output and "nothing was changed" in output and lab.phase() == "", output[-3000:]


def test_control_planes_move_last_and_one_by_one(lab):
    status, output = lab.run("migrate", **lab.all_of_them)
    assert status == 0 and lab.phase() == "settled", output[-3000:]
    assert re.findall(r"wave \d of \d, take_over on (\S+)", output) == ["worker1", *PLANES]
    assert lab.refused() == {}


@pytest.mark.parametrize("plane", PLANES)
def test_without_any_one_of_their_servers_an_agent_starts(lab, plane):
    """Its process ends, and kubelet starts it anew; it has to read the cluster before it says that it is well."""
    lab.on(plane, "mv", MANIFEST, ASIDE)
    try:
        until(lambda: not processes(lab, plane, "kube-apiserver"), 60)
        former = processes(lab, "worker1", "cilium-agent")
        lab.on("worker1", "kill", *former)
        until(lambda: not former & processes(lab, "worker1", "cilium-agent"), 60)
        until(lambda: lab.on("worker1", "sh", "-c", HEALTHY) == "200", 180)
    finally:
        lab.on(plane, "mv", ASIDE, MANIFEST)
        lab.on(plane, "sh", "-c", "until curl -sk https://127.0.0.1:6443/readyz | grep -q ok; do sleep 1; done")


def test_the_way_back(lab):
    status, output = lab.run("rollback", **lab.all_of_them)
    assert status == 0 and lab.phase() == "", output[-3000:]
    pods = json.loads(lab.kubectl("-n", "kube-system", "get", "pods", "-l", "k8s-app=kube-proxy", "-o", "json"))["items"]
    assert sorted(pod["spec"]["nodeName"] for pod in pods) == sorted([*PLANES, "worker1"])
    assert lab.refused() == {}
