# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules look at, and what they say. Pure."""
from __future__ import annotations

import dataclasses

BLOCKER, WARNING, NOTE = "blocker", "warning", "note"
SEVERITIES = (BLOCKER, WARNING, NOTE)


@dataclasses.dataclass(frozen=True)
class Picture:
    """One cluster before the migration.

    cluster: facts of the module cluster_facts, with the keys `error` (instead of all others), `release` and `agents`.
    nodes: name in Kubernetes -> facts of the module node_facts, with the keys `host` and `error` (instead of all others).
    wanted: what the inventory asks for, see WANTED in findings.py.
    """

    cluster: dict
    nodes: dict
    wanted: dict

    @property
    def name(self):
        return f"cluster {self.wanted['cluster']}"

    @property
    def settled(self):
        """Whether a migration of this cluster has ended."""
        return (self.cluster["record"] or {}).get("phase") == "settled"

    @property
    def settling(self):
        """Whether the cluster as a whole was on its way when a run ended: kube-proxy's objects may be there or not."""
        return (self.cluster["record"] or {}).get("phase") in ("settling", "unsettling")

    @property
    def moving(self):
        """Whether a migration of this cluster has begun and not ended."""
        return bool(self.cluster["record"]) and not self.settled

    @property
    def half_way(self):
        """The nodes whose wave began in a run that did not end. The next run recreates their agents, whatever these are like."""
        return {name for name, node in self.cluster["nodes"].items() if self.moving and node["half_way"]}

    @property
    def read_nodes(self):
        """The nodes that answered."""
        return {name: node for name, node in self.nodes.items() if not node["error"]}

    @property
    def linux_nodes(self):
        """The cluster's nodes that can run an agent, by name."""
        return {name: node for name, node in self.cluster["nodes"].items() if node["os"] in (None, "linux")}

    @property
    def config(self):
        """cilium-config of the cluster."""
        return (self.cluster["cilium"] or {}).get("config") or {}

    def value(self, path, default=None):
        """A Helm value, by a path with dots: what the inventory wants, else what the release has, else the default."""
        for values in (self.wanted["values"], (self.cluster["release"] or {}).get("values") or {}):
            for step in path.split("."):
                values = values.get(step) if isinstance(values, dict) else None
            if values is not None:
                return values
        return default


def finding(ident, severity, item, found, why, remedy):
    """One thing that the plan says. item: the node or object; why it matters; remedy: the next thing to do."""
    return {"id": ident, "severity": severity, "object": item, "found": found, "why": why, "remedy": remedy, "accepted": False}


def node(name):
    return f"node {name}"


def some(names, limit=5):
    """The first names and how many more there are."""
    names = sorted(names)
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def minor(version):
    """(major, minor) of a version such as v1.34.4, or None."""
    parts = (version or "").lstrip("v").split(".")
    return (int(parts[0]), int(parts[1])) if len(parts) > 1 and parts[0].isdigit() and parts[1].isdigit() else None
