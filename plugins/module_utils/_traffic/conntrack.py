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

NETLINK_NETFILTER = 12
NLM_F_REQUEST = 1
NLMSG_ERROR = 2
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
    reply = _attributes(_attributes(message[NLMSG_HEADER.size + 4:])[CTA_TUPLE_REPLY])
    addresses, ports = _attributes(reply[CTA_TUPLE_IP]), _attributes(reply[CTA_TUPLE_PROTO])
    wanted = ipaddress.ip_address(destination[0])
    replies_from = ipaddress.ip_address(addresses[CTA_IP_SOURCE[wanted.version]])
    port = struct.unpack("!H", ports[CTA_PROTO_SOURCE_PORT])[0]
    return "" if (replies_from, port) == (wanted, destination[1]) else f"{replies_from}:{port}"


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
