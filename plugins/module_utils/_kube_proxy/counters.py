# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packet counters of the rules by which kube-proxy serves Services, from the text that `iptables-save -c` prints.

While they stand still, kube-proxy serves nobody. The nat table sees only the first packet of a connection, so a count is one
connection (or one packet of UDP that connection tracking did not know).
"""

from __future__ import annotations

import re
from typing import Iterable

# Chains of table nat through which a packet to a Service has to pass.
SERVING = re.compile(r"KUBE-(SERVICES|NODEPORTS|(SVC|SVL|EXT|XLB|FW|SEP)-[A-Z2-7]{16})")
COUNTED_RULE = re.compile(r"\[(\d+):\d+\] (-A (\S+) .*)")


def service_counters(dump: str | Iterable[str]) -> dict[tuple[str, str], int]:
    """(chain, rule) -> packets. Takes the dump as one text or as lines. Rules that occur twice are added up."""
    counters: dict[tuple[str, str], int] = {}
    table = None
    for line in dump.splitlines() if isinstance(dump, str) else dump:
        if line.startswith("*"):
            table = line[1:].strip()
        elif table == "nat":
            match = COUNTED_RULE.match(line)
            if match and SERVING.fullmatch(match[3]):
                key = match[3], match[2].rstrip("\n")
                counters[key] = counters.get(key, 0) + int(match[1])
    return counters
