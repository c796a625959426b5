# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answer of a real agent (Cilium 1.19.1, its Services cut down to a few), and what becomes of it when it is damaged."""

from __future__ import annotations

import pathlib

import pytest
from hypothesis import given, strategies

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.run import Output
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import answers

ANSWER = (pathlib.Path(__file__).parent / "fixtures" / "agent-1.19.1.txt").read_text(encoding="utf-8")


def test_a_real_agent_is_read_whole():
    found = answers.read(Output(ANSWER, "", 0))
    assert found["unread"] == [] and found["unfinished"] == []
    web = next(one for one in found["frontends"] if one["service"] == "demo/web" and one["type"] == "NodePort")
    assert (web["address"], web["protocol"]) == ("0.0.0.0:30080", "TCP") and len(web["backends"]) == 3
    assert found["maps"]["0.0.0.0:30080/TCP"] == web["backends"]
    assert {one["name"] for one in found["metrics"]} >= {"cilium_bpf_map_pressure", "cilium_drift_checker_config_delta"}


def test_a_frontend_that_did_not_reach_the_map_is_told():
    broken = ANSWER.replace("Done     ", "Error    ", 1)
    (row,) = answers.read(Output(broken, "", 0))["unfinished"]
    assert row["status"] == "Error" and row["address"] in ANSWER


def test_an_older_agent_without_protocols_and_without_a_table_of_frontends():
    told = '[]\n@@kubeproxy_free 0\n{"10.0.0.1:80 (0)": ["0.0.0.0:0 (1) (0) [ClusterIP] "], "10.0.0.1:80 (1)": ["10.1.0.2:8080 (1) (1)"], ' \
           '"[fd00::1]:80/TCP/i (1)": ["[fd00::2]:8080/TCP (1) (1)"]}\n@@kubeproxy_free 0\n\n@@kubeproxy_free 1\n[]\n@@kubeproxy_free 0\n'  # fmt: skip
    found = answers.read(Output(told, "", 0))
    assert found["maps"] == {"10.0.0.1:80": ["10.1.0.2:8080"], "[fd00::1]:80/TCP/i": ["[fd00::2]:8080"]}
    assert len(found["unread"]) == 1 and found["unread"][0].startswith("cilium-dbg shell -- db/show frontends")


def test_silence_is_told():
    assert "no such program" in answers.read(Output("", "no such program", 127))["unread"][0]


@given(strategies.integers(0, len(ANSWER)), strategies.integers(0, 200), strategies.text(max_size=20))
def test_a_damaged_answer_never_raises(start, length, put):
    found = answers.read(Output(ANSWER[:start] + put + ANSWER[start + length :], "", 0))
    assert [type(found[part]) for part in ("frontends", "maps", "unfinished", "metrics", "unread")] == [list, dict, list, list, list]


@pytest.mark.parametrize("words", answers.ASKED)
def test_everything_that_is_asked_is_in_the_script(words):
    assert words in answers.SCRIPT
