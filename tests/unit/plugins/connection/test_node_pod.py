# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection with a kubectl that stands in: it runs on this machine what would run on the host, or fails as kubectl does."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import node_pods

ROOT = pathlib.Path(__file__).resolve().parents[4]
pytestmark = pytest.mark.skipif(not shutil.which("ansible"), reason="needs ansible")
# Fails as often as there are lines in the file `failures`, then runs what comes after the way in.
KUBECTL = f"""#!{sys.executable}
import json, pathlib, subprocess, sys
folder = pathlib.Path(__file__).parent
words = sys.argv[1:]
with (folder / "calls").open("a") as calls:
    print(json.dumps(words), file=calls)
failures = (folder / "failures").read_text().splitlines()
if failures:
    (folder / "failures").write_text("".join(line + "\\n" for line in failures[1:]))
    sys.exit(failures[0])
begin = words.index("--") + 1
code = subprocess.call(words[begin + {len(node_pods.ENTER)}:])
if code:
    print(f"command terminated with exit code {{code}}", file=sys.stderr)
sys.exit(code)
"""


class Host:
    def __init__(self, folder):
        self.folder = folder
        (folder / "kubectl").write_text(KUBECTL)
        (folder / "kubectl").chmod(0o755)
        self.fail()
        self.variables = {"ansible_connection": "fleetops.kubeproxy_free.node_pod", "ansible_kubectl_command": str(folder / "kubectl"),
                          "ansible_kubectl_namespace": "ours", "ansible_kubectl_pod": "pod-w1", "ansible_kubectl_kubeconfig": "/etc/kubeconfig",
                          "ansible_python_interpreter": sys.executable, "ansible_remote_tmp": str(folder / "tmp")}  # fmt: skip

    def fail(self, *lines):
        (self.folder / "failures").write_text("".join(f"{line}\n" for line in lines))
        (self.folder / "calls").write_text("")

    @property
    def calls(self):
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]

    def run(self, module, *arguments):
        (self.folder / "hosts.json").write_text(json.dumps({"all": {"hosts": {"w1": self.variables}}}))
        environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        command = ["ansible", "-i", self.folder / "hosts.json", "w1", "-m", module, *arguments]
        done = subprocess.run(command, cwd=self.folder, env=environment, text=True, capture_output=True, check=False)
        return " ".join((done.stdout + done.stderr).split())


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def test_modules_go_in_by_standard_input_through_the_pod_into_the_host(host):
    assert "ping: pong" in host.run("ansible.builtin.ping")
    for words in host.calls:
        begin = words.index("--") + 1
        assert words[:begin] == ["-n", "ours", "--kubeconfig", "/etc/kubeconfig", "exec", "-i", "pod-w1", "--"]
        assert tuple(words[begin:begin + len(node_pods.ENTER)]) == node_pods.ENTER
    assert not (host.folder / "tmp").exists(), "a file was transferred"


def test_files_go_the_same_way(host):
    (host.folder / "source").write_text("hello")
    assert "CHANGED" in host.run("ansible.builtin.copy", "-a", f"src={host.folder}/source dest={host.folder}/copied")
    assert (host.folder / "copied").read_text() == "hello"
    assert all(tuple(words[words.index("--") + 1:][:len(node_pods.ENTER)]) == node_pods.ENTER for words in host.calls)


def test_an_error_of_a_command_is_a_failure_and_not_an_unreachable_host(host):
    said = host.run("ansible.builtin.raw", "-a", "exit 3")
    assert "FAILED" in said and "rc=3" in said and "UNREACHABLE" not in said


def test_a_pod_that_is_gone_makes_the_host_unreachable(host):
    host.fail('Error from server (NotFound): pods "pod-w1" not found')
    said = host.run("ansible.builtin.ping")
    assert "UNREACHABLE" in said and "ours/pod-w1" in said and "not found" in said and len(host.calls) == 1


def test_what_cannot_have_begun_is_tried_again(host):
    host.fail(*["Unable to connect to the server: net/http: TLS handshake timeout"] * 2)
    assert "| hello" in host.run("ansible.builtin.raw", "-a", "echo '|' hello") and len(host.calls) == 3


def test_a_host_without_a_pod_is_unreachable_for_the_reason_that_was_found(host):
    host.variables["ansible_node_pod_problem"] = "Node w1: its image cannot be pulled"
    said = host.run("ansible.builtin.ping")
    assert "UNREACHABLE" in said and "its image cannot be pulled" in said and not host.calls


def test_a_missing_kubectl_is_named_with_its_variable(host):
    host.variables["ansible_kubectl_command"] = "/nowhere/kubectl"
    assert "/nowhere/kubectl" in (said := host.run("ansible.builtin.ping")) and "kpr_kubectl_binary" in said
