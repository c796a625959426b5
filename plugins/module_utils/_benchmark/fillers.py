# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that are there only to be many: what they are, whether the cluster has room for them, and their creation. Planning is pure."""

from __future__ import annotations

import concurrent.futures
import ipaddress

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts.services import map_entries, map_places

#: Requests under way at once. The API server's own limits slow it down further where it has to.
AT_ONCE = 8
#: No more than this share of the map, or of the addresses, may be taken in the end: what users create meanwhile needs room, too.
FULL = 0.9
OWNER = {"app.kubernetes.io/managed-by": "kubeproxy-free"}


def filler(number, selector):
    """It has the workload's own endpoints."""
    spec = {"selector": selector, "ports": [{"port": 80, "targetPort": "http"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"filler-{number}", "labels": OWNER}, "spec": spec}


def node_port(selector):
    """A NodePort Service of pods that are ready already, to see how long it takes until it answers."""
    spec = {"type": "NodePort", "selector": selector, "ports": [{"port": 80, "targetPort": "http"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"generateName": "programming-", "labels": OWNER}, "spec": spec}


def refusals(levels, timed, replicas, facts, cidrs):
    """Why this cannot be measured here, in sentences.

    levels: numbers of Services; timed: how many more are made to time them; facts: what cluster_facts returns; cidrs: the Services' networks, as far as known.
    """
    if not levels or list(levels) != sorted(set(levels)) or min(levels) < 0:
        return [f"benchmark_services is {list(levels)}; expected whole numbers from 0 on, each larger than the one before, such as [10, 1000]"]
    found, most = [], max(levels)
    size = map_places((facts.get("cilium") or {}).get("config") or {})
    new = most * map_entries(_named(filler(0, {})), replicas) + timed * map_entries(_named(node_port({})), replicas)
    if facts["services"]["map_entries"] + new > FULL * size:
        found.append(
            f"Cilium's Service map has {size} entries (bpf-lb-map-max): the {facts['services']['total']} Services that are there need about "
            f"{facts['services']['map_entries']}, {most} more about {new}; expected at most {FULL:.0%} in all. Measure with fewer Services "
            "(benchmark_services), or raise bpf.lbMapMax"
        )
    for cidr in cidrs:
        addresses = ipaddress.ip_network(cidr).num_addresses
        wanted = facts["services"]["total"] + most + timed
        if wanted > FULL * addresses:
            found.append(f"the Services' network {cidr} has {addresses} addresses; {facts['services']['total']} Services that are there and {most + timed} "
                         f"more need {wanted}; expected at most {FULL:.0%} of them. Measure with fewer Services (benchmark_services)")  # fmt: skip
    return found


def _named(service):
    """As map_entries counts it: with an address, and with a NodePort where it gets one."""
    spec = service["spec"]
    ports = [dict(port, **({"nodePort": 1} if spec.get("type") == "NodePort" else {})) for port in spec["ports"]]
    return {**service, "spec": {**spec, "clusterIP": "any", "ports": ports}}


def create(api, namespace, selector, first, count):
    """Make those that are not there; return (how many were made, the last one's address). Raises ClusterError."""
    path = f"/api/v1/namespaces/{namespace}/services"

    def one(number):
        status, _headers, made = api.send("POST", path, filler(number, selector))
        if status == 409:
            return False, api.object(f"{path}/filler-{number}")
        if status != 201:
            raise api.explained(status, made, path)
        return True, made

    with concurrent.futures.ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        made = list(pool.map(one, range(first, first + count)))
    return sum(new for new, _service in made), made[-1][1]["spec"]["clusterIP"] if made else None
