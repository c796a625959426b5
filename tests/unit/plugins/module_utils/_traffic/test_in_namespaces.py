# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole of service_probe against real rules in a real kernel, in a network namespace of its own."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

NEEDED = ("unshare", "curl", "nsenter", "ip", "nft", "iptables-nft-restore", "iptables-legacy-restore")
MISSING = [tool for tool in NEEDED if not shutil.which(tool)] + ([] if os.geteuid() == 0 else ["root"])
pytestmark = [pytest.mark.netns, pytest.mark.skipif(bool(MISSING), reason="needs " + ", ".join(MISSING))]

SCRIPT = pathlib.Path(__file__).parent / "helpers" / "node.py"
CHECKOUT = pathlib.Path(__file__).resolve().parents[5]
PROXIES = ["iptables-nft", "iptables-legacy", "nftables"]
NAMES = ["host ClusterIP", "pod ClusterIP", "host NodePort", "pod NodePort", "host UDP", "pod UDP", "host IPv6", "outside NodePort", "watched ClusterIP"]


@pytest.fixture
def node(tmp_path):
    """Runs helpers/node.py in namespaces of its own and returns service_probe's result."""
    collection = tmp_path / "ansible_collections" / "fleetops" / "kubeproxy_free"
    collection.parent.mkdir(parents=True)
    collection.symlink_to(CHECKOUT)

    def run(proxy, mode, programs=""):
        # kill-child: whatever the script started in its namespaces ends with it
        command = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, str(SCRIPT), proxy, mode, str(programs)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "PYTHONPATH": str(tmp_path)})
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.mark.parametrize("proxy", PROXIES)
def test_what_kube_proxy_serves_is_told_request_by_request(node, proxy):
    found = node(proxy, "must_move")
    assert "msg" not in found
    *probed, outside, watched = found["targets"]
    for target in probed:
        assert (target["ok"], target["failed"], target["translated"]) == (True, 0, 20), target["name"]
        assert set(target["translated_to"]) <= {"192.168.77.1:8001", "192.168.77.1:8002", "[fd00:77::1]:8001"}
    assert set(found["targets"][0]["backends"]) == {"web-1", "web-2"}
    assert outside["ok"] and outside["translated"] > 5 and set(outside["translated_to"]) <= {"192.168.77.1:8001", "192.168.77.1:8002"}
    assert watched["translated"] == 0  # our own probes of that address are not others'
    if proxy == "nftables":
        assert found["counters"] == {"watched": [], "moved": []}  # that mode counts nothing: connection tracking alone is the proof
    else:
        assert found["counters"]["watched"] == sorted(NAMES)
        moved = {entry["rule"]: entry["packets"] for entry in found["counters"]["moved"]}
        assert all("10.96.7.8" not in rule for rule in moved)  # the other Service's traffic is not ours
        others = [packets for rule, packets in moved.items() if "30081" in rule]
        ours = sorted(packets for rule, packets in moved.items() if "30081" not in rule)
        # a port that is taken again while its former connection is still tracked passes no rule
        assert len(ours) == 4 and all(wanted - 2 <= packets <= wanted for packets, wanted in zip(ours, (20, 40, 40, 40))) and others[0] > 5


@pytest.mark.parametrize("proxy", PROXIES)
def test_answers_by_kube_proxy_do_not_pass_for_proof_of_cilium(node, proxy):
    found = node(proxy, "must_stand_still")
    assert found["msg"].startswith("Node worker-1: 8 of 9 targets are not served as they should be. host ClusterIP (http 10.96.7.7:80 from")
    assert re.search(r"probed by others meanwhile: netfilter still serves it \(\d+ connections went to 192.168.77.1:8001", found["problems"][7])
    assert "netfilter still serves it (20 of 20 requests went to 192.168.77.1:8001, 192.168.77.1:8002 by its rules" in found["msg"]


def test_without_kube_proxys_rules_everything_stands_still(node):
    found = node("none", "must_stand_still")
    assert "msg" not in found
    assert [(target["ok"], target["translated"]) for target in found["targets"]] == [(True, 0)] * 9


def test_where_kube_proxy_has_to_serve_an_answer_alone_is_not_enough(node):
    found = node("none", "must_move")
    assert "netfilter served 0 of 20 requests; expected kube-proxy to serve all of them" in found["msg"]
    assert "netfilter served no connection; expected kube-proxy to serve all of them" in found["problems"][-1]


@pytest.mark.parametrize("backend", ["nft", "legacy"])
def test_counters_are_read_by_programs_that_have_no_backend_in_their_names(node, tmp_path, backend):
    """As Red Hat has them, and before 1.8 everybody."""
    for family in ("iptables", "ip6tables"):
        for part in ("", "-save", "-restore"):
            (tmp_path / f"{family}{part}").symlink_to(shutil.which(f"xtables-{backend}-multi"))
    found = node(f"iptables-{backend}", "must_stand_still", tmp_path)
    assert found["counters"]["watched"] == sorted(NAMES)
    assert "packets counted by -A KUBE-SERVICES -d 10.96.7.7/32 -p tcp" in found["problems"][0]


@pytest.mark.parametrize("backend", ["nft", "legacy"])
def test_rules_that_no_program_here_can_read_are_no_proof(node, tmp_path, backend):
    found = node(f"iptables-{backend}", "must_stand_still", tmp_path)
    assert found["counters"] == {"watched": [], "moved": []}
    for ip in ("ipv4", "ipv6"):
        said = f"iptables-{backend} {ip}: found rules in table nat that may be kube-proxy's, and this host has no iptables program of the {backend} backend"
        assert any(problem.startswith(said) and "install it" in problem for problem in found["problems"]), found["problems"]
    assert not any("no iptables program" in problem for problem in node(f"iptables-{backend}", "must_move", tmp_path)["problems"])


def test_a_node_without_kube_proxys_rules_needs_no_program(node, tmp_path):
    assert "msg" not in node("none", "must_stand_still", tmp_path)
