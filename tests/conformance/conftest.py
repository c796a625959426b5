# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes project's own tests of Services, before, in the middle of and after a migration. `make conformance` runs them."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import xml.etree.ElementTree

import pytest

from lab.parts import Builder
from lab.progress import step
from lab.settings import load
from tests.own_lab import ROOT, OwnLab

RESULTS = ROOT / ".work" / "conformance"
FOCUS = r"\[sig-network\] (Services|Networking|HostPort) "
SKIP = r"\[Feature:|\[Serial\]|\[Disruptive\]|for evicted pods"  # the lab's kubelet does not measure what pods store, and evicts none
SIDE_BY_SIDE = 4  # most of a test is waiting
WORKERS = 3  # fewer, and the suite leaves some tests out


class Suite(OwnLab):
    """A lab, the suite for its version of Kubernetes, and what the suite said of each state so far: {state: {test: outcome}}."""

    def __init__(self):
        super().__init__("conform", 20, WORKERS=WORKERS)
        self.programs = Builder(load(self.environment)).e2e() / "bin"
        self.outcomes = {}

    def name_images(self):
        """The tests call their image by its published name; the nodes have it, built from the same source, under the lab's."""
        known = self.variables["kpr_test_image"]
        listed = subprocess.run([self.programs / "e2e.test", "--list-images"], text=True, capture_output=True, check=True).stdout.split()
        for name in (name for name in listed if pathlib.Path(name).name.startswith("agnhost:")):
            for node in self.hosts:
                self.podman("exec", node, "ctr", "-n", "k8s.io", "images", "tag", "--force", known, name)

    def play(self, playbook, **variables):
        settings = {"kpr_artifacts_dir": str(RESULTS), **variables}
        command = ["ansible-playbook", "-i", self.inventory, ROOT / "playbooks" / f"{playbook}.yml", "-e", json.dumps(settings)]
        subprocess.run(command, cwd=ROOT, env=self.environment, timeout=1500, check=True)

    def run(self, state):
        """Run the suite; return {test: outcome} of the tests that were not skipped."""
        folder = RESULTS / state
        folder.mkdir(parents=True, exist_ok=True)
        kubeconfig, kubectl = self.variables["kpr_kubeconfig"], pathlib.Path(self.variables["kpr_helm_binary"]).with_name("kubectl")
        command = [
            self.programs / "ginkgo", f"--procs={SIDE_BY_SIDE}", f"--focus={FOCUS}", f"--skip={SKIP}", "--no-color", "--timeout=2h", "--silence-skips",
            f"--output-dir={folder}", "--junit-report=junit.xml", self.programs / "e2e.test", "--",
            f"--kubeconfig={kubeconfig}", f"--kubectl-path={kubectl}", "--provider=skeleton", f"--num-nodes={WORKERS}", "--disable-log-dump",
        ]  # fmt: skip
        with step(f"the suite, {state}"):  # its exit status says only that some test failed; which ones, the report says
            subprocess.run(list(map(str, command)), cwd=folder, env={**os.environ, "KUBECONFIG": kubeconfig}, check=False)
        cases = xml.etree.ElementTree.parse(folder / "junit.xml").iter("testcase")
        self.outcomes[state] = {
            case.get("name").removeprefix("[It] [sig-network] ").rpartition(" [sig-network")[0]: case.get("status")
            for case in cases
            if case.get("name").startswith("[It] ") and case.get("status") != "skipped"
        }
        return self.outcomes[state]


@pytest.fixture(scope="session")
def suite():
    made = Suite()
    made.fresh()
    made.name_images()
    yield made
    made.lab("down")
