# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every verify of every scenario leaves a JUnit file of its own in .work/results, for `make test` to count."""

import os
import time

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    if not config.option.xmlpath:
        scenario = os.environ.get("MOLECULE_SCENARIO_NAME", "scenario")
        config.option.xmlpath = str(config.rootpath / ".work" / "results" / f"molecule-{scenario}-{time.time_ns()}.xml")
