# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nodes, pods and EndpointSlices say, as the planning of targets reads them. Pure."""

from __future__ import annotations

from typing import Any, Iterable, Iterator

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.conditions import is_ready

Object = dict[str, Any]


def ready(slices: list[Object], service: Object, port: Object) -> Iterator[tuple[Object, int]]:
    """The port's ready endpoints, each with its number there."""
    for endpoint_slice in slices:
        metadata = endpoint_slice["metadata"]
        owner = (metadata.get("labels") or {}).get("kubernetes.io/service-name")
        numbers = {entry.get("name") or "": entry.get("port") for entry in endpoint_slice.get("ports") or []}
        if (metadata["namespace"], owner) != (service["metadata"]["namespace"], name(service)) or (port.get("name") or "") not in numbers:
            continue
        for one in endpoint_slice.get("endpoints") or []:
            if (one.get("conditions") or {}).get("ready") is not False:
                yield one, numbers[port.get("name") or ""]


def ready_nodes(slices: list[Object], service: Object, port: Object) -> set[str]:
    """The nodes of the port's ready endpoints ("" for endpoints outside the cluster)."""
    return {one.get("nodeName") or "" for one, _number in ready(slices, service, port)}


def addresses(node: Object, kinds: tuple[str, ...]) -> list[str]:
    return [entry["address"] for entry in node.get("status", {}).get("addresses") or [] if entry["type"] in kinds]


def family(address: str) -> int:
    return 6 if ":" in address else 4


def name(thing: Object) -> str:
    return thing["metadata"]["name"]


def full_name(thing: Object) -> str:
    return f"{thing['metadata']['namespace']}/{thing['metadata']['name']}"


def ready_pods(pods: Iterable[Object]) -> list[str]:
    """Names of those that are ready and not about to end."""
    return [name(pod) for pod in pods if is_ready(pod)]
