# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines for a terminal."""

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report import model, summary, words


def test_the_lines_of_a_run(three_nodes):
    assert summary.lines(model.read(three_nodes)) == [
        "cluster lab: migrate, halted, 1 of 3 nodes moved, 1 given back, 1 untouched in 2 waves, 3 min 10 s",
        "halted: prove on worker-2: 2 of 20 requests failed <&> expected all to be answered",
        "findings: 0 blockers, 0 warnings, 1 note, 1 accepted",
        "node worker-2: given back; kernel 6.1.0-32-amd64; found no rules of kube-proxy; taken over in 9.5 s; removed nothing\n"
        "  2 of 20 requests failed <script>alert(1)</script>",
        "node worker-1: moved; kernel 6.1.0-32-amd64; found nft ipv4 33 chains, 78 rules + nft ipv6 4 chains, 6 rules; taken over in 8.2 s; "
        "removed 37 chains, 84 rules; kept 2",
        "node control-1: untouched; kernel 6.1.0-32-amd64; found no rules of kube-proxy; removed nothing",
        "traffic: 24 requests on 2 paths: 3 refused, 0 timed out, 1 reset, 0 failed otherwise, 10.0 % slow",
        "  worker-1: host to shop/web:http NodePort IPv4: 3 refused, 1 reset, 2 slow of 14",
        "module calls: not counted (enable the callback plugin that does: ANSIBLE_CALLBACKS_ENABLED=fleetops.kubeproxy_free.progress)",
        "next: See why worker-2 does not answer, then run the same command again.",
    ]


def test_a_dry_run_says_so(three_nodes):
    three_nodes.update(check_mode=True, traffic=None)
    lines = summary.lines(model.read(three_nodes))
    assert lines[0].endswith("(check mode: nothing was changed)")
    assert "would remove 37 chains, 84 rules" in lines[4]
    assert "traffic: not measured (kpr_traffic=true watches it)" in lines


def test_of_a_thousand_nodes_the_failed_are_named_and_the_rest_is_counted(fleet):
    report = model.read(fleet(1000, [1, 5, 494, 500], failing=2, paths=3))
    lines = [line for line in summary.lines(report) if line.startswith("node ")]
    assert len(lines) == summary.NODES
    assert [line.split(";")[0] for line in lines[:3]] == ["node worker-0501: given back", "node worker-0502: given back", "node worker-0001: moved"]
    rest = next(line for line in summary.lines(report) if line.startswith("and "))
    shown = sum(node.removed.chains for node in sorted(report.nodes, key=lambda node: not node.error)[: summary.NODES])
    everything = sum(node.removed.chains for node in report.nodes)
    assert rest.startswith(f"and 960 nodes more, removed there {everything - shown:,} chains")


def test_numbers(three_nodes):
    assert summary.numbers(model.read(three_nodes)) == {"nodes": 3, "failed_nodes": 0, "requests": 24, "failed_requests": 4, "slow_requests": 2}
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
