# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who served this connection? Ask the kernel's connection tracking for exactly this connection.

kube-proxy, in every mode, lets netfilter (or IPVS, which keeps the same books) translate the address of a Service to that of
a backend: connection tracking then has an entry whose original destination is the Service's address and whose reply comes from
somewhere else. eBPF translates before netfilter sees the packet, so no such entry exists. The look-up is made while the
connection is still open, by its own ports: other traffic cannot disturb it.

Netlink numbers: linux/netlink.h, linux/netfilter/nfnetlink.h, linux/netfilter/nfnetlink_conntrack.h.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import struct
from typing import Any, Iterable, Iterator, Tuple

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import endpoint

# protocol, address, port
Destination = Tuple[str, str, int]
NETLINK_NETFILTER = 12
NLM_F_REQUEST = 1
NLM_F_DUMP = 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
CT_GET = (1 << 8) | 1
NLA_F_NESTED = 0x8000
NLA_TYPE_MASK = 0x3FFF
CTA_TUPLE_ORIG, CTA_TUPLE_REPLY = 1, 2
CTA_TUPLE_IP, CTA_TUPLE_PROTO = 1, 2
CTA_IP_SOURCE = {4: 1, 6: 3}
CTA_IP_DESTINATION = {4: 2, 6: 4}
CTA_PROTO_NUM, CTA_PROTO_SOURCE_PORT, CTA_PROTO_DESTINATION_PORT = 1, 2, 3
PROTOCOLS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}
NLMSG_HEADER = struct.Struct("=IHHII")
NLA_HEADER = struct.Struct("=HH")


class Conntrack:
    """A question channel to the network namespace in which it was opened, also after the thread has left it."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self._socket.bind((0, 0))
        self._socket.settimeout(1)
        self._sequence = 0

    def close(self) -> None:
        self._socket.close()

    def connections(self, destinations: Iterable[Destination]) -> dict[Destination, dict[tuple[str, int], str]]:
        """Every tracked connection to the destinations: its source, and its backend as translated() names it."""
        wanted = {(PROTOCOLS[protocol], ipaddress.ip_address(address), port): (protocol, address, port) for protocol, address, port in destinations}
        packed = {key[1].packed for key in wanted}
        found: dict[Destination, dict[tuple[str, int], str]] = {key: {} for key in wanted.values()}
        for message in self._dump():
            if not any(address in message for address in packed):
                continue  # tables are large; only what can be ours is taken apart
            protocol, source, target, replies_from = _entry(message)
            destination = wanted.get((protocol, *target))
            if destination is not None:
                found[destination][str(source[0]), source[1]] = "" if replies_from == target else endpoint(*replies_from)
        return found

    def translated_to(self) -> Iterator[tuple[Destination, str]]:
        """Every tracked TCP or UDP connection that is translated: where it was sent, and its backend."""
        names = {number: name for name, number in PROTOCOLS.items()}
        for message in self._dump():
            protocol, _source, target, replies_from = _entry(message)
            if protocol in names and replies_from != target:
                yield (names[protocol], str(target[0]), target[1]), endpoint(*replies_from)

    def _dump(self) -> Iterator[bytes]:
        self._sequence += 1
        body = struct.pack("=BBH", socket.AF_UNSPEC, 0, 0)
        self._socket.send(NLMSG_HEADER.pack(NLMSG_HEADER.size + len(body), CT_GET, NLM_F_REQUEST | NLM_F_DUMP, self._sequence, 0) + body)
        while True:
            data, position = self._socket.recv(1 << 20), 0
            while position < len(data):
                length, kind, dummy, dummy, dummy = NLMSG_HEADER.unpack_from(data, position)
                if kind == NLMSG_DONE:
                    return
                if kind == NLMSG_ERROR:
                    raise OSError(-struct.unpack_from("=i", data, position + NLMSG_HEADER.size)[0], "connection tracking refuses to list its entries")
                yield data[position: position + length]
                position += (length + 3) & ~3

    def translated(self, protocol: str, source: tuple[str, int], destination: tuple[str, int]) -> str:
        """The backend ("address:port") netfilter sends this connection to, or "" when it does not translate it.

        Raises OSError when the kernel cannot be asked.
        """
        self._sequence += 1
        self._socket.send(encode_question(self._sequence, protocol, source, destination))
        while True:
            message = self._socket.recv(65536)
            dummy, kind, dummy, sequence, dummy = NLMSG_HEADER.unpack_from(message)
            if sequence == self._sequence:
                break
        if kind == NLMSG_ERROR:
            code = -struct.unpack_from("=i", message, NLMSG_HEADER.size)[0]
            if code == errno.ENOENT:
                return ""
            raise OSError(code, "connection tracking refuses the question")
        return decode_translation(message, destination)


def encode_question(sequence: int, protocol: str, source: tuple[str, int], destination: tuple[str, int]) -> bytes:
    ends = [ipaddress.ip_address(address) for address, dummy in (source, destination)]
    version = ends[1].version
    addresses = _attribute(CTA_IP_SOURCE[version], ends[0].packed) + _attribute(CTA_IP_DESTINATION[version], ends[1].packed)
    ports = (
        _attribute(CTA_PROTO_NUM, bytes([PROTOCOLS[protocol]]))
        + _attribute(CTA_PROTO_SOURCE_PORT, struct.pack("!H", source[1]))
        + _attribute(CTA_PROTO_DESTINATION_PORT, struct.pack("!H", destination[1]))
    )
    tuple_ = _attribute(CTA_TUPLE_IP | NLA_F_NESTED, addresses) + _attribute(CTA_TUPLE_PROTO | NLA_F_NESTED, ports)
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    body = struct.pack("=BBH", family, 0, 0) + _attribute(CTA_TUPLE_ORIG | NLA_F_NESTED, tuple_)
    return NLMSG_HEADER.pack(NLMSG_HEADER.size + len(body), CT_GET, NLM_F_REQUEST, sequence, 0) + body


def decode_translation(message: bytes, destination: tuple[str, int]) -> str:
    replies_from = _ends(_attributes(message[NLMSG_HEADER.size + 4:])[CTA_TUPLE_REPLY])[0]
    return "" if replies_from == (ipaddress.ip_address(destination[0]), destination[1]) else endpoint(*replies_from)


def _entry(message: bytes) -> tuple[int, tuple[Any, int], tuple[Any, int], tuple[Any, int]]:
    """Protocol, source, destination, and where the replies come from."""
    attributes = _attributes(message[NLMSG_HEADER.size + 4:])
    source, target, protocol = _ends(attributes[CTA_TUPLE_ORIG])
    return protocol, source, target, _ends(attributes[CTA_TUPLE_REPLY])[0]


def _ends(tuple_: bytes) -> tuple[tuple[Any, int], tuple[Any, int], int]:
    """Source and destination (address, port) and the protocol's number of a tuple; ports are 0 where the protocol has none."""
    parts = _attributes(tuple_)
    addresses, protocol = _attributes(parts[CTA_TUPLE_IP]), _attributes(parts[CTA_TUPLE_PROTO])
    version = 4 if CTA_IP_SOURCE[4] in addresses else 6
    ends = []
    for address, port in ((CTA_IP_SOURCE, CTA_PROTO_SOURCE_PORT), (CTA_IP_DESTINATION, CTA_PROTO_DESTINATION_PORT)):
        ends.append((ipaddress.ip_address(addresses[address[version]]), struct.unpack("!H", protocol.get(port, b"\0\0"))[0]))
    return ends[0], ends[1], protocol[CTA_PROTO_NUM][0]


def _attribute(kind: int, payload: bytes) -> bytes:
    return NLA_HEADER.pack(NLA_HEADER.size + len(payload), kind) + payload + b"\0" * (-len(payload) % 4)


def _attributes(data: bytes) -> dict[int, bytes]:
    found, position = {}, 0
    while position + NLA_HEADER.size <= len(data):
        length, kind = NLA_HEADER.unpack_from(data, position)
        if length < NLA_HEADER.size:
            break
        found[kind & NLA_TYPE_MASK] = data[position + NLA_HEADER.size: position + length]
        position += (length + 3) & ~3
    return found
