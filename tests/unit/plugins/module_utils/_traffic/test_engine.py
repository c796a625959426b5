# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.engine import Engine
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import TrafficError, parse_paths


def run(paths, seconds=1.0, rate=20.0, timeout=0.5):
    engine = Engine(parse_paths(paths), rate=rate, timeout=timeout, slow_threshold=0.2)
    engine.start()
    time.sleep(seconds)
    engine.stop()
    return engine, {name: tally.as_dict() for name, tally in engine.tallies.items()}


def path(name, port, kind="http"):
    return dict(name=name, kind=kind, address="127.0.0.1", port=port)


def test_paths_run_side_by_side_each_at_its_rate(serve, refusing_port):
    engine, found = run(
        [
            path("good", serve("http").port),
            path("lame", serve("lame").port),
            path("silent", serve("silent").port),
            path("closed", refusing_port),
        ]
    )
    assert engine.left_out == 0
    for name in found:
        assert 14 <= found[name]["requests"] <= 22, name  # 20, give or take a busy machine
    assert found["good"]["ok"] == found["good"]["requests"] and found["good"]["slow"] <= 1
    assert found["lame"]["slow"] == found["lame"]["ok"] == found["lame"]["requests"]
    assert found["silent"]["timed_out"] == found["silent"]["requests"]
    assert found["closed"]["refused"] == found["closed"]["requests"]


def test_an_outage_does_not_lower_the_rate(serve):
    """Twenty requests a second are sent although each takes half a second to time out."""
    found = run([path("silent", serve("silent").port)])[1]
    assert found["silent"]["timed_out"] >= 14


def test_requests_under_way_at_the_end_are_waited_for(serve):
    found = run([path("lame", serve("lame").port)], seconds=0.1)[1]
    assert found["lame"]["ok"] == found["lame"]["requests"] >= 1


def test_a_stream_keeps_one_connection(serve):
    server = serve("http")
    found = run([path("stream", server.port, "stream")])[1]
    assert server.accepted == 1
    assert found["stream"]["ok"] == found["stream"]["requests"] >= 14


def test_a_broken_stream_counts_one_reset_and_is_opened_again(serve):
    server = serve("hangs_up")
    found = run([path("stream", server.port, "stream")])[1]
    assert found["stream"]["reset"] == pytest.approx(found["stream"]["requests"] / 3, abs=1)
    assert server.accepted == pytest.approx(found["stream"]["reset"] + 1, abs=1)


def test_a_namespace_that_is_not_there_stops_the_start(serve):
    server = serve("http")
    engine = Engine(parse_paths([path("host", server.port), {**path("pod", 1), "namespace": {"pod_uid": "no-such-pod"}}]), 20, 0.5, 1)
    with pytest.raises(TrafficError, match="No process of pod no-such-pod"):
        engine.start()
    time.sleep(0.2)
    assert server.accepted == 0
