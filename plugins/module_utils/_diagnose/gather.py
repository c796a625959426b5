# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what a diagnosis judges: Services from the API, and every agent's view of them."""

from __future__ import annotations

from urllib.parse import quote

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import agents, ask, words
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster import connect
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.api import Api
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.run import Target, run_in_all
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import answers, services

#: Of so many Services without a ready endpoint the pods are counted; each costs one request.
COUNTED = 50


def facts(params):
    """The module's facts, and warnings. Raises ClusterError."""
    api = Api(connect.configure(params), params["agent_timeout"])
    found = _services(api, params["services"])
    told, warnings = _agents(api, params)
    return {"namespace": params["namespace"], "services": found, "all_services": not params["services"], "agents": told}, warnings


def _services(api, wanted):
    slices = "/apis/discovery.k8s.io/v1/endpointslices"
    if wanted:
        listed, sliced = [], []
        for namespace in sorted({name.partition("/")[0] for name in wanted}):
            listed += api.objects(f"/api/v1/namespaces/{quote(namespace)}/services")
            sliced += api.objects(f"/apis/discovery.k8s.io/v1/namespaces/{quote(namespace)}/endpointslices")
    else:
        listed, sliced = api.objects("/api/v1/services"), api.objects(slices)
    found = services.summary(listed, sliced)
    lacking = sorted(set(wanted) - set(found))
    if lacking:
        raise connect.ClusterError(f"Service {lacking[0]} is not there, or is of type ExternalName; expected namespace/name of one that Cilium serves; "
                                   "try: kubectl get services -A")
    found = {name: one for name, one in found.items() if not wanted or name in wanted}
    empty = [(name, one) for name, one in found.items() if one["selector"] and not any(endpoint["ready"] for endpoint in one["endpoints"])]
    for name, one in empty[:COUNTED]:
        selector = ",".join(f"{key}={value}" for key, value in one["selector"].items())
        one["pods"] = services.pods(api.objects(f"/api/v1/namespaces/{quote(name.partition('/')[0])}/pods", selector))
    return found


def _agents(api, params):
    """node -> what its agent says; Services by our own exec, the rest by what cilium_status asks."""
    asked = agents.Agents(api, params["namespace"], params["selector"], params["nodes"], params["agent_timeout"], params["parallelism"])
    status = asked.look()
    targets = {node: Target(params["namespace"], one["pod"], ask.CONTAINER) for node, one in status.items() if not one["error"]}
    outputs = run_in_all(api.configuration, targets, answers.COMMAND, params["agent_timeout"], params["parallelism"]) if targets else {}
    return {node: _agent(one, outputs.get(node)) for node, one in status.items()}, asked.warnings


def _agent(status, output):
    mode = status["kube_proxy_replacement"]["mode"]
    told = {"error": status["error"], "mode": mode, "kpr": mode in words.ON, "drift": status["drift"], "version": status["version"]}
    if isinstance(output, connect.ClusterError):
        return {**told, "error": str(output)}
    return {**told, **(answers.read(output) if output is not None else {})}
