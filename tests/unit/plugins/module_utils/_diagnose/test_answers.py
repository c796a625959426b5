# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers of a real agent (Cilium 1.19.1), cut down by the shell that an agent's container has, and what becomes of them when they are damaged."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.run import Output
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import answers, node_ports
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._monitoring import metrics
from hypothesis import given, strategies

FIXTURES = pathlib.Path(__file__).parent / "fixtures"


def run(folder, *arguments):
    """The real script; in place of cilium-dbg is a program that prints what it once said, by its first argument."""
    (folder / "cilium-dbg").write_text(f'#!/bin/sh\ncat "{FIXTURES}/agent-1.19.1/$1"\n', encoding="utf-8")
    (folder / "cilium-dbg").chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(answers.command(*arguments), env=environment, text=True, capture_output=True, check=False)
    return Output(done.stdout, done.stderr, done.returncode)


@pytest.fixture
def answer(tmp_path):
    return run(tmp_path).stdout


ANSWER = "".join(
    f"{(FIXTURES / 'agent-1.19.1' / name).read_text(encoding='utf-8')}\n{answers.MARK} 0\n" for name in ("service", "bpf", "shell", "metrics", "status")
)


def test_a_real_agent_is_read_whole(answer):
    found = answers.read(Output(answer, "", 0))
    assert found["unread"] == [] and found["unfinished"] == []
    web = found["frontends"]["0.0.0.0:30080/TCP"]
    assert (web.service, web.type) == ("demo/web", "NodePort") and len(web.active) == 3 and web.active == web.all
    assert all(found["maps"][address] == row.all for address, row in found["frontends"].items() if not row.service.startswith("demo/hostport"))
    assert {one["name"] for one in found["metrics"]} >= {"cilium_bpf_map_pressure", "cilium_drift_checker_config_delta"}
    assert not [one for one in found["metrics"] if "map_pressure" not in one["name"] and "d" not in one["name"]]


def test_of_an_agents_metrics_only_those_that_are_judged_are_asked_for():
    pattern = re.search(r"metrics list -p '([^']+)'", answers.SCRIPT)[1]
    asked = [one for one in metrics.ALL if re.search(pattern, one.name)]
    assert asked == [metrics.DRIFT, metrics.PRESSURE, metrics.DROPS] and not re.search(pattern, f"{metrics.DROPS.name}_more")


def test_only_the_services_that_are_asked_for_come(tmp_path):
    few = run(tmp_path, ["demo/web"], ["0.0.0.0:30080"]).stdout
    found = answers.read(Output(few, "", 0))
    assert found["unread"] == [] and {row.service for row in found["frontends"].values()} == {"demo/web"} and set(found["maps"]) == {"0.0.0.0:30080/TCP"}


def test_of_many_services_all_come():
    assert answers.command([f"shop/{number}" for number in range(21)], [])[-2:] == ["", ""]
    assert answers.command(["shop/web"], [str(number) for number in range(201)])[-2:] == ["", ""]
    assert answers.command(["shop/web"], ["10.96.0.8:80", "[::]:30080"])[-2:] == ["shop/web", "10.96.0.8:80\n[::]:30080"]


@pytest.mark.parametrize("line, kept", [
    ("10.96.0.8:80/TCP   ClusterIP   shop/web   http   10.1.0.2:80/TCP        Done     10s     ", False),
    ("10.96.0.8:80/TCP   ClusterIP   shop/web   http   10.1.0.2:80/TCP        Done     2d4h    ", False),
    ("10.96.0.8:80/TCP   ClusterIP   shop/web   http   10.1.0.2:80/TCP        Error    10s     map is full", True),
    ("10.96.0.8:80/TCP   ClusterIP   shop/web   http   10.1.0.2:80/TCP        Pending  10s     ", True),
])  # fmt: skip
def test_only_what_is_not_done_is_sent(line, kept):
    (keep,) = [keep for name, _words, keep in answers.ASKED if name == "unfinished"]
    head = "Address            Type        ServiceName PortName Backends   RedirectTo Status   Since   Error"
    done = subprocess.run(["sh", "-c", keep], input=f"{head}\n{line}\n", text=True, capture_output=True, check=True)
    assert done.stdout.splitlines() == [head, *([line] if kept else [])]


def test_a_frontend_that_did_not_reach_the_map_is_told():
    head = "Address            Type        ServiceName   PortName   Backends          RedirectTo   Status   Since   Error"
    row = "10.96.0.8:80/TCP   ClusterIP   shop/web      http       10.1.0.2:80/TCP                Error    10s     map is full"
    parts = ANSWER.split(f"\n{answers.MARK} 0\n")
    parts[2] = f"{head}\n{row}\n"
    assert answers.read(Output(f"\n{answers.MARK} 0\n".join(parts), "", 0))["unfinished"] == [
        {"address": "10.96.0.8:80/TCP", "service": "shop/web", "status": "Error", "error": "map is full"}]  # fmt: skip


def together(*lines):
    (keep,) = [keep for name, _words, keep in answers.ASKED if name == "maps"]
    said = "\n".join(["SERVICE ADDRESS   BACKEND ADDRESS (REVNAT_ID) (SLOT)", *lines, "", f"{answers.MARK} 0", ""])
    return subprocess.run(["sh", "-c", keep, "sh", "", ""], input=said, text=True, capture_output=True, check=True).stdout.rpartition(answers.MARK)[0]


def test_the_lines_of_the_map_come_together():
    said = together(
        "10.0.0.1:80/TCP (1)     10.1.0.2:8080/TCP (1) (1)   ", "10.0.0.1:80/TCP (0)     0.0.0.0:0 (1) (0) [ClusterIP, non-routable]   ",
        "10.0.0.3:80 (1)         10.1.0.2:8080 (3) (1)", "[fd00::1]:80/TCP (1)    [fd00::2]:8080/TCP (2) (1)",
        "10.0.0.1:80/TCP (2)     10.1.0.3:8080/TCP (1) (2)",
        "[fd00::1]:80/TCP/i (0)  [::]:0 (2) (0) [ClusterIP]", "10.0.0.5:80/TCP (0)     0.0.0.0:0 (5) (0) [ClusterIP, l7-load-balancer] (L7LB Proxy Port: 1573)",
        "10.0.0.2:80/TCP (0)     0.0.0.0:0 (2) (0) [ClusterIP]", "10.0.0.4:80/TCP (1)     backend 7 not found",
    )  # fmt: skip
    assert answers._maps(said) == {
        "10.0.0.1:80/TCP": {"10.1.0.2:8080", "10.1.0.3:8080"}, "10.0.0.2:80/TCP": set(), "[fd00::1]:80/TCP": {"[fd00::2]:8080"},
        "10.0.0.3:80": {"10.1.0.2:8080"}, "10.0.0.4:80/TCP": {answers.GONE}, "10.0.0.5:80/TCP": {answers.PROXY},
    }  # fmt: skip


def test_of_a_service_that_is_asked_for_its_node_port_at_each_address_comes():
    (keep,) = [keep for name, _words, keep in answers.ASKED if name == "maps"]
    said = "".join(f"{address} (0)   0.0.0.0:0 (1) (0) [NodePort]\n" for address in ("0.0.0.0:30080/TCP", "172.16.0.11:30080/TCP", "0.0.0.0:30081/TCP"))
    words = answers.command(["shop/web"], [node_ports.text("0.0.0.0:30080/TCP")])[-2:]
    done = subprocess.run(["sh", "-c", keep, "sh", *words], input=f"{said}\n{answers.MARK} 0\n", text=True, capture_output=True, check=True)
    assert set(answers._maps(done.stdout.rpartition(answers.MARK)[0])) == {"0.0.0.0:30080/TCP", "172.16.0.11:30080/TCP"}


def test_in_older_versions_the_address_stands_before_the_first_of_its_lines_only():
    said = together("10.96.0.1:443       172.18.0.3:6443 (1) (1)", "                    0.0.0.0:0 (1) (0) [ClusterIP, non-routable]",
                    "10.96.155.44:80     0.0.0.0:0 (14) (0) [ClusterIP, non-routable]", "                    10.244.1.211:80 (14) (1)",
                    "10.96.193.7:443     0.0.0.0:0 (30) (0) [NodePort, l7-load-balancer] (L7LB Proxy Port: 15735)")  # fmt: skip
    assert answers._maps(said) == {"10.96.0.1:443": {"172.18.0.3:6443"}, "10.96.155.44:80": {"10.244.1.211:80"}, "10.96.193.7:443": {answers.PROXY}}


def test_a_line_of_the_map_that_is_something_else_is_told():
    with pytest.raises(ValueError, match="something else"):
        answers._maps(together("something else", "10.0.0.1:80/TCP (1)     10.1.0.2:8080/TCP (1) (1)   "))


def test_states_of_backends_and_the_inner_scope():
    read = answers._frontends("shop/web\tNodePort\t0.0.0.0\t80\tTCP\texternal\t10.1.0.2,80,active 10.1.0.3,80,terminating 10.1.0.4,80, \n"
                              "shop/web\tNodePort\t0.0.0.0\t80\tTCP\tinternal\t10.1.0.9,80,active \nshop/old\tClusterIP\tfd00::1\t80\tNONE\t\t\n")  # fmt: skip
    assert set(read) == {"0.0.0.0:80/TCP", "[fd00::1]:80"}
    assert (read["0.0.0.0:80/TCP"].active, len(read["0.0.0.0:80/TCP"].all)) == ({"10.1.0.2:80", "10.1.0.4:80"}, 3)


def test_an_older_agent_without_a_table_of_frontends():
    found = answers.read(Output(ANSWER.replace(f"{answers.MARK} 0", f"{answers.MARK} 1"), "", 0))
    assert len(found["unread"]) == 5 and any(one.startswith("cilium-dbg shell -- db/show frontends: ") for one in found["unread"])


def test_silence_is_told():
    assert "no such program" in answers.read(Output("", "no such program", 127))["unread"][0]


@given(strategies.integers(0, len(ANSWER)), strategies.integers(0, 200), strategies.text(max_size=20))
def test_a_damaged_answer_never_raises(start, length, put):
    found = answers.read(Output(ANSWER[:start] + put + ANSWER[start + length :], "", 0))
    assert [type(found[part]) for part in ("frontends", "maps", "unfinished", "metrics", "status", "unread")] == [dict, dict, list, list, dict, list]
