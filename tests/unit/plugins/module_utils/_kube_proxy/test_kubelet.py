# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import tools
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import kubelet


@pytest.fixture
def programs(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """The only folder with programs, beside the shell's."""
    monkeypatch.setattr(tools, "SEARCH_PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(kubelet.processes, "in_this_network", lambda name: [])
    return tmp_path


def program(path: pathlib.Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(("script", "version"), [("echo Kubernetes v1.26.15", "v1.26.15"), ("exit 1", None), ("true", None)])
def test_the_version_is_asked_of_the_program(programs: pathlib.Path, script: str, version: str | None) -> None:
    program(programs / "kubelet", script)
    assert kubelet.ask_version() == version


def test_there_may_be_none(programs: pathlib.Path) -> None:
    assert kubelet.ask_version() is None


def test_the_one_that_runs_is_asked_first(programs: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This test's own process stands in for it; asked for its version it says Python's."""
    program(programs / "kubelet", "echo Kubernetes v1.26.15")
    monkeypatch.setattr(kubelet.processes, "in_this_network", lambda name: ["self"])
    monkeypatch.setattr(tools, "run", lambda argv, real=tools.run: "Kubernetes v1.34.4" if argv[0] == "/proc/self/exe" else real(argv))
    assert kubelet.ask_version() == "v1.34.4"


def test_one_that_has_ended_meanwhile_is_not_missed(programs: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(programs / "kubelet", "echo Kubernetes v1.26.15")
    monkeypatch.setattr(kubelet.processes, "in_this_network", lambda name: ["99999999"])
    assert kubelet.ask_version() == "v1.26.15"
