# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import health


@pytest.mark.parametrize(("address", "asked"), [
    (":10256", "127.0.0.1:10256"), ("0.0.0.0:10256", "127.0.0.1:10256"), ("[::]:10256", "[::1]:10256"),
    ("192.0.2.1:1", "192.0.2.1:1"), ("[2001:db8::1]:10256", "[2001:db8::1]:10256"), ("localhost:10256", "localhost:10256"),
])  # fmt: skip
def test_an_agent_is_asked_where_it_listens(address, asked):
    assert health.url(address) == f"http://{asked}/healthz"
