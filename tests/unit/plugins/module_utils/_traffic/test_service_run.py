# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import service_run
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import TrafficError


def target(name, port, **more):
    return dict(name=name, kind="http", address="127.0.0.1", port=port, requests=4, by_kube_proxy=True, **more)


def run(*targets, mode="ignore"):
    return service_run.run(dict(targets=list(targets), timeout=3, watch_for=0.1, kube_proxy_counters=mode), "worker-1")


def test_all_good_is_no_message(serve):
    found = run(target("web", serve("http", "web-1").port))
    assert "msg" not in found and found["targets"][0]["ok"] and found["targets"][0]["backends"] == {"web-1": 4}


def test_the_message_names_node_target_found_and_expected(serve, refusing_port):
    found = run(target("good", serve("http").port), target("closed", refusing_port))
    assert found["msg"].startswith("Node worker-1: 1 of 2 targets are not served as they should be. closed (http 127.0.0.1:")
    assert "4 of 4 requests failed (4 x connection refused); expected every request to be answered" in found["msg"]
    assert [entry["ok"] for entry in found["targets"]] == [True, False]


def test_a_long_list_of_problems_is_cut_in_the_message_and_whole_in_the_result(refusing_port):
    found = run(*(target(f"closed {number}", refusing_port) for number in range(5)))
    assert "closed 2" in found["msg"] and "closed 3" not in found["msg"] and "(2 more in the result's 'problems')" in found["msg"]
    assert len(found["problems"]) == 5


def test_a_namespace_that_is_not_there_is_a_problem_of_its_targets_only(serve):
    found = run(target("host", serve("http").port), target("pod", 1, namespace={"pod_uid": "gone"}))
    assert [entry["ok"] for entry in found["targets"]] == [True, False]
    assert "No process of pod gone runs on this node" in found["msg"]


def test_session_affinity_is_probed_one_request_after_the_other(serve):
    port = serve("lame", "web-1").port  # each answer takes 0.3 seconds
    began = time.monotonic()
    assert run(target("web", port, expect={"same_backend": True}))["targets"][0]["ok"]
    in_turn = time.monotonic() - began
    assert run(target("web", port))["targets"][0]["ok"]
    together = time.monotonic() - began - in_turn
    assert in_turn >= 1.2 > together


@pytest.mark.parametrize("requests", [-1, 1001])
def test_the_number_of_requests_is_bounded(requests):
    with pytest.raises(TrafficError, match=f"requests is {requests}; expected 0 to 1000"):
        run(dict(target("web", 1), requests=requests))


def test_what_is_closed_to_the_client_must_not_answer(serve, refusing_port):
    assert "msg" not in run(target("closed", refusing_port, expect={"unanswered": True}))
    found = run(target("open", serve("http").port, expect={"unanswered": True}))
    assert found["targets"][0]["failed"] == 4 and "4 of 4 requests were answered; expected no answer to this client" in found["msg"]
