# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request along a path, from its first packet to its answer, and the name of what came of it."""

from __future__ import annotations

import asyncio
import errno
import random
import re
import socket
import time
from typing import Any, Awaitable, Callable

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import dns, http1
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.conntrack import Conntrack
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import Attempt, Path, endpoint

# An answer of this form is taken for the name of the backend; anything else is nobody's business and is not kept.
BACKEND_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")


class Unexpected(Exception):
    """An answer came, but not the expected one."""


class BrokenOff(Exception):
    """The peer ended the connection before its answer was complete."""


async def attempt(path: Path, timeout: float, conntrack: Conntrack | None = None, own_port: bool = False) -> Attempt:
    """Make one new connection (or send one datagram) and judge its answer. There are no retries but the kernel's own. own_port: as of open_socket()."""
    sock = open_socket(path, own_port)
    started = time.monotonic()
    body, error = None, None
    try:
        body = await asyncio.wait_for(_EXCHANGES[path.kind](sock, path), timeout)
    except Exception as raised:  # pylint: disable=broad-exception-caught  # whatever it is, it is this request's result
        error = raised
    seconds = time.monotonic() - started
    source = own_end(sock)
    translated = ask(conntrack, source, path)
    sock.close()
    if error is not None:
        outcome, text = classify(error)
        return Attempt(outcome, seconds, None, text, translated, source)
    return Attempt("ok", seconds, backend_name(body or b""), None, translated, source)


def open_socket(path: Path, own_port: bool = False) -> socket.socket:
    """own_port: with a port that no other socket in its network has.

    Left to connect(), the kernel gives one port to connections of several destinations. Where these are a Service and its backend, or two Services
    with the same backend, and it is Cilium that translates packets on their way from a pod (as it does while it leaves the rest to kube-proxy), both
    arrive there as one connection, and one of them is reset. Users' programs seldom ask so; probes do nothing else. Seen with Cilium 1.19.
    Only for networks without others' programs: to them the port is lost for a minute after the connection's end.
    """
    family = socket.AF_INET6 if ":" in path.address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM if path.protocol == "udp" else socket.SOCK_STREAM)
    sock.setblocking(False)
    if own_port:
        try:
            sock.bind(("", 0))
        except OSError:
            pass  # none is left to be had alone; connect() finds one to share
    return sock


def own_end(sock: socket.socket) -> tuple[str, int] | None:
    """The address and port the socket sends from; None when it never had an address: nothing was sent."""
    address, port = sock.getsockname()[:2]
    return None if address in ("0.0.0.0", "::") else (address, port)


def ask(conntrack: Conntrack | None, source: tuple[str, int] | None, path: Path) -> str | None:
    """Whether netfilter translated the open connection; None when nobody can say."""
    if conntrack is None or source is None:
        return None
    try:
        return conntrack.translated(path.protocol, source, (path.address, path.port))
    except OSError:
        return None


def classify(error: BaseException) -> tuple[str, str]:
    """The outcome that an exception stands for, and its text."""
    if isinstance(error, (asyncio.TimeoutError, TimeoutError)):
        return "timed_out", "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "refused", "connection refused"
    if isinstance(error, (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)):
        return "reset", "connection reset"
    if isinstance(error, BrokenOff):
        return "reset", "closed before the answer was complete"
    if isinstance(error, OSError) and error.errno:
        return "other", f"{errno.errorcode.get(error.errno, error.errno)}: {error.strerror}"
    if isinstance(error, (Unexpected, dns.DnsError, http1.HttpError)):
        return "other", str(error)
    return "other", f"{type(error).__name__}: {error}"


def backend_name(body: bytes) -> str | None:
    text = body[:100].decode("latin-1").strip()
    return text if BACKEND_NAME.fullmatch(text) else None


def check_answer(path: Path, body: bytes) -> bytes:
    if path.answer is not None and not re.search(path.answer, body.decode("utf-8", "replace")):
        raise Unexpected(f"the answer does not match {path.answer!r}")
    return body


async def connect(sock: socket.socket, path: Path) -> asyncio.AbstractEventLoop:
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, (path.address, path.port))
    return loop


async def get(sock: socket.socket, path: Path, keep_alive: bool) -> http1.Response:
    """Send one GET on an open connection and read its whole answer."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, http1.encode_get(path.request, endpoint(path.address, path.port), keep_alive))
    data = b""
    while True:
        received = await loop.sock_recv(sock, 16384)
        data += received
        response = http1.parse_response(data, ended=not received)
        if response is not None:
            break
        if not received:
            raise BrokenOff()
    wanted = response.status < 500 if path.status is None else response.status == path.status
    if not wanted:
        expected = "a status below 500" if path.status is None else str(path.status)
        raise Unexpected(f"answered {response.status}, expected {expected}")
    check_answer(path, response.body)
    return response


async def _tcp(sock: socket.socket, path: Path) -> bytes:
    await connect(sock, path)
    return b""


async def _http(sock: socket.socket, path: Path) -> bytes:
    await connect(sock, path)
    return (await get(sock, path, keep_alive=False)).body


async def _udp(sock: socket.socket, path: Path) -> bytes:
    loop = await connect(sock, path)
    await loop.sock_sendall(sock, path.request.encode())
    return check_answer(path, await loop.sock_recv(sock, 65536))


async def _dns(sock: socket.socket, path: Path) -> bytes:
    loop = await connect(sock, path)
    query_id = random.randrange(65536)
    await loop.sock_sendall(sock, dns.encode_query(path.request, query_id))
    dns.check_reply(await loop.sock_recv(sock, 65536), query_id)
    return b""


_EXCHANGES: dict[str, Callable[[socket.socket, Path], Awaitable[Any]]] = {
    "tcp": _tcp,
    "http": _http,
    "udp": _udp,
    "dns": _dns,
}
