# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Against a real server on loopback."""

from __future__ import annotations

import http.server
import threading
import time

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._benchmark import timing
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import TrafficError


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers slowly, or with an error."""

    def do_GET(self):  # pylint: disable=invalid-name
        self.server.under_way += 1
        self.server.most = max(self.server.most, self.server.under_way)
        time.sleep(0.02)
        self.server.under_way -= 1
        self.protocol_version = "HTTP/1.1"
        self.send_response(self.server.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        """Say nothing."""


@pytest.fixture
def server():
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.status, made.under_way, made.most = 200, 0, 0
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def target(port, **more):
    return {"way": "host to ClusterIP", "node": "n1", "address": "127.0.0.1", "port": port, "namespace": "host", **more}


def test_requests_go_one_at_a_time_and_each_is_timed(server):
    (one,) = timing.measure([target(server.server_port)], 5, 2)
    assert (one["way"], one["node"], one["requests"], one["failed"]) == ("host to ClusterIP", "n1", 5, 0)
    assert len(one["samples_us"]) == 5 and one["samples_us"] == sorted(one["samples_us"]) and 20_000 <= one["samples_us"][0] < 200_000
    assert server.most == 1


def test_what_is_refused_or_no_good_answer_is_no_sample(server):
    server.status = 503
    assert timing.measure([target(server.server_port)], 3, 2)[0] == {
        "node": "n1", "way": "host to ClusterIP", "test": timing.TEST, "requests": 3, "failed": 3, "samples_us": []}  # fmt: skip
    server.shutdown()
    server.server_close()
    assert timing.measure([target(server.server_port)], 2, 2)[0]["failed"] == 2


def test_a_pod_that_is_not_here_is_an_error():
    with pytest.raises(TrafficError, match="No process of pod gone"):
        timing.measure([target(1, namespace={"pod_uid": "gone"})], 1, 1)
