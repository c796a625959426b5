# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many module calls a run makes: on each node, and on each cluster's API. Pure; private to this collection.

A call on a node is what costs a round trip and a start of Python there; a loop makes several. A call on the API is one module on the controller that asks
the API, which may be several requests. Waiting asks again and again: how often is told apart, since it hangs on the cluster and not on us.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Iterator, Optional

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


def each(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The results of one task on one host that stand for a call: one for each item of a loop, none for what was skipped."""
    if "results" in result:
        for one in result["results"]:
            yield from each(one) if isinstance(one, dict) else ()
    elif not result.get("skipped"):
        yield result


def repeated(result: dict[str, Any]) -> int:
    """How often a call was made again, until it was as wanted."""
    return max(0, int(result.get("attempts") or 1) - 1)


def delegated_to(result: dict[str, Any]) -> str:
    """The host that a call was made on in place of the task's own, if it says so."""
    return (result.get("_ansible_delegated_vars") or {}).get("ansible_delegated_host") or ""


@dataclasses.dataclass
class Calls:
    """Of one cluster."""

    nodes: dict[str, int] = dataclasses.field(default_factory=dict)
    api: dict[Optional[int], int] = dataclasses.field(default_factory=dict)  # by wave; None: before and after all of them
    repeated: int = 0  # in all

    def add(self, place: str, node: str, wave: Optional[int], again: int) -> None:
        if place == "node":
            self.nodes[node] = self.nodes.get(node, 0) + 1
        elif place == "api":
            self.api[wave] = self.api.get(wave, 0) + 1
        self.repeated += again if place else 0
