# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges of NodePorts, and the one that the API server hands out. Pure."""

from __future__ import annotations

import re

RANGE = re.compile(r"(\d+)\s*[-,]\s*(\d+)")
ARGUMENT, DEFAULT = "--service-node-port-range", "30000-32767"


def port_range(said):
    """(first, last) of FIRST-LAST, as the API server has it, or FIRST,LAST, as Cilium has it. Raises ValueError for anything else."""
    found = RANGE.fullmatch(str(said).strip())
    if not found or int(found[1]) >= int(found[2]):
        raise ValueError(said)
    return int(found[1]), int(found[2])


def text(limits):
    return f"{limits[0]}-{limits[1]}"


def handed_out(pods):
    """The range by the arguments of the API server's pods; None where there are none, as with a hosted control plane, or they do not agree."""
    said = {_argument(pod) for pod in pods}
    try:
        return text(port_range(said.pop())) if len(said) == 1 else None
    except ValueError:
        return None


def _argument(pod):
    words = [word for container in pod["spec"]["containers"] for word in [*(container.get("command") or []), *(container.get("args") or [])]]
    for word, following in zip(words, [*words[1:], ""]):
        name, equals, value = word.partition("=")
        if name == ARGUMENT:
            return value if equals else following
    return DEFAULT
