# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A diagnosis for a terminal. Pure."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose.found import SEVERITIES

#: Nodes that are named of those that say the same.
NODES = 5


def lines(found, cluster, facts):
    """A headline, then each finding once with the nodes that it was found on."""
    count = {severity: sum(one["severity"] == severity for one in found) for severity in SEVERITIES}
    counts = ", ".join(f"{number} {severity}{'' if number == 1 else 's'}" for severity, number in count.items())
    said = [f"cluster {cluster}: {len(facts['services'])} Services, {len(facts['agents'])} agents: {counts}"]
    for same in _grouped(found):
        one, nodes = same[0], list(dict.fromkeys(entry["node"] for entry in same if entry["node"]))
        more = f" (and {len(same) - 1} more like it, on {', '.join(nodes[:NODES])}{', ...' if len(nodes) > NODES else ''})" if len(same) > 1 else ""
        headline = f"{one['severity'].upper()} {one['id']}: {one['object']}"
        said += [headline, f"  found {one['found']}{more}", f"  why   {one['why']}", f"  do    {one['remedy']}"]
    return said


def _grouped(found):
    groups = {}
    for one in found:
        groups.setdefault((one["severity"], one["id"], one["object"]), []).append(one)
    return groups.values()
