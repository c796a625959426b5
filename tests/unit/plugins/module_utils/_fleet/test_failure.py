# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet.failure import failure


@pytest.mark.parametrize(("result", "says"), [
    ({"msg": "no such thing"}, "no such thing"),
    ({"msg": "Task failed: Module failed: no such thing"}, "no such thing"),
    ({"msg": ["one", "two"]}, "one two"),
    ({"msg": "non-zero return code", "stderr": "cannot\n", "stdout": "x"}, "non-zero return code: cannot"),
    ({}, "failed: no reason was given"),
    ({"msg": "All items completed", "results": [
        {"ansible_loop_var": "item", "item": {"name": "shop"}, "failed": True, "url": "https://shop.example.net", "msg": "Status code was 503"},
        {"ansible_loop_var": "item", "item": {"name": "API"}, "failed": False, "msg": "fine"},
        {"ansible_loop_var": "one", "one": "DNS", "unreachable": True, "msg": "gone"},
    ]}, "shop: https://shop.example.net: Status code was 503; DNS: gone"),
])  # fmt: skip
def test_what_failed_is_named(result, says):
    assert failure(result) == says
