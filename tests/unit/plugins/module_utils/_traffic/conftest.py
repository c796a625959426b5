# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers on loopback that behave well and badly, each in a thread of the test."""

from __future__ import annotations

import socket
import struct
import threading
import time

import pytest


class Server:
    """Accepts (or receives) in a thread and hands each connection or datagram to a function."""

    def __init__(self, kind, handle, name="backend-a"):
        self.name = name
        self.accepted = 0
        self._handle = handle
        self._kind = kind
        self._socket = socket.socket(socket.AF_INET, kind)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        if kind == socket.SOCK_STREAM:
            self._socket.listen(64)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                if self._kind == socket.SOCK_STREAM:
                    connection = self._socket.accept()[0]
                    self.accepted += 1
                    threading.Thread(target=self._handle, args=(self, connection), daemon=True).start()
                else:
                    data, client = self._socket.recvfrom(65536)
                    self.accepted += 1
                    self._handle(self, data, lambda answer, to=client: self._socket.sendto(answer, to))
            except OSError:
                return

    def close(self):
        self._socket.close()


def read_request(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(4096)
        if not received:
            return b""
        data += received
    return data


def http(server, connection, status=200, delay=0.0):
    with connection:
        while True:
            request = read_request(connection)
            if not request:
                return
            time.sleep(delay)
            body = server.name.encode()
            connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))
            if b"Connection: close" in request:
                return


def reset(dummy, connection):
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def silent(server, connection):
    server.held = getattr(server, "held", []) + [connection]


def truncated(dummy, connection):
    with connection:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")


def hangs_up_every_third(server, connection):
    """A keep-alive server that breaks its connections off after two answers."""
    with connection:
        for dummy in range(2):
            if not read_request(connection):
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        read_request(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def dns(rcode, answers):
    def handle(dummy, data, answer):
        answer(data[:2] + struct.pack("!HHHHH", 0x8180 | rcode, 1, answers, 0, 0) + data[12:])

    return handle


BEHAVIOURS = {
    "http": (socket.SOCK_STREAM, http),
    "broken": (socket.SOCK_STREAM, lambda server, connection: http(server, connection, status=503)),
    "lame": (socket.SOCK_STREAM, lambda server, connection: http(server, connection, delay=0.3)),
    "reset": (socket.SOCK_STREAM, reset),
    "silent": (socket.SOCK_STREAM, silent),
    "truncated": (socket.SOCK_STREAM, truncated),
    "hangs_up": (socket.SOCK_STREAM, hangs_up_every_third),
    "udp_name": (socket.SOCK_DGRAM, lambda server, data, answer: answer(server.name.encode() if data == b"hostname" else b"? no")),
    "udp_silent": (socket.SOCK_DGRAM, lambda server, data, answer: None),
    "dns": (socket.SOCK_DGRAM, dns(0, 1)),
    "dns_nxdomain": (socket.SOCK_DGRAM, dns(3, 0)),
    "dns_empty": (socket.SOCK_DGRAM, dns(0, 0)),
}


@pytest.fixture
def serve():
    servers = []

    def start(behaviour, name="backend-a"):
        servers.append(Server(*BEHAVIOURS[behaviour], name=name))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def refusing_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))  # held, and not listened on: else another process of the tests may be given it
        yield probe.getsockname()[1]
