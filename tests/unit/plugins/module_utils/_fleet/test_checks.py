# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet.checks import failed_checks

READY = {"spec": {"nodeName": "w1"}, "metadata": {}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}


@pytest.mark.parametrize(("check", "result", "says"), [
    ({"url": "https://shop.example.net/health"}, {"msg": "Status code was 503 and not [200]"},
     "found Status code was 503 and not [200], expected status 200 from https://shop.example.net/health within 60 s. "
     "See from the controller: curl -i https://shop.example.net/health"),
    ({"url": "https://me:s3cret@shop.example.net:8443/health?token=s3cret#x", "status_code": 204}, {"msg": ""},
     "found no answer, expected status 204 from https://shop.example.net:8443/health within 60 s. "
     "See from the controller: curl -i https://shop.example.net:8443/health (with the rest of its url in kpr_checks)"),
    ({"command": ["curl", "-H", "Authorization: s3cret"]}, {"rc": 22, "cmd": ["curl", "s3cret"], "stderr": "The URL said 401\n"},
     "found exit code 22 (The URL said 401), expected its command, curl, to end with 0 within 60 s. "
     "See from the controller: run the command that kpr_checks has for shop there"),
    ({"command": ["nothing"]}, {"rc": 2, "msg": "No such file"},
     "found exit code 2, expected its command, nothing, to end with 0 within 60 s. "
     "See from the controller: run the command that kpr_checks has for shop there"),
    ({"namespace": "shop", "selector": ["app=web", "tier in (a, b)"]}, {"resources": [READY, {**READY, "status": {}}]},
     "found 1 of 2 pods ready, expected all pods app=web,tier in (a, b) in shop ready within 60 s. "
     "See from the controller: kubectl -n shop get pods -l 'app=web,tier in (a, b)'"),
])  # fmt: skip
def test_a_check_says_what_it_found_and_no_secret(check, result, says):
    item = {"name": "shop", "status_code": 200, **check}
    assert failed_checks([{"item": item, "failed": True, **result}, {"item": {"name": "well"}, "failed": False}], 60) == [f"shop: {says}"]
    assert "s3cret" not in says
