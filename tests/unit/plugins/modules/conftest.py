# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.module_utils import _internal


@pytest.fixture(autouse=True)
def as_on_a_node(monkeypatch):
    """A module's warnings go into its result, also when another test has loaded Ansible's controller before."""
    monkeypatch.setattr(_internal, "is_controller", False)
