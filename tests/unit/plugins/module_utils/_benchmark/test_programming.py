# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Against real sockets; only the API server is made up."""

from __future__ import annotations

import http.server
import socket
import threading
import time

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._benchmark import programming


class Api:
    """Hands out one port; behind it somebody begins to serve some time later."""

    def __init__(self, delay=None, status=201):
        self.delay, self.status, self.made, self.servers = delay, status, [], []

    def send(self, method, path, document):
        self.made.append((method, path, document))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        if self.delay is not None:
            threading.Timer(self.delay, self.serve, (port,)).start()
        return self.status, {}, {"spec": {"ports": [{"nodePort": port}]}}

    def serve(self, port):
        server = http.server.HTTPServer(("127.0.0.1", port), http.server.BaseHTTPRequestHandler)
        self.servers.append(server)
        server.serve_forever()

    def explained(self, status, _document, path):
        return RuntimeError(f"{status} {path}")


@pytest.fixture
def api():
    made = []

    def make(*options, **more):
        made.append(Api(*options, **more))
        return made[-1]

    yield make
    for one in made:
        for server in one.servers:
            server.shutdown()
            server.server_close()


def test_the_time_runs_until_the_first_answer(api):
    cluster = api(0.3)
    (target,) = programming.targets(cluster, "ns", {"app": "web"}, {"worker1": "127.0.0.1"}, 2, 10)
    assert target["name"] == "new Service to NodePort of worker1" and (target["requests"], target["failed"]) == (2, 0)
    assert 300 <= target["latency"]["p50_ms"] and len(cluster.made) == 2
    method, path, service = cluster.made[0]
    assert (method, path) == ("POST", "/api/v1/namespaces/ns/services") and service["spec"]["selector"] == {"app": "web"}


def test_a_port_that_is_never_served_is_counted_as_failed(api):
    began = time.monotonic()
    (target,) = programming.targets(api(), "ns", {}, {"worker1": "127.0.0.1"}, 1, 0.2)
    assert target["failed"] == 1 and target["latency"]["p50_ms"] is None and time.monotonic() - began >= 0.2


def test_a_service_that_is_not_made_is_an_error(api):
    with pytest.raises(RuntimeError, match="403 /api/v1/namespaces/ns/services"):
        programming.targets(api(status=403), "ns", {}, {"worker1": "127.0.0.1"}, 1, 1)
