# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import faults


@pytest.mark.parametrize("version", ["1.19.0", "v1.19.1", "1.19.2", "1.19.0-rc.1", " 1.19.1 "])
def test_releases_that_forget_translations(version):
    assert [one.issue for one in faults.of(version)] == ["cilium/cilium#44727"]


@pytest.mark.parametrize("version", ["1.18.9", "1.19.3", "1.20.0", "1.19", "", None, "latest"])
def test_releases_of_which_no_fault_is_known_and_what_is_no_release(version):
    assert faults.of(version) == []
