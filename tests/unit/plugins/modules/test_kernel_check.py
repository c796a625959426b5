# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on the kernel that runs this test, and on one that is too old."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kernel import probe, release, rules
from ansible_collections.fleetops.kubeproxy_free.plugins.modules import kernel_check


def call(capsys, **params):
    with patch_module_args(params), pytest.raises(SystemExit):
        kernel_check.main()
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def old(monkeypatch):
    kernel = {**probe.look(), "release": "3.10.0-1160.el7.x86_64", "parsed": release.parse("3.10.0-1160.el7.x86_64")}
    monkeypatch.setattr(probe, "look", lambda: kernel)


def test_this_kernel(capsys):
    result = call(capsys, cilium_version="1.19", features=list(rules.FEATURES), _ansible_check_mode=True)
    assert result["changed"] is False
    assert set(result["features"]) == {"base", *rules.FEATURES}
    assert result["ok"] is (not result["blockers"])


def test_a_blocker_is_a_result_and_no_failure(capsys, old):
    result = call(capsys, cilium_version="1.19.1")
    assert (result["ok"], result["kernel_family"], result["kernel_version"]) == (False, "el", "3.10.0")
    assert "kernel" in [one["subject"] for one in result["blockers"]]
    assert "failed" not in result


def test_a_blocker_fails_where_it_is_told_to(capsys, old):
    result = call(capsys, cilium_version="1.19.1", fail_on_blocker=True)
    assert result["failed"]
    for part in (f"node {probe.node_name()} cannot run Cilium 1.19.1", "found 3.10.0-1160.el7.x86_64", "expected >= 5.10", "upgrade the kernel"):
        assert part in result["msg"]


def test_a_version_that_is_none(capsys):
    assert "expected a version such as 1.19" in call(capsys, cilium_version="latest")["msg"]
