# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Just enough of HTTP/1.1 to send a GET and to know when its answer is complete."""

from __future__ import annotations

from typing import NamedTuple

MAX_ANSWER = 64 * 1024


class HttpError(Exception):
    """The answer is not HTTP, or larger than the prober is willing to read."""


class Response(NamedTuple):
    status: int
    body: bytes
    keep_alive: bool


def encode_get(target: str, host: str, keep_alive: bool) -> bytes:
    connection = "keep-alive" if keep_alive else "close"
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: kubeproxy-free-probe\r\nAccept: */*\r\nConnection: {connection}\r\n\r\n".encode("ascii")


def parse_response(data: bytes, ended: bool) -> Response | None:
    """The response in data, or None while it is not complete. ended: the peer has closed its side."""
    if len(data) > MAX_ANSWER:
        raise HttpError(f"answer is larger than {MAX_ANSWER} bytes")
    head, separator, rest = data.partition(b"\r\n\r\n")
    if not data.startswith(b"HTTP/"[: len(data)]):
        raise HttpError(f"answer is not HTTP: {data[:40]!r}")
    if not separator:
        return None
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if len(words) < 2 or not words[1].isdigit():
        raise HttpError(f"answer has no status: {lines[0][:60]!r}")
    headers = {}
    for line in lines[1:]:
        key, dummy, value = line.partition(":")
        headers[key.strip().lower()] = value.strip()
    keep_alive = words[0] == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
    body, complete = _body(headers, rest, ended)
    return Response(int(words[1]), body, keep_alive) if complete else None


def _body(headers: dict[str, str], rest: bytes, ended: bool) -> tuple[bytes, bool]:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _chunks(rest)
    length = headers.get("content-length")
    if length is None:
        return rest, ended
    if not length.isdigit():
        raise HttpError(f"answer has no usable Content-Length: {length[:40]!r}")
    return rest[: int(length)], len(rest) >= int(length)


def _chunks(rest: bytes) -> tuple[bytes, bool]:
    body = b""
    while True:
        size_line, separator, rest = rest.partition(b"\r\n")
        if not separator:
            return body, False
        try:
            size = int(size_line.split(b";")[0], 16)
        except ValueError:
            raise HttpError(f"answer has a chunk without a size: {size_line[:40]!r}") from None
        if size == 0:
            return body, rest.endswith(b"\r\n")
        if len(rest) < size + 2:
            return body, False
        body, rest = body + rest[:size], rest[size + 2:]
