# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import endpoint


@pytest.mark.parametrize("text, parts", [("lb:443", ("lb", 443)), ("[fd00::1]:6443", ("fd00::1", 6443)), ("192.0.2.1:6443", ("192.0.2.1", 6443))])
def test_both_ways(text, parts):
    assert endpoint.split(text) == parts
    assert endpoint.join(*parts) == text
    assert endpoint.of_url(f"https://{text}") == parts


@pytest.mark.parametrize("text", ["", ":6443", "lb", "lb:", "fd00::1:6443", "[fd00::1]", "https://lb:443", "a b:1", None])
def test_what_is_no_endpoint(text):
    assert endpoint.split(text) is None
