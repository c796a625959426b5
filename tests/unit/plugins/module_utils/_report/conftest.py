# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report's tests start from."""

from __future__ import annotations

import importlib.util
import json
import pathlib

import pytest

HERE = pathlib.Path(__file__).parent


@pytest.fixture
def three_nodes():
    """A cluster of three nodes: one moved, one failed and was given back, one was not touched."""
    return json.loads((HERE / "fixtures" / "three-nodes.json").read_text(encoding="utf-8"))


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
    """The function that makes up large clusters."""
    return helper("fleet").fleet
