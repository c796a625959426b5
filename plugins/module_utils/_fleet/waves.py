# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waves: which nodes move together, counted per cluster. Pure; private to this collection.

Wave k of a run holds wave k of every cluster, so that clusters advance side by side and each keeps its own gate.
"""

from __future__ import annotations

import math


class WaveError(ValueError):
    """A wave size or an order that cannot be meant."""


def wave_size(size, nodes):
    """Return how many nodes one entry of the sizes stands for: a number, or a percentage of the cluster's nodes."""
    text = str(size).strip()
    percent = text.endswith("%")
    try:
        number = float(text[:-1]) if percent else int(text)
    except ValueError:
        raise WaveError(f"wave size {size!r}: expected a whole number or a percentage such as '20%'") from None
    if number <= 0 or (percent and number > 100):
        raise WaveError(f"wave size {size!r}: expected at least 1, or more than 0% and at most 100%")
    return max(1, math.floor(nodes * number / 100)) if percent else number


def split(names, sizes):
    """Split one cluster's nodes, in order, into waves; the last size repeats until no node is left."""
    if not sizes:
        raise WaveError("no wave sizes: expected at least one, for example [1, 5, '20%']")
    waves, rest = [], list(names)
    while rest:
        size = wave_size(sizes[min(len(waves), len(sizes) - 1)], len(names))
        waves.append(rest[:size])
        rest = rest[size:]
    return waves


def order(nodes, control_planes="last"):
    """Put one cluster's nodes in the order they move in; nodes: [{host, control_plane, order}] as the inventory has them.

    order, which may be missing, is a list of texts: nodes are sorted by them, and stay in the inventory's order where they are the same.
    """
    if control_planes not in ("first", "last", "mixed"):
        raise WaveError(f"control planes {control_planes!r}: expected first, last or mixed")

    def rank(node):
        later = control_planes != "mixed" and bool(node["control_plane"]) == (control_planes == "last")
        return later, list(node.get("order") or [])

    return [node["host"] for node in sorted(nodes, key=rank)]


def as_list(sizes):
    """Return sizes as a list; a text, which is what the survey of a job template or -e gives, is split at commas."""
    if isinstance(sizes, str):
        sizes = [part.strip(" '\"") for part in sizes.strip(" []").split(",")]
    return sizes


def wave_count(count):
    """Return how many waves a run may have; 0 means all."""
    try:
        number = int(str(count))
    except ValueError:
        number = -1
    if number < 0:
        raise WaveError(f"number of waves {count!r}: expected a whole number, 0 for all")
    return number


def plan(clusters, sizes, control_planes="last", count=0):
    """Plan a run over several clusters.

    clusters: {cluster: [{host, control_plane, order}]}, only the nodes that are still to move. count: only so many waves of each; 0 means all.
    Returns {hosts: all of them in the order of the waves, serial: hosts in each wave of the run,
    waves: {cluster: [[host]]}, number: {host: which wave it is in, from 0}}.
    """
    last = wave_count(count) or None
    waves = {name: split(order(nodes, control_planes), as_list(sizes))[:last] for name, nodes in clusters.items()}
    rounds = [[host for cluster in waves.values() if number < len(cluster) for host in cluster[number]]
              for number in range(max((len(cluster) for cluster in waves.values()), default=0))]
    return {"hosts": [host for batch in rounds for host in batch], "serial": [len(batch) for batch in rounds], "waves": waves,
            "number": {host: number for number, batch in enumerate(rounds) for host in batch}}
