# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report's tests start from: the facts that runs on the lab have left (fixtures/README.md), and what gather makes of them."""

from __future__ import annotations

import importlib.util
import json
import pathlib

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.gather import gather

HERE = pathlib.Path(__file__).parent


def read(name):
    return json.loads((HERE / "fixtures" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def left():
    """The arguments of gather, as a run has left them: migrate, halted, check, rollback."""
    return read


@pytest.fixture
def told():
    """The data of the report on such a run."""
    return lambda name: gather(**read(name))


@pytest.fixture(scope="session")
def benchmark():
    """As the role benchmark has written it, in short."""
    spread = {"median": 1.2, "least": 1.0, "most": 1.9}
    row = {"services": 10, "way": "host to ClusterIP", "node": "worker-1", "test": "request", "rounds": 1, "requests": 100, "failed": 0,
           "p50_ms": spread, "p99_ms": spread}
    return {"file": "benchmark-20260102T030405Z.json", "result": {"settings": {"cluster": "kpr", "served_by": "cilium"}, "rows": [row]}}


@pytest.fixture(scope="session")
def helper():
    """Loads a module of the folder helpers by its name."""

    def load(name):
        spec = importlib.util.spec_from_file_location(f"report_{name}", HERE / "helpers" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def fleet(helper):
    """Data of a large cluster: fleet(nodes, sizes of the waves, failing)."""
    return lambda *arguments, **more: gather(**helper("fleet").fleet(read("migrate"), read("halted"), *arguments, **more))
