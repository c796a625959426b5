# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import asyncio
import socket

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import http1
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import parse_path
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.request import attempt, backend_name, classify, open_socket, own_end


def probe(kind, port, timeout=2.0, **more):
    path = parse_path(dict(name="p", kind=kind, address="127.0.0.1", port=port, **more))
    return asyncio.run(attempt(path, timeout))


@pytest.mark.parametrize(
    ("kind", "behaviour", "outcome", "error"),
    [
        ("http", "http", "ok", None),
        ("http", "lame", "ok", None),
        ("http", "broken", "other", "answered 503, expected a status below 500"),
        ("http", "reset", "reset", "connection reset"),
        ("http", "truncated", "reset", "closed before the answer was complete"),
        ("http", "silent", "timed_out", "no answer in time"),
        ("tcp", "silent", "ok", None),
        ("udp", "udp_name", "ok", None),
        ("udp", "udp_silent", "timed_out", "no answer in time"),
        ("dns", "dns", "ok", None),
        ("dns", "dns_nxdomain", "other", "answered NXDOMAIN"),
        ("dns", "dns_empty", "other", "answered without a record"),
        ("dns", "udp_name", "other", "reply of 4 bytes is shorter than a DNS header"),
    ],
)
def test_each_behaviour_gets_its_name(serve, kind, behaviour, outcome, error):
    result = probe(kind, serve(behaviour).port, timeout=0.5 if outcome == "timed_out" else 10)
    assert (result.outcome, result.error) == (outcome, error)


@pytest.mark.parametrize("kind", ["http", "tcp", "udp", "dns"])
def test_a_closed_port_refuses(refusing_port, kind):
    assert probe(kind, refusing_port).outcome == "refused"


def test_the_backend_names_itself(serve):
    assert probe("http", serve("http", "echo-7").port).backend == "echo-7"
    assert probe("udp", serve("udp_name", "echo-8").port).backend == "echo-8"


@pytest.mark.parametrize("body", [b"", b"two words", b"<html>", b"x" * 80, b"secret=abc", b"\xff\xfe"])
def test_answers_that_are_no_names_are_not_kept(body):
    assert backend_name(body) is None


def test_the_answer_is_compared(serve):
    port = serve("http", "echo-7").port
    assert probe("http", port, expect={"answer": "^echo-"}).outcome == "ok"
    assert probe("http", port, expect={"answer": "nginx"}).error == "the answer does not match 'nginx'"
    assert probe("http", port, expect={"status": 204}).error == "answered 200, expected 204"


def test_time_is_measured_to_the_end_of_the_answer(serve):
    assert 0.3 <= probe("http", serve("lame").port).seconds < 2


def test_an_unreachable_network_is_told_by_its_errno():
    assert classify(OSError(113, "No route to host")) == ("other", "EHOSTUNREACH: No route to host")


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n", b"abc"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", b""),
    ],
)
def test_a_response_is_complete_at_its_last_byte_and_not_before(data, body):
    assert http1.parse_response(data, ended=False).body == body
    for cut in range(len(data)):
        assert http1.parse_response(data[:cut], ended=False) is None


def test_without_a_length_the_end_of_the_connection_ends_the_body():
    data = b"HTTP/1.0 200 OK\r\n\r\nabc"
    assert http1.parse_response(data, ended=False) is None
    assert http1.parse_response(data, ended=True) == (200, b"abc", False)


@pytest.mark.parametrize("data", [b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"x" * 70000])
def test_what_is_not_http_is_said_to_be_none(data):
    with pytest.raises(http1.HttpError):
        http1.parse_response(data, ended=False)


@pytest.mark.parametrize("kind, address", [("http", "127.0.0.1"), ("udp", "127.0.0.1"), ("http", "::1")])
def test_where_it_is_wanted_no_two_requests_leave_from_one_port_wherever_they_go(kind, address):
    paths = [parse_path({"name": "p", "kind": kind, "address": address, "port": port, "request": "x"}) for port in range(8000, 8100)]
    sockets = [open_socket(path, own_port=True) for path in paths]
    ports = {sock.getsockname()[1] for sock in sockets}
    assert [own_end(sock) for sock in sockets] == [None] * 100, "nothing was sent yet"
    for sock in sockets:
        sock.close()
    assert len(ports) == 100 and 0 not in ports


def test_where_every_port_is_taken_one_is_shared(monkeypatch, serve):
    asked = []

    def taken(_self, address):
        asked.append(address)
        raise OSError(98, "Address already in use")

    path = parse_path({"name": "p", "kind": "http", "address": "127.0.0.1", "port": serve("http").port})
    monkeypatch.setattr(socket.socket, "bind", taken)
    assert asyncio.run(attempt(path, 2, own_port=True)).outcome == "ok" and asked == [("", 0)]
    assert asyncio.run(attempt(path, 2)).outcome == "ok" and len(asked) == 1
