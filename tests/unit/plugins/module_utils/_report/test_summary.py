# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines for a terminal."""

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report import model, summary, words
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.advice import next_steps
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.series import SERIES_COLUMNS

FOUND = {"nft": {"ip": {"nat": {"kube-proxy": {"chains": 33, "rules": 78, "jumps": 4}}}, "ip6": {"nat": {"shared": {"chains": 4, "rules": 6, "jumps": 3}}}}}
TAKEN = {"name": "take_over", "began": 1.0, "seconds": 8.25, "ok": True}


def lines(**data):
    return summary.lines(model.read({"cluster": "lab", **data}))


def test_the_head(told):
    report = model.read(told("halted"))
    head = summary.lines(report)
    nodes = len(report.nodes)
    waves = f"in {words.plural(len(report.waves), 'wave')}, {words.duration(report.seconds)}"
    assert head[0] == f"cluster {report.cluster}: migrate, halted, 0 of {nodes} nodes moved, 1 given back, {nodes - 1} untouched {waves}"
    assert head[1] == f"halted: {report.reason}"
    assert head[2].startswith("findings: 0 blockers, ")


def test_a_node_that_moved():
    node = {"kernel": "6.1.0", "found": FOUND, "removed": {"chains": 37, "rules": 84, "jumps": 7},
            "kept": [{"chain": "KUBE-FIREWALL", "why": "it is kubelet's"}],
            "clean": True, "takeover_seconds": 8.25, "steps": [TAKEN]}  # fmt: skip
    assert lines(nodes={"w1": node})[1] == (
        "node w1: moved; kernel 6.1.0; taken over in 8.2 s; found nft ip 33 chains, 78 rules + nft ip6 4 chains, 6 rules; removed 37 chains, 84 rules; kept 1")
    partly = {**node, "clean": False, "removed": {"chains": 30, "rules": 70}}
    assert lines(nodes={"w1": partly})[1].endswith("removed 30 chains, 70 rules; kept 1; left 7 chains")
    assert "would remove 37 chains, 84 rules" in lines(nodes={"w1": {**node, "clean": False}}, check_mode=True)[1]


def test_nothing_is_said_of_rules_that_nobody_has_looked_at():
    assert lines(nodes={"w1": {"before": "moved"}, "w2": {"steps": [TAKEN], "takeover_seconds": 8.25}})[1:3] == [
        "node w1: moved before", "node w2: moved; taken over in 8.2 s"]  # fmt: skip


def test_a_run_with_nothing_to_do(told):
    data = told("migrate")
    for node in data["nodes"].values():
        node.update(steps=[], before="moved", found={}, removed={}, kept=[], clean=None)
    said = summary.lines(model.read({**data, "waves": []}))[0]
    nodes = len(data["nodes"])
    assert said.startswith(f"cluster {data['cluster']}: migrate, settled, 0 of {nodes} nodes moved, {nodes} moved before, ") and "?" not in said


def test_a_dry_run_says_so(told):
    said = summary.lines(model.read(told("check")))
    assert said[0].endswith("(check mode: nothing was changed)") and "nodes would move" in said[0]
    assert "traffic: not measured; a dry run watches nothing" in said


def test_traffic_names_the_worst_paths(told):
    report = model.read(told("migrate"))
    said = summary.lines(report)
    at = next(index for index, line in enumerate(said) if line.startswith("traffic: "))
    assert said[at].startswith(f"traffic: {report.traffic.requests:,} requests on {len(report.traffic.paths)} paths: ")
    worst = report.traffic.worst_first()
    assert [line.startswith(f"  {summary.path_name(path)}: ") for line, path in zip(said[at + 1 :], worst[: summary.PATHS])] == [True] * min(len(worst), 5)


def test_paths_that_never_answered_are_counted_by_place():
    paths = [{"name": "one", "from": place, "timed_out": 9} for place in ("w1", "outside", "outside")]
    said = lines(traffic={"paths": [*paths, {"name": "one", "ok": 9}], "series_columns": list(SERIES_COLUMNS)})
    assert [line for line in said if line.startswith("traffic: ")][0].endswith("; 3 paths never answered (2 from outside, 1 from w1), so no check counts them")
    assert "never answered" not in " ".join(lines(traffic={"paths": [{"name": "one", "ok": 9}], "series_columns": list(SERIES_COLUMNS)}))


def test_paths_whose_pod_has_gone_are_counted():
    paths = [{"name": "one", "ok": 9}, {"name": "two", "ok": 9, "gone_at": 1767340800}]
    told = [line for line in lines(traffic={"paths": paths, "series_columns": list(SERIES_COLUMNS)}) if line.startswith("traffic: ")]
    assert told[0].endswith("; 1 path ended with the pod that asked")


def test_calls_are_told_or_why_they_are_not():
    calls = {"nodes": {"w1": 8, "w2": 6}, "api": {"waves": [28, 9], "besides": 60}}
    assert "module calls: at most 8 on a node (w1), 14 on all; on the API 97: 60 before and after the waves, 28 in wave 1, 9 in wave 2" in lines(calls=calls)
    assert "module calls: not counted; with ANSIBLE_CALLBACKS_ENABLED=fleetops.kubeproxy_free.progress they are" in lines()


def test_what_to_do_next_comes_last(told):
    report = model.read(told("migrate"))
    steps = next_steps(report)
    assert summary.lines(report)[-len(steps) :] == [f"next: {step}" for step in steps] and steps


def test_of_a_thousand_nodes_the_failed_are_named_and_the_rest_is_counted(fleet):
    report = model.read(fleet(1000, [1, 5, 494, 500], failing=2, paths=3))
    said = [line for line in summary.lines(report) if line.startswith("node ")]
    assert len(said) == summary.NODES
    assert [line.split(";")[0] for line in said[:3]] == ["node worker-0999: given back", "node worker-1000: given back", "node worker-0001: moved"]
    rest = next(line for line in summary.lines(report) if line.startswith("and "))
    shown = sum(node.removed.chains for node in sorted(report.nodes, key=lambda node: not node.error)[: summary.NODES])
    everything = sum(node.removed.chains for node in report.nodes)
    assert rest.startswith(f"and 960 nodes more, removed there {everything - shown:,} chains")


def test_numbers(told):
    data = told("migrate")
    report = model.read(data)
    paths = data["traffic"]["paths"]
    failed = sum(path[kind] for path in paths for kind in ("refused", "timed_out", "reset", "other"))
    assert summary.numbers(report) == {"nodes": len(report.nodes), "failed_nodes": 0, "requests": sum(path["requests"] for path in paths),
                                       "failed_requests": failed, "slow_requests": sum(path["slow"] for path in paths)}  # fmt: skip
    assert summary.numbers(model.read({"cluster": "lab"})) == {"nodes": 0, "failed_nodes": 0, "requests": None, "failed_requests": None, "slow_requests": None}


@pytest.mark.parametrize(
    "seconds, text",
    [(None, "?"), (0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3599, "59 min 59 s"), (7830, "2 h 10 min")],
)
def test_durations(seconds, text):
    assert words.duration(seconds) == text


@pytest.mark.parametrize("percent, text", [(0, "0 %"), (0.0001, "< 0.01 %"), (0.02, "0.02 %"), (12.34, "12.3 %")])
def test_shares_never_hide_that_there_was_something(percent, text):
    assert words.share(percent) == text
