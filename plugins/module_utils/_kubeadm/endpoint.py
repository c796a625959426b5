# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HOST:PORT as kubeadm writes it, an IPv6 address in brackets. Pure."""

from __future__ import annotations

import re
from typing import Optional

PLACE = re.compile(r"(?:\[([^\[\]\s]+)\]|([^:\[\]/\s]+)):(\d+)")


def split(text: str) -> Optional[tuple[str, int]]:
    """(host, port), the host without brackets; None for other text."""
    found = PLACE.fullmatch(str(text).strip())
    return (found[1] or found[2], int(found[3])) if found else None


def join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def of_url(url: str) -> Optional[tuple[str, int]]:
    return split(url.split("://", 1)[-1].rstrip("/"))
