# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import struct

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.conntrack import Conntrack, decode_translation, encode_question

# What a 6.18 kernel answered about a connection 192.168.9.1:52858 -> 10.96.0.9:80 that a rule sends to 127.0.0.1:8000.
ANSWER = bytes.fromhex(
    "d400000000010200010000 00c51d0000 02000000"
    "34000180 14000180 08000100c0a80901 080002000a600009 1c000280 0500010006000000 06000200ce7a0000 0600030000500000"
    "34000280 14000180 080001007f000001 08000200c0a80901 1c000280 0500010006000000 060002001f400000 06000300ce7a0000"
    "08000300000001ae 0800080000000000 08000c009eb970dd 08000b0000000002 0800070000069780"
    "30000480 2c000180 0500010003000000 050002000a000000 050003000a000000 0600040023000000 0600050023000000"
)


def test_the_backend_is_where_the_reply_comes_from():
    assert decode_translation(ANSWER, ("10.96.0.9", 80)) == "127.0.0.1:8000"


def test_a_reply_from_the_destination_itself_is_no_translation():
    assert decode_translation(ANSWER, ("127.0.0.1", 8000)) == ""


def test_the_question_is_the_tuple_of_the_kernels_own_answer():
    question = encode_question(1, "tcp", ("192.168.9.1", 52858), ("10.96.0.9", 80))
    assert question[20:72] == ANSWER[20:72]
    assert struct.unpack_from("=IHHII", question) == (len(question), 0x101, 1, 1, 0)


def test_the_question_about_ipv6_udp_names_its_family_and_protocol():
    question = encode_question(1, "udp", ("fd00::1", 1000), ("fd00::a", 53))
    assert question[16] == 10
    assert bytes.fromhex("fd00000000000000000000000000000a") in question
    assert bytes.fromhex("0500010011000000") in question


class Kernel:
    """Stands for the netlink socket: answers a dump with the messages it was given."""

    def __init__(self, *parts):
        self.parts = list(parts)

    def send(self, question):
        assert struct.unpack_from("=IHH", question)[1:] == (0x101, 0x301)

    def recv(self, dummy):
        return self.parts.pop(0)


def test_all_that_is_translated_is_told_and_nothing_else():
    straight = ANSWER.replace(bytes([10, 96, 0, 9]), bytes([127, 0, 0, 1])).replace(bytes.fromhex("0600030000500000"), bytes.fromhex("060003001f400000"))
    assert straight != ANSWER
    conntrack = Conntrack.__new__(Conntrack)
    conntrack._sequence, conntrack._socket = 0, Kernel(straight + ANSWER, struct.pack("=IHHIIi", 20, 3, 2, 1, 0, 0))
    assert list(conntrack.translated_to()) == [(("tcp", "10.96.0.9", 80), "127.0.0.1:8000")]


def test_of_all_connections_only_those_to_the_destination_are_told():
    other = ANSWER.replace(bytes([10, 96, 0, 9]), bytes([10, 96, 0, 8]))
    icmp = struct.pack("=IHHIIBBH", 20, 0x100, 2, 1, 0, 2, 0, 0)
    conntrack = Conntrack.__new__(Conntrack)
    conntrack._sequence, conntrack._socket = 0, Kernel(other + ANSWER, icmp + other, struct.pack("=IHHIIi", 20, 3, 2, 1, 0, 0))
    wanted = [("tcp", "10.96.0.9", 80), ("udp", "10.96.0.9", 80), ("tcp", "10.96.0.9", 81)]
    assert conntrack.connections(wanted) == {wanted[0]: {("192.168.9.1", 52858): "127.0.0.1:8000"}, wanted[1]: {}, wanted[2]: {}}
