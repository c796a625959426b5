# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an agent answers health checks in kube-proxy's place, as its address to listen on says. Pure."""

from __future__ import annotations

# an address that stands for all of the node's -> the one by which the node itself gets there
EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}


def url(address: str) -> str:
    """What to ask on the node itself, for ADDRESS:PORT."""
    host, _colon, port = address.rpartition(":")
    host = host.strip("[]")
    host = EVERYWHERE.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/healthz"
