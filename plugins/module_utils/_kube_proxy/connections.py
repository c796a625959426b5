# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that netfilter began to translate and goes on translating, whatever has become of the rules and of the backend."""

from __future__ import annotations

import collections
import contextlib
import socket
from typing import Any, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.conntrack import Conntrack


def translated() -> Optional[list[dict[str, Any]]]:
    """Those to addresses that are not this node's own, counted by destination and backend; None where the kernel cannot be asked.

    To its own addresses a node's packets are also sent elsewhere by hostPorts and by other container engines.
    """
    try:
        with contextlib.closing(Conntrack()) as conntrack:
            counted = collections.Counter(conntrack.translated_to())
    except OSError:
        return None
    own = {address for address in {destination[1] for destination, _backend in counted} if _is_own(address)}
    return [
        {"protocol": protocol, "address": address, "port": port, "backend": backend, "connections": number}
        for ((protocol, address, port), backend), number in sorted(counted.items())
        if address not in own
    ]


def _is_own(address: str) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
