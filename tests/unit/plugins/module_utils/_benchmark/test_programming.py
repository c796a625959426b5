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


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers after the server's delay."""

    def do_GET(self):  # pylint: disable=invalid-name
        time.sleep(self.server.delay)
        self.send_error(404)

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        """Say nothing."""


class Api:
    """Hands out one port; behind it somebody begins to serve some time later, or listens and says nothing."""

    def __init__(self, served_after=None, answers_after=0.0, status=201, silent=False):
        self.served_after, self.answers_after, self.status, self.silent = served_after, answers_after, status, silent
        self.made, self.servers, self.sockets = [], [], []

    def send(self, method, path, document):
        self.made.append((method, path, document))
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        if self.silent:
            listener.listen(200)
            self.sockets.append(listener)
        else:
            listener.close()
        if self.served_after is not None:
            threading.Timer(self.served_after, self.serve, (port,)).start()
        return self.status, {}, {"spec": {"ports": [{"nodePort": port}]}}

    def serve(self, port):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        server.delay = self.answers_after
        self.servers.append(server)
        server.serve_forever(poll_interval=0.01)

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
        for listener in one.sockets:
            listener.close()


def measured(cluster, count=1, timeout=10):
    return programming.measure(cluster, "ns", {"app": "web"}, {"worker1": "127.0.0.1"}, count, timeout)


def test_the_time_runs_until_the_first_answer(api):
    cluster = api(0.3)
    (one,) = measured(cluster, 2)
    assert (one["node"], one["way"], one["requests"], one["failed"]) == ("worker1", "new Service until its NodePort answers", 2, 0)
    assert 300_000 <= one["samples_us"][0] <= one["samples_us"][1] and len(cluster.made) == 2
    method, path, service = cluster.made[0]
    assert (method, path) == ("POST", "/api/v1/namespaces/ns/services") and service["spec"]["selector"] == {"app": "web"}


def test_an_answer_from_far_away_is_seen(api):
    (one,) = measured(api(0.05, answers_after=0.4))  # longer than the pause between tries
    assert one["failed"] == 0 and one["samples_us"][0] >= 400_000


@pytest.mark.parametrize("silent", [False, True])
def test_a_port_that_is_never_served_is_counted_as_failed(api, silent):
    began = time.monotonic()
    (one,) = measured(api(silent=silent), timeout=0.3)
    assert one["failed"] == 1 and one["samples_us"] == [] and time.monotonic() - began >= 0.3


def test_every_node_has_its_own_time(api):
    found = programming.measure(api(0.1), "ns", {}, {"worker1": "127.0.0.1", "worker2": "127.0.0.2"}, 1, 0.5)
    assert [(one["node"], one["failed"]) for one in found] == [("worker1", 0), ("worker2", 1)]


def test_a_service_that_is_not_made_is_an_error(api):
    with pytest.raises(RuntimeError, match="403 /api/v1/namespaces/ns/services"):
        measured(api(status=403))
