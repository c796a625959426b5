# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import verdict
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import Attempt, parse_path

PATH = parse_path(dict(name="web", kind="http", address="10.96.7.7", port=80))
QUIET = {"watched": [], "moved": []}
WATCHED = {"watched": ["web"], "moved": []}
MOVED = {"watched": ["web"], "moved": [{"where": "iptables-nft ipv4", "rule": "-A KUBE-SERVICES ...", "packets": 3, "targets": ["web"], "explained": False}]}
OTHERS_MOVED = {"watched": ["web", "dns"], "moved": [{"where": "x", "rule": "r", "packets": 3, "targets": ["dns"], "explained": False}]}


def ok(translated, backend="a"):
    return Attempt("ok", 0.01, backend, None, translated)


def judge(attempts, mode="ignore", counters=None, same_backend=False, by_kube_proxy=True):
    wanted = verdict.Wanted(len(attempts), same_backend, by_kube_proxy)
    return [finding.found for finding in verdict.judge(PATH, verdict.summarise(PATH, attempts, wanted), wanted, mode, counters or QUIET)]


def test_answers_are_enough_when_nobody_asks_who_served():
    assert judge([ok(None), ok("10.0.0.1:80")]) == []


def test_failures_are_counted_by_their_cause():
    attempts = [ok(""), Attempt("refused", 0, None, "connection refused", ""), Attempt("timed_out", 5, None, "no answer in time", "")]
    assert judge(attempts) == ["2 of 3 requests failed (1 x connection refused, 1 x no answer in time)"]


def test_a_target_that_was_never_probed_has_failed():
    wanted = verdict.Wanted(5, False, True)
    assert verdict.judge(PATH, verdict.summarise(PATH, [], wanted), wanted, "ignore", QUIET)[0].found == "5 of 5 requests failed (5 x not sent)"


def test_session_affinity_is_one_backend():
    assert judge([ok("", "a"), ok("", "b")], same_backend=True) == ["2 backends answered (a, b)"]
    assert judge([ok("", "a"), ok("", "a")], same_backend=True) == []
    assert judge([ok("", "a"), ok("", "b")]) == []


@pytest.mark.parametrize(
    ("translated", "counters", "found"),
    [
        ("", QUIET, None),
        ("", WATCHED, None),
        ("", OTHERS_MOVED, None),
        (None, WATCHED, None),
        (None, QUIET, "nobody can say what served it"),
        ("10.0.0.1:80", WATCHED, "netfilter still serves it (2 of 2 requests went to 10.0.0.1:80 by its rules)"),
        ("", MOVED, "netfilter still serves it (3 packets counted by -A KUBE-SERVICES ...)"),
        (None, MOVED, "netfilter still serves it (3 packets counted by -A KUBE-SERVICES ...)"),
    ],
)
def test_standing_still_needs_a_proof(translated, counters, found):
    assert judge([ok(translated)] * 2, "must_stand_still", counters) == ([found] if found else [])


@pytest.mark.parametrize(
    ("attempts", "counters", "by_kube_proxy", "good"),
    [
        ([ok("10.0.0.1:80")] * 2, QUIET, True, True),
        ([ok("10.0.0.1:80"), ok("")], MOVED, True, False),
        ([ok("")] * 2, WATCHED, True, False),
        ([ok("")] * 2, WATCHED, False, True),
        ([ok(None)] * 2, MOVED, True, True),
        ([ok(None)] * 2, WATCHED, True, False),
    ],
)
def test_moving_is_asked_of_what_kube_proxy_serves(attempts, counters, by_kube_proxy, good):
    assert (judge(attempts, "must_move", counters, by_kube_proxy=by_kube_proxy) == []) is good


def test_a_finding_says_where_what_expected_and_what_to_do():
    wanted = verdict.Wanted(1, False, True)
    text = verdict.judge(PATH, verdict.summarise(PATH, [ok("10.0.0.1:80")], wanted), wanted, "must_stand_still", QUIET)[0].text()
    assert text.startswith("web (http 10.96.7.7:80 from the host's own network): netfilter still serves it")
    assert "expected no rule of kube-proxy to be used" in text and "cilium-dbg status" in text


def test_a_target_is_not_blamed_for_another_one_of_the_same_rule():
    counters = {"watched": ["host", "pod"], "moved": [{"where": "x", "rule": "r", "packets": 20, "targets": ["host", "pod"]}]}
    verdict.explain(counters, [{"name": "host", "translated": 20}, {"name": "pod", "translated": 0}])
    assert counters["moved"][0]["explained"]
    verdict.explain(counters, [{"name": "host", "translated": 19}, {"name": "pod", "translated": 0}])
    assert not counters["moved"][0]["explained"]
    verdict.explain(counters, [{"name": "host", "translated": None}, {"name": "pod", "translated": None}])
    assert not counters["moved"][0]["explained"]


@pytest.mark.parametrize(("translated", "blamed"), [("10.0.0.1:80", True), ("", False)])
def test_an_explained_counter_speaks_only_against_what_was_translated(translated, blamed):
    counters = {"watched": ["web"], "moved": [{"where": "x", "rule": "r", "packets": 20, "targets": ["web"], "explained": True}]}
    assert bool(judge([ok(translated)], "must_stand_still", counters)) is blamed


@pytest.mark.parametrize(
    ("seen", "mode", "found"),
    [
        (["", ""], "must_stand_still", None),
        (["", "10.0.0.1:80", "10.0.0.1:80"], "must_stand_still", "netfilter still serves it (2 connections went to 10.0.0.1:80 by its rules)"),
        (None, "must_stand_still", "nobody can say what served it"),
        (["10.0.0.1:80"], "must_move", None),
        ([""], "must_move", "netfilter served no connection"),
        ([""], "ignore", None),
    ],
)
def test_what_others_sent_is_judged_by_who_served_it(seen, mode, found):
    wanted = verdict.Wanted(0, False, True)
    summary = verdict.summarise_watched(PATH, seen)
    assert [finding.found for finding in verdict.judge(PATH, summary, wanted, mode, QUIET)] == ([found] if found else [])


def test_what_a_prober_saw_fail_is_told_by_path():
    good = {"name": "good", "requests": 5, "ok": 5, "slow": 5, "errors": {}}
    bad = {"name": "bad", "requests": 5, "ok": 2, "errors": {"connection refused": 2, "no answer in time": 1}}
    idle = {"name": "idle", "requests": 0, "ok": 0, "errors": {}}
    assert verdict.traffic_faults({"paths": [good]}, "localhost") == []
    found = verdict.traffic_faults({"paths": [good, bad, idle]}, "localhost")
    assert found[0].startswith("bad, probed from localhost: 3 of 5 requests failed (2 x connection refused, 1 x no answer in time); expected every request")
    assert found[1].startswith("idle, probed from localhost: no request has ended") and len(found) == 2
    assert verdict.traffic_faults({}, "far")[0].startswith("Nothing was probed from far")
