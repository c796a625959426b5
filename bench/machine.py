# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a result tells of the machine that it was made on."""

from __future__ import annotations

import os
import platform


def described() -> str:
    """Its processors and its kernel."""
    return upstream(f"{os.cpu_count()} processors, Linux {platform.release()}")


def upstream(text: str) -> str:
    """Of the kernel only what upstream calls it: what follows is the builder's own, and tells nobody else anything."""
    return text.replace(platform.release(), platform.release().partition("-")[0])
