# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Just enough of DNS over UDP (RFC 1035) to ask for an A record and to judge the reply."""

from __future__ import annotations

import struct

QUERY_A = 1
CLASS_IN = 1
RECURSION_DESIRED = 0x0100
IS_REPLY = 0x8000
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


class DnsError(Exception):
    """The reply is not the answer to our question."""


def encode_query(name: str, query_id: int) -> bytes:
    question = b""
    for label in name.rstrip(".").split("."):
        raw = label.encode("ascii")
        if not 0 < len(raw) < 64:
            raise DnsError(f"{name!r} is no DNS name")
        question += bytes([len(raw)]) + raw
    header = struct.pack("!HHHHHH", query_id, RECURSION_DESIRED, 1, 0, 0, 0)
    return header + question + b"\0" + struct.pack("!HH", QUERY_A, CLASS_IN)


def check_reply(reply: bytes, query_id: int) -> None:
    """Return when the reply answers our question with at least one record; raise DnsError otherwise."""
    if len(reply) < 12:
        raise DnsError(f"reply of {len(reply)} bytes is shorter than a DNS header")
    reply_id, flags, dummy, answers = struct.unpack("!HHHH", reply[:8])
    if reply_id != query_id or not flags & IS_REPLY:
        raise DnsError("reply does not belong to our question")
    rcode = flags & 0xF
    if rcode:
        raise DnsError(f"answered {RCODES.get(rcode, rcode)}")
    if not answers:
        raise DnsError("answered without a record")
