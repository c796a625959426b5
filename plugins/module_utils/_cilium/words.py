# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words Cilium has used for the same things, and the one form this collection uses.

Sources: api/v1/models/kube_proxy_replacement.go and pkg/client/client.go of Cilium 1.8 to 1.20.
"""

from __future__ import annotations

import ipaddress
import re

# 1.8-1.13 disabled, probe, partial, strict; 1.14 and 1.15 these and true, false; from 1.16 true and false only. Partial and probe leave work
# to kube-proxy, so they are neither on nor off.
ON = frozenset({"true", "strict"})
OFF = frozenset({"false", "disabled"})
BETWEEN = frozenset({"partial", "probe"})

VERSION = re.compile(r"\bv?(\d+\.\d+\.\d+(?:-(?!g?[0-9a-f]{7,})[0-9A-Za-z.]+)?)(?![\d.])")


def empty_kpr():
    """kube_proxy_replacement when nothing is known of it."""
    return {"enabled": None, "mode": None, "devices": [], "direct_routing_device": None}


def empty_features():
    """features when nothing is known of them."""
    return dict.fromkeys(("node_port", "node_port_range", "mode", "dsr_dispatch", "algorithm", "table_size", "acceleration", "host_port", "external_ips",
                          "socket_lb", "socket_lb_coverage", "session_affinity", "nat46_64"))


def empty_status():
    """A status in normal form when nothing is known."""
    return {"kube_proxy_replacement": empty_kpr(), "features": {}, "version": None, "health": {"state": None, "message": None},
            "controllers_failing": [], "masquerading": None, "routing": None, "unread": []}


def enabled(mode):
    """True if the mode replaces kube-proxy fully, False if it does not, None for a word that no version has."""
    if mode in ON:
        return True
    return False if mode in OFF | BETWEEN else None


def version(message):
    """The version in a text like "1.16.4 (v1.16.4-16240f6b)", or None."""
    match = VERSION.search(message or "")
    return match.group(1) if match else None


def is_address(word):
    """True for an IP address, with or without a zone."""
    try:
        ipaddress.ip_address(word.partition("%")[0])
    except ValueError:
        return False
    return True
