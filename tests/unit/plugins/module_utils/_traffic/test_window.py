# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import window
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.series import SERIES_COLUMNS

NONE = dict.fromkeys(window.OUTCOMES, 0)


def row(second, **counts):
    return [{**NONE, "second": second, "slow": 0, **counts}[column] for column in SERIES_COLUMNS]


def test_a_window_has_what_began_in_it_service_by_service_and_no_streams():
    run = {"running": True, "ended_by": None, "rate": 5, "paths": [
        {"name": "a", "service": "shop/web:http", "kind": "http"}, {"name": "b", "service": "shop/web:http", "kind": "tcp"},
        {"name": "stream a", "service": "shop/chat:http", "kind": "stream"}, {"name": "c", "kind": "udp"}, {"name": "d", "kind": "udp"},
    ]}  # fmt: skip
    rows = {"shop/web:http": [row(99, ok=5), row(100, ok=3, refused=2), row(101, ok=5, timed_out=5)], "c": [row(100, other=1)]}
    assert window.window(run, rows, 99.5) == {"running": True, "ended_by": None, "services": {
        "shop/web:http": {**NONE, "ok": 8, "refused": 2, "timed_out": 5}, "c": {**NONE, "other": 1}, "d": NONE}}  # fmt: skip
    assert window.window({}, {}, 0) == {"services": {}}


def heard(running=True, **services):
    seen = {name: {**NONE, **counts} for name, counts in services.items()}
    return {"traffic": {"running": running, "ended_by": None if running else "max_duration", "services": seen}}


@pytest.mark.parametrize("failed, limit, said", [
    (0, "0%", []),
    (1, "0.1%", []),
    (2, "0.1%", ["web: 2 of 1000 requests failed, 0.2% (2 refused; most from worker1, 2); expected at most 0.1%"]),
    (300, " 30 % ", []),
    (301, "30%", ["web: 301 of 1000 requests failed, 30% (301 refused; most from worker1, 301); expected at most 30%"]),
])  # fmt: skip
def test_a_share_is_held_against_all_probers_together(failed, limit, said):
    asked = {"worker1": heard(web={"ok": 600 - failed, "refused": failed}), "outside": heard(web={"ok": 300})}
    assert window.beyond(limit, asked, [{"item": "w2", **heard(web={"ok": 100})}]) == said


def test_a_service_is_not_hidden_by_others_that_are_well():
    (said,) = window.beyond("5%", {"w": heard(web={"ok": 100000}, dead={"timed_out": 40, "refused": 60})})
    assert said.startswith("dead: 100 of 100 requests failed, 100% (60 refused, 40 timed out")


def test_a_prober_that_is_not_heard_fails_but_one_of_the_others_does_not():
    asked = {"w1": heard(running=False, web={"ok": 10}), "w2": {"traffic": {}}, "w3": {"unreachable": True, "msg": "timed out"}, "w4": heard(web={"ok": 10})}
    said = window.beyond("1%", asked, [{"item": "far", "unreachable": True, "msg": "no route"}])
    assert [one.split(";")[0] for one in said] == [
        "nothing is watched from w1: the prober there has ended (max_duration)",
        "nothing is watched from w2: there is no prober",
        "nothing is watched from w3: timed out",
    ]


def test_no_requests_are_no_proof():
    assert "no request was counted" in window.beyond("1%", {"w1": heard()})[0]
    assert "no request was counted" in window.beyond("1%", {})[0]


@pytest.mark.parametrize("text", ["0.1", "101%", "much", "-1%", 5, None])
def test_a_share_is_a_percentage(text):
    with pytest.raises(ValueError, match="expected a percentage"):
        window.percentage(text)
