# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib
from typing import Iterator

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import legacy
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import cleanup
from ansible_collections.fleetops.kubeproxy_free.tests.unit.plugins.module_utils._kube_proxy import network


@pytest.fixture
def own_network(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A network namespace for the test, and a lock of iptables that nobody else holds."""
    monkeypatch.setattr(legacy, "LOCK", str(tmp_path / "xtables.lock"))
    monkeypatch.setenv("XTABLES_LOCKFILE", str(tmp_path / "xtables.lock"))
    with network.new_network():
        yield


@pytest.fixture
def settings(tmp_path: pathlib.Path) -> cleanup.Settings:
    return cleanup.Settings(kubelet_version="v1.34.4", backup=True, backup_dir=str(tmp_path / "backup"), backup_keep=2, check_mode=False)
