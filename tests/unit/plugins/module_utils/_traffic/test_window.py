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
        path("a", "http", "shop/web:http"), path("b", "tcp", "shop/web:http", requests=5, ok=0), path("c", "udp"), path("d", "udp", requests=0, ok=0),
        path("stream a", "stream", "shop/chat:http", requests=5, ok=0),
    ]}  # fmt: skip
    rows = {"shop/web:http": [row(99, ok=5), row(100, ok=3, refused=2), row(101, ok=5, timed_out=5)], "c": [row(100, other=1)]}
    assert window.window(run, rows, 99.5) == {"running": True, "ended_by": None, "services": {
        "shop/web:http": {**NONE, "ok": 8, "refused": 2, "timed_out": 5}, "c": {**NONE, "other": 1}, "d": NONE},
        "never_answered": {"shop/web:http": 1}}  # fmt: skip
    assert window.window({}, {}, 0) == {"services": {}, "never_answered": {}}


def test_a_path_counts_from_its_first_answer_on_and_then_whatever_becomes_of_it():
    paths = [path("broke", "http", "web"), path("late", "http", "web"), path("never", "http", "web"), path("alone", "tcp", "db"), path("s", "stream", "web")]
    rows = {"broke": [row(100, ok=5), row(101, refused=5)], "late": [row(100, timed_out=5), row(101, ok=4, timed_out=1), row(102, timed_out=5)],
            "never": [row(100, timed_out=5)], "alone": [row(100, refused=5)], "s": [row(100, ok=5)]}  # fmt: skip
    assert window.of_services(paths, rows, {"broke": 90, "late": 101, "never": None, "alone": None, "s": 100}) == {
        "web": [*rows["broke"], *rows["late"][1:]]}  # fmt: skip


def path(name, kind, service=None, requests=5, ok=5):
    return {"name": name, "kind": kind, "requests": requests, "ok": ok, **({"service": service} if service else {})}


def heard(running=True, silent=None, **services):
    seen = {name: {**NONE, **counts} for name, counts in services.items()}
    return {"traffic": {"running": running, "ended_by": None if running else "max_duration", "services": seen, "never_answered": silent or {}}}


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


def test_what_never_answered_is_said_by_place_and_the_rest_is_judged():
    asked = {"w1": heard(web={"ok": 10}), "outside": heard(silent={"web": 12, "db": 1, "mq": 1, "api": 1}, web={}), "w2": {"unreachable": True}}
    others = [{"item": "w3", **heard(silent={"db": 1})}, {"item": "w4", **heard(web={"ok": 10})}]
    assert window.unanswered(asked, others) == ["from w3 1 path to db", "from outside 15 paths to api, db, mq, ..."]
    assert [one.split(":")[0] for one in window.beyond("0%", asked, others)] == ["nothing is watched from w2"]
    assert window.unanswered({"w1": asked["w1"]}) == []


def test_where_nothing_ever_answered_nothing_is_proven():
    (said,) = window.beyond("1%", {"w1": heard(silent={"web": 2}, web={}), "outside": heard(silent={"web": 1}, web={})})
    assert said.startswith("no request was counted (never answered: from w1 2 paths to web; from outside 1 path to web); expected some")


@pytest.mark.parametrize("text", ["0.1", "101%", "much", "-1%", 5, None])
def test_a_share_is_a_percentage(text):
    with pytest.raises(ValueError, match="expected a percentage"):
        window.percentage(text)
