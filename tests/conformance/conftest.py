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
PREFIX = "[It] [sig-network] "
#: How ginkgo says that a test ran to its end, or was not to run. All else is a suite that broke off.
ENDED, LEFT_OUT = ("passed", "failed"), ("skipped", "pending")


class BrokeOff(Exception):
    """The suite did not come to its end, so that nothing is known of the tests."""


def outcomes(report, status):
    """{test: outcome} of the tests that were not left out, by ginkgo's report and its exit status, which is 1 if a test failed."""
    if not report.exists():
        raise BrokeOff(f"ginkgo ended with {status} and wrote no {report}; see what it said above")
    cases = [(case.get("name"), case.get("status")) for case in xml.etree.ElementTree.parse(report).iter("testcase")]
    odd = [f"{name}: {said}" for name, said in cases if said not in (*ENDED, *LEFT_OUT)]
    failed = [name for name, said in cases if said == "failed"]
    around = [name for name in failed if not name.startswith("[It] ")]
    if odd or around or (status != 0) is not bool(failed):
        raise BrokeOff(f"ginkgo ended with {status}, {len(failed)} tests failed, and not by themselves: {'; '.join(odd + around) or 'nothing'}; see {report}")
    return {name.removeprefix(PREFIX).rpartition(" [sig-network")[0]: said for name, said in cases if name.startswith("[It] ") and said in ENDED}


class Suite(OwnLab):
    """A lab, the suite for its version of Kubernetes, and what the suite said of each state so far: {state: {test: outcome}}."""

    def __init__(self, focus):
        super().__init__("conform", 20, WORKERS=WORKERS)
        self.focus = focus
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
            self.programs / "ginkgo", f"--procs={SIDE_BY_SIDE}", f"--focus={self.focus}", f"--skip={SKIP}", "--no-color", "--timeout=2h", "--silence-skips",
            f"--output-dir={folder}", "--junit-report=junit.xml", self.programs / "e2e.test", "--",
            f"--kubeconfig={kubeconfig}", f"--kubectl-path={kubectl}", "--provider=skeleton", f"--num-nodes={WORKERS}", "--disable-log-dump",
        ]  # fmt: skip
        report = folder / "junit.xml"
        report.unlink(missing_ok=True)
        with step(f"the suite, {state}"):
            done = subprocess.run(list(map(str, command)), cwd=folder, env={**os.environ, "KUBECONFIG": kubeconfig}, check=False)
        self.outcomes[state] = outcomes(report, done.returncode)
        return self.outcomes[state]


def pytest_addoption(parser):
    parser.addoption("--focus", default=FOCUS, help="run only tests whose names this regular expression matches, to save time")


@pytest.fixture(scope="session")
def suite(request):
    made = Suite(request.config.getoption("--focus"))
    made.fresh()
    made.name_images()
    yield made
    made.lab("down")
