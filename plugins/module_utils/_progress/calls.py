# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many module calls a run makes: on each node, and on each cluster's API. Pure; private to this collection.

A call on a node is what costs a round trip and a start of Python there; a loop and a retry make several. A call on the API is one module on the
controller that asks the API, which may be several requests.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Optional

#: Actions that run on the controller only, whatever their host is.
LOCAL = frozenset(
    "add_host assert debug fact_diff fail group_by import_playbook import_role import_tasks include_role include_tasks include_vars meta pause set_fact "
    "set_stats validate_argument_spec".split()
)
#: Collection whose modules ask the API with credentials that the task may leave to module_defaults.
KUBERNETES = "kubernetes.core."


def where(action: str, arguments: dict[str, Any], delegated: bool) -> str:
    """'node', 'api', or '' for a task that concerns neither."""
    if action.rpartition(".")[2] in LOCAL:
        return ""
    if not delegated:
        return "node"
    return "api" if action.startswith(KUBERNETES) or "kubeconfig" in arguments else ""


def count(result: dict[str, Any]) -> int:
    """How many calls one task's result on one host stands for."""
    if "results" in result:
        return sum(count(one) for one in result["results"] if isinstance(one, dict))
    return 0 if result.get("skipped") else int(result.get("attempts") or 1)


@dataclasses.dataclass
class Calls:
    """Of one cluster."""

    nodes: dict[str, int] = dataclasses.field(default_factory=dict)
    api: dict[Optional[int], int] = dataclasses.field(default_factory=dict)  # by wave; None: before and after all of them

    def add(self, place: str, node: str, wave: Optional[int], number: int) -> None:
        if place == "node":
            self.nodes[node] = self.nodes.get(node, 0) + number
        elif place == "api":
            self.api[wave] = self.api.get(wave, 0) + number
