# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Just enough of netlink to ask nf_tables and to change it, one atomic transaction at a time.

Asking the kernel itself costs a tenth of what the command line tools cost at tens of thousands of chains, and shows every rule as it
is, also where the tool of this host is too old to print it. Numbers: linux/netlink.h, linux/netlink/nfnetlink.h,
linux/netfilter/nf_tables.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import Iterable, Iterator

FAMILIES = {"ip": 2, "ip6": 10}

NETLINK_NETFILTER = 12
NFNL_SUBSYS_NFTABLES = 10
NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END = 16, 17
NFNL_BATCH_GENID = 1
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR = 1, 4, 0x300, 0x10
NLA_TYPE_MASK, NLA_F_NESTED = 0x3FFF, 0x8000
NFT_MSG_GETGEN, NFTA_GEN_ID = 16, 1
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
RECEIVE = 1 << 18

HEADER = struct.Struct("=IHHII")
FAMILY = struct.Struct(">BBH")
ATTRIBUTE = struct.Struct("=HH")


class Overtaken(Exception):
    """Someone else has changed the rules since they were read."""


def attribute(kind: int, value: bytes) -> bytes:
    size = ATTRIBUTE.size + len(value)
    return ATTRIBUTE.pack(size, kind) + value + bytes(-size % 4)


def string(kind: int, value: str) -> bytes:
    return attribute(kind, value.encode() + b"\0")


def number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack(">I", value))


def attributes(payload: bytes) -> list[tuple[int, bytes]]:
    """(type, value) of each attribute."""
    found = []
    at, end, unpack = 0, len(payload), ATTRIBUTE.unpack_from
    while at < end:
        size, kind = unpack(payload, at)
        if size < ATTRIBUTE.size:
            raise ValueError(f"netlink attribute of size {size} at byte {at}")
        found.append((kind & NLA_TYPE_MASK, payload[at + ATTRIBUTE.size : at + size]))
        at += (size + 3) & ~3
    return found


def fields(payload: bytes) -> dict[int, bytes]:
    """The attributes by type, where each occurs once."""
    return dict(attributes(payload))


def text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="surrogateescape")


def message(kind: int, family: str, payload: bytes, flags: int = 0) -> bytes:
    """A message to nf_tables, as part of a transaction."""
    size = HEADER.size + FAMILY.size + len(payload)
    return HEADER.pack(size, NFNL_SUBSYS_NFTABLES << 8 | kind, NLM_F_REQUEST | flags, 0, 0) + FAMILY.pack(FAMILIES[family], 0, 0) + payload


def batch(messages: Iterable[bytes], condition: bytes = b"") -> bytes:
    """The messages as one transaction, whose last one the kernel acknowledges. Without a condition, whatever others have done meanwhile."""
    parts = [_batch_mark(NFNL_MSG_BATCH_BEGIN, condition), *messages]
    last = bytearray(parts[-1])
    last[6:8] = struct.pack("=H", struct.unpack_from("=H", last, 6)[0] | NLM_F_ACK)
    return b"".join([*parts[:-1], bytes(last), _batch_mark(NFNL_MSG_BATCH_END, b"")])


class Nftables:
    """A connection to nf_tables of this network namespace."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER)
        self._socket.bind((0, 0))

    def close(self) -> None:
        self._socket.close()

    def generation(self) -> int:
        """A number that every change of nf_tables in this network namespace raises by one."""
        (answer,) = self._ask(NFT_MSG_GETGEN, 0, b"", 0)
        return int.from_bytes(fields(answer)[NFTA_GEN_ID], "big")

    def dump(self, kind: int, family: str, payload: bytes = b"") -> list[bytes]:
        """The attributes of every object that answers; none if what is asked for does not exist. Raises Overtaken if it changed meanwhile."""
        try:
            return self._ask(kind, FAMILIES[family], payload, NLM_F_DUMP)
        except FileNotFoundError:
            return []

    def _ask(self, kind: int, family: int, payload: bytes, flags: int) -> list[bytes]:
        size = HEADER.size + FAMILY.size + len(payload)
        header = HEADER.pack(size, NFNL_SUBSYS_NFTABLES << 8 | kind, NLM_F_REQUEST | NLM_F_ACK | flags, 0, 0)
        self._socket.send(header + FAMILY.pack(family, 0, 0) + payload)
        found: list[bytes] = []
        interrupted = False
        while True:
            for answer, mark, body in _messages(self._socket.recv(RECEIVE)):
                interrupted = interrupted or bool(mark & NLM_F_DUMP_INTR)
                if answer not in (NLMSG_ERROR, NLMSG_DONE):
                    found.append(body[FAMILY.size :])
                    continue
                _raise_error(body)
                if interrupted:
                    raise Overtaken("the rules changed while they were read")
                return found

    def commit(self, messages: Iterable[bytes], generation: int) -> int:
        """Does all of it or nothing, if the generation is still that one; the new generation. Raises Overtaken and OSError."""
        data = batch(messages, number(NFNL_BATCH_GENID, generation))
        # The kernel takes a transaction in one piece; the usual buffers are too small for a large one, and so for its faults.
        self._socket.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 2 * len(data) + 65536)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 23)
        self._socket.send(data)
        # Netlink answers before send() returns; the acknowledgement of the last message says that all came to pass.
        acknowledged = False
        for kind, body in self._waiting():
            if kind == NLMSG_ERROR:
                _raise_error(body)
                acknowledged = True
        if not acknowledged:
            raise OSError(errno.ENODATA, "nf_tables did not say whether the transaction came to pass")
        return generation % 0xFFFFFFFF + 1

    def _waiting(self) -> list[tuple[int, bytes]]:
        """Everything that waits to be read. To the end, also if the first of it is an error: the next question wants its own answer."""
        found: list[tuple[int, bytes]] = []
        while True:
            try:
                data = self._socket.recv(RECEIVE, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return found
            found += [(kind, body) for kind, _mark, body in _messages(data)]


def _messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at < len(data):
        size, kind, flags, _sequence, _port = HEADER.unpack_from(data, at)
        yield kind, flags, data[at + HEADER.size : at + size]
        at += (size + 3) & ~3


def _batch_mark(kind: int, payload: bytes) -> bytes:
    size = HEADER.size + FAMILY.size + len(payload)
    return HEADER.pack(size, kind, NLM_F_REQUEST, 0, 0) + FAMILY.pack(0, 0, NFNL_SUBSYS_NFTABLES) + payload


def _raise_error(body: bytes) -> None:
    code = -struct.unpack_from("=i", body)[0] if len(body) >= 4 else 0
    if code == errno.ERESTART:
        raise Overtaken("someone else has changed the rules")
    if code:
        raise OSError(code, os.strerror(code))
