# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets plain pytest import ansible_collections.fleetops.kubeproxy_free from this checkout, wherever it lies."""

from __future__ import annotations

import importlib
import pathlib
import resource
import sys
import types

import hypothesis

ROOT = pathlib.Path(__file__).resolve().parents[1]
NAME = ("ansible_collections", "fleetops", "kubeproxy_free")


def _package(name: str, folder: pathlib.Path | None) -> types.ModuleType:
    """A package whose only content is the folder; an installed one of that name (the `ansible` package has one) stays."""
    try:
        module = importlib.import_module(name)
    except ImportError:
        module = types.ModuleType(name)
        module.__path__ = []
        sys.modules[name] = module
    if folder:
        module.__path__ = [str(folder)]
    parent, _dot, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)
    return module


if ROOT.parts[-3:] == NAME:  # installed, or under ansible-test, which brings its own loader
    sys.path.append(str(ROOT.parents[2]))
else:
    _package("ansible_collections", None)
    _package("ansible_collections.fleetops", None)
    _package("ansible_collections.fleetops.kubeproxy_free", ROOT)

# A test that eats memory without end fails by itself, instead of taking the machine along.
for limit in (resource.RLIMIT_DATA, resource.RLIMIT_AS):
    resource.setrlimit(limit, (4 << 30, resource.getrlimit(limit)[1]))

# A slow or busy machine is no reason to fail; the same examples on every run, so that a failure can be repeated.
hypothesis.settings.register_profile("collection", deadline=None, derandomize=True, database=None, print_blob=True)
hypothesis.settings.load_profile("collection")

#: Registered here and not in pyproject.toml, because ansible-test brings a configuration of its own.
MARKERS = (
    "netns: makes network namespaces and real rules in them; needs root, is skipped without",
    "lab: needs the lab that `make lab-up` starts",
    "browser: opens the report in a real browser; is skipped where there is none",
    "ci: of those that need long, one that CI runs",
    "slow: takes more than ten seconds",
)


def pytest_configure(config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
