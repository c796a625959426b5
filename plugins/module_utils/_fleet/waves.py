# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waves: which nodes move together, counted per cluster. Pure; private to this collection.

Wave k of a run holds wave k of every cluster, so that clusters advance side by side and each keeps its own sizes, order and gate.
"""

from __future__ import annotations

import itertools
import math

DEFAULT_SIZES = (1, 5, "20%")
ORDERS = ("last", "first", "mixed")


class WaveError(ValueError):
    """A wave size, an order or a number of waves that cannot be meant."""


def wave_size(size, nodes):
    """Return how many nodes one entry of the sizes stands for: a number, or a percentage of the cluster's nodes."""
    text = str(size).strip()
    percent = text.endswith("%")
    try:
        number = float(text[:-1]) if percent else int(text)
    except ValueError:
        raise WaveError(f"wave size {size!r}: expected a whole number or a percentage such as '20%'") from None
    if not math.isfinite(number) or number <= 0 or (percent and number > 100):
        raise WaveError(f"wave size {size!r}: expected at least 1, or more than 0% and at most 100%")
    return max(1, math.floor(nodes * number / 100)) if percent else number


def as_list(sizes):
    """Return sizes as a list; a text, which is what the survey of a job template or -e gives, is split at commas, and one size is a list of it."""
    if isinstance(sizes, str):
        return [part.strip(" '\"") for part in sizes.strip(" []").split(",")]
    return list(sizes) if isinstance(sizes, (list, tuple)) else [sizes]


def settings(sizes=None, control_planes=None, count=None):
    """Return one cluster's {sizes, control_planes, count}, all of them valid; None or an empty text means the default.

    count: how many waves a run may have; 0 means all.
    """
    sizes = list(DEFAULT_SIZES) if sizes in (None, "") else as_list(sizes)
    if not sizes:
        raise WaveError("no wave sizes: expected at least one, for example [1, 5, '20%']")
    for size in sizes:
        wave_size(size, 1)
    control_planes = control_planes or ORDERS[0]
    if control_planes not in ORDERS:
        raise WaveError(f"control planes {control_planes!r}: expected {', '.join(ORDERS[:-1])} or {ORDERS[-1]}")
    try:
        number = 0 if count in (None, "") else int(str(count))
    except ValueError:
        number = -1
    if number < 0:
        raise WaveError(f"number of waves {count!r}: expected a whole number, 0 for all")
    return {"sizes": sizes, "control_planes": control_planes, "count": number}


def order(nodes, control_planes="last"):
    """Put one cluster's nodes in the order they move in; nodes: [{host, control_plane, order, started}] as the inventory has them.

    started, which may be missing: an earlier run has left the node half-way, so it comes first. order, which may be missing, is a list of texts: nodes
    are sorted by them, and stay in the inventory's order where they are the same.
    """

    def rank(node):
        later = control_planes != "mixed" and bool(node["control_plane"]) == (control_planes == "last")
        return not node.get("started"), later, list(node.get("order") or [])

    return sorted(nodes, key=rank)


def split(nodes, sizes, control_planes="last", total=None, done=0):
    """Split one cluster's nodes into waves, as lists of hosts; the last size repeats until no node is left.

    total: how many nodes the cluster has, of which percentages are (default: these). done: so many have moved before, in the first waves.
    A control plane has a wave of its own, for which no size is used up, unless control planes and workers are to be mixed.
    """
    entries = [wave_size(size, len(nodes) if total is None else total) for size in sizes]
    while len(entries) > 1 and done >= entries[0]:
        done -= entries.pop(0)
    waves, sized, rest = [], 0, order(nodes, control_planes)
    while rest:
        workers = sum(1 for _node in itertools.takewhile(lambda node: control_planes == "mixed" or not node["control_plane"], rest))
        size = min(entries[min(sized, len(entries) - 1)], workers) or 1
        sized += workers > 0
        waves.append([node["host"] for node in rest[:size]])
        rest = rest[size:]
    return waves


def longest_run(nodes, sizes, soak=0):
    """Return the seconds that a run over so many nodes may take, generously: three hours for what is around the waves and for those of control planes, which
    are not known yet, a quarter of one and the soak time for each wave, and a minute for each node, as not all nodes of a wave work at a time.
    """
    number = len(split([{"host": node, "control_plane": False} for node in range(nodes)], sizes))
    return 3 * 3600 + number * (900 + int(soak)) + nodes * 60


def plan(places):
    """Plan a run over several clusters.

    places: for every node of the run {host, cluster, control_plane, order, started, pending: it is to move, done: it has moved before,
    waves: the settings of its cluster}. Returns {hosts: all that move, in the order of the waves, serial: hosts in each wave of the run,
    waves: {cluster: [[host]]}, number: {host: which wave it is in, from 0}}.
    """
    clusters: dict = {}
    for place in places:
        clusters.setdefault(place["cluster"], []).append(place)
    waves = {}
    for name, nodes in clusters.items():
        own, pending = nodes[0]["waves"], [node for node in nodes if node["pending"]]
        if pending:
            done = sum(bool(node["done"]) and (own["control_planes"] == "mixed" or not node["control_plane"]) for node in nodes)
            waves[name] = split(pending, own["sizes"], own["control_planes"], len(nodes), done)[:own["count"] or None]
    rounds = [[host for cluster in waves.values() if number < len(cluster) for host in cluster[number]]
              for number in range(max((len(cluster) for cluster in waves.values()), default=0))]
    return {"hosts": [host for batch in rounds for host in batch], "serial": [len(batch) for batch in rounds], "waves": waves,
            "number": {host: number for number, batch in enumerate(rounds) for host in batch}}
