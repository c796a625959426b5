# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import platform

import pytest

from bench import machine


@pytest.mark.parametrize("release", ["6.12.3", "6.12.3-acme-v7", "6.12.3-503.el9.x86_64"])
def test_the_kernel_is_told_as_upstream_calls_it(monkeypatch, release):
    monkeypatch.setattr(platform, "release", lambda: release)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert machine.described() == "2 processors, Linux 6.12.3"
    assert machine.upstream(f'{{"kernels": ["{release}"]}}') == '{"kernels": ["6.12.3"]}'
