# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges of NodePorts: the one that the API server hands out, and the one that Cilium serves. Pure.

Sources: pkg/util/net/port_range.go of k8s.io/apimachinery; pkg/loadbalancer/config.go of Cilium 1.19.1.
"""

from __future__ import annotations

import re

RANGE = re.compile(r"(\d+)\s*([-,+])\s*(\d+)")
ARGUMENT = "--service-node-port-range"
#: Of the API server and of Cilium.
DEFAULT = (30000, 32767)


def port_range(said):
    """(first, last) of FIRST-LAST or FIRST+MORE, as the API server has it, or FIRST,LAST, as Cilium has it. Raises ValueError for anything else."""
    found = RANGE.fullmatch(str(said).strip())
    first, last = (int(found[1]), int(found[3])) if found else (0, 0)
    if found and found[2] == "+":
        last += first
    if first >= last:
        raise ValueError(said)
    return first, last


def known(said):
    """The same; None where nothing is said, or nothing that can be read."""
    try:
        return port_range(said)
    except ValueError:
        return None


def served(value, configured=None):
    """What Cilium serves, by the Helm value nodePort.range, else by node-port-range of cilium-config; None where agents cannot read it."""
    said = str(value or configured or text(DEFAULT, ","))
    return known(said) if "," in said else None


def holds(outer, inner):
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def text(limits, between="-"):
    return f"{limits[0]}{between}{limits[1]}"


def handed_out(pods):
    """The range by the arguments of the API server's pods; None where there are none, as with a hosted control plane, or they do not agree."""
    said = {_argument(pod) for pod in pods}
    limits = known(said.pop()) if len(said) == 1 else None
    return text(limits) if limits else None


def _argument(pod):
    words = [word for container in pod["spec"]["containers"] for word in [*(container.get("command") or []), *(container.get("args") or [])]]
    for word, following in zip(words, [*words[1:], ""]):
        name, equals, value = word.partition("=")
        if name == ARGUMENT:
            return value if equals else following
    return text(DEFAULT)
