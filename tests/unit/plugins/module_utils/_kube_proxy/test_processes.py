# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who counts as a kube-proxy that runs here: on a process table and pod folders made of files."""

from __future__ import annotations

import shutil
import threading

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import processes


@pytest.fixture
def node(tmp_path, monkeypatch):
    """Adds processes and pods; its first process is the one that asks."""

    class Node:
        proc = tmp_path / "proc"

        def process(self, pid, name, *words, network="net:[1]"):
            namespaces = self.proc / pid / "ns"
            namespaces.mkdir(parents=True)
            (self.proc / pid / "comm").write_text(f"{name}\n")
            (self.proc / pid / "cmdline").write_text("\0".join([name, *words, ""]))
            (namespaces / "net").symlink_to(network)

        def pod(self):
            folder = tmp_path / "pods" / "uid-1"
            (folder / "containers" / "kube-proxy").mkdir(parents=True)
            return folder

        def found(self, patience=0):
            return processes.kube_proxy(patience, str(self.proc))

    monkeypatch.setattr(processes, "ROOT_DIR", str(tmp_path))
    made = Node()
    made.process("self", "python3")
    return made


def test_nothing(node):
    node.process("7", "kubelet")
    assert node.found() is None


def test_a_process_counts_at_once(node):
    node.process("7", "kube-proxy")
    assert node.found(patience=60) == "process 7"


def test_one_of_another_network_belongs_to_another_node(node):
    node.process("7", "kube-proxy", network="net:[2]")
    assert node.found() is None


def test_a_pod_that_waits_for_its_next_start_counts(node):
    folder = node.pod()
    assert node.found(patience=0.3) == f"a pod with a container of that name, {folder}/containers/kube-proxy"


@pytest.mark.parametrize("words", [["--root-dir={}"], ["--v=2", "--root-dir", "{}"]])
def test_the_folder_is_where_kubelet_was_told_to_have_it(node, tmp_path, monkeypatch, words):
    monkeypatch.setattr(processes, "ROOT_DIR", "/nowhere")
    node.pod()
    assert node.found() is None
    node.process("8", "kubelet", *(word.format(tmp_path) for word in words))
    assert "containers/kube-proxy" in node.found()


def test_a_folder_that_kubelet_is_taking_away_does_not(node):
    folder = node.pod()
    timer = threading.Timer(0.3, shutil.rmtree, [folder])
    timer.start()
    assert node.found(patience=60) is None
    timer.join()
