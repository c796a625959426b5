# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._benchmark import netperf
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import TrafficError

# what netperf 2.7.1 wrote
ANSWER = "MIN_LATENCY=60\nMEAN_LATENCY=99.99\nP50_LATENCY=74\nP99_LATENCY=620\nTRANSACTION_RATE=9992.661\n"
TARGET = {"way": "pod to ClusterIP", "node": "n1", "address": "10.96.0.7", "port": 12865, "data_port": 31234, "namespace": "host", "program": "/opt/netperf"}


def test_both_tests_are_run_with_the_data_port_that_the_service_has():
    commands = []

    def run(command):
        commands.append(command)
        return 0, ANSWER, ""

    found = netperf.measure([TARGET], 2, run)
    assert [one["test"] for one in found] == ["netperf TCP_RR", "netperf TCP_CRR"]
    assert found[1] == {"node": "n1", "way": "pod to ClusterIP", "test": "netperf TCP_CRR", "mean_ms": 0.1, "p50_ms": 0.074, "p99_ms": 0.62, "min_ms": 0.06,
                        "rate": 9992.661, "requests": 19985, "failed": 0}  # fmt: skip
    assert commands[0] == ["/opt/netperf", "-H", "10.96.0.7", "-p", "12865", "-t", "TCP_RR", "-l", "2", "-P", "0", "--", "-P", ",31234", "-k",
                           "MEAN_LATENCY,P50_LATENCY,P99_LATENCY,MIN_LATENCY,TRANSACTION_RATE"]  # fmt: skip


def test_a_run_that_fails_is_told_and_the_others_are_not_lost_for_it():
    answers = iter([(1, "", "recv_response_timed_n: no response received. errno 104 counter 0"), (0, ANSWER, "")])
    failed, good = netperf.measure([TARGET], 1, lambda command: next(answers))
    assert failed == {"node": "n1", "way": "pod to ClusterIP", "test": "netperf TCP_RR", "requests": 1, "failed": 1, "error": failed["error"]}
    assert re.fullmatch(r"/opt/netperf -H .* ended with 1: recv_response_timed_n: no response received\. errno 104 counter 0", failed["error"])
    assert good["rate"] == 9992.661


def test_what_netperf_says_without_figures_is_told():
    with pytest.raises(TrafficError, match="netperf's answer has no 'P50_LATENCY'"):
        netperf.measure([TARGET], 1, lambda command: (0, "MEAN_LATENCY=3\n", ""))


@pytest.fixture
def proc(tmp_path):
    """Two processes of a pod: pause, and one whose root has netperf."""
    for pid, files in (("70", []), ("80", ["usr/bin/netperf"])):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "cgroup").write_text("0::/kubepods/pod12-ab/xyz\n", encoding="utf-8")
        for name in files:
            (tmp_path / pid / "root" / name).parent.mkdir(parents=True)
            (tmp_path / pid / "root" / name).touch()
    return str(tmp_path)


def test_the_process_whose_image_has_netperf_is_found(proc):
    assert netperf.inside("12-ab", proc) == (80, "/usr/bin/netperf")
    with pytest.raises(TrafficError, match="No process of pod other on this node has a program netperf"):
        netperf.inside("other", proc)


@pytest.mark.parametrize(("namespace", "words"), [("host", ["--mount"]), ({"pod_uid": "u"}, ["--mount", "--net"])])
def test_the_image_is_entered_and_the_network_only_where_it_is_asked_from(monkeypatch, namespace, words):
    monkeypatch.setattr(netperf, "inside", lambda uid: (80, "/usr/bin/netperf"))
    assert netperf.prefix({"image_of": "u", "namespace": namespace}) == ["nsenter", "--target", "80", *words, "/usr/bin/netperf"]


def test_a_full_table_of_connections_is_not_filled_further(tmp_path):
    count, most = tmp_path / "count", tmp_path / "max"
    count.write_text("1000\n", encoding="ascii")
    most.write_text("262144\n", encoding="ascii")
    netperf.wait_for_room(1, str(count), str(most), patience=0)
    count.write_text("170000\n", encoding="ascii")
    with pytest.raises(TrafficError, match=r"holds 170000 of 262144 connections here, and TCP_CRR may add 20000 in 1 s; expected .*\. Raise net\.netfilter"):
        netperf.wait_for_room(1, str(count), str(most), patience=0.02, pause=0.01)
    netperf.wait_for_room(1, str(tmp_path / "none"), str(most), patience=0)


def test_a_table_that_is_too_small_is_not_waited_for(tmp_path):
    count, most = tmp_path / "count", tmp_path / "max"
    count.write_text("20000\n", encoding="ascii")
    most.write_text("131072\n", encoding="ascii")
    with pytest.raises(TrafficError, match=r"add 100000 in 5 s; .* Set benchmark_seconds to 3 or less, raise net\.netfilter\.nf_conntrack_max, or"):
        netperf.wait_for_room(5, str(count), str(most), pause=None)


def test_without_targets_only_room_is_looked_for(monkeypatch):
    asked = []
    monkeypatch.setattr(netperf, "wait_for_room", asked.append)
    assert netperf.measure([], 5, None) == [] and asked == [5]
