# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what a diagnosis judges: Services from the API, and every agent's view of them. What is read for support goes into a folder."""

from __future__ import annotations

import concurrent.futures
import time
from urllib.parse import quote

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import agents, ask, compat, words
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.api import Api, Forbidden, NotFound
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.connect import ClusterError, configure
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.run import Target, run_in_all
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import answers, differences, evidence, expected, node_ports, policies, services

#: Of so many Services without a ready endpoint the pods are counted; each costs one request.
COUNTED = 50
#: Of so many namespaces Services are listed one namespace after the other, of more all at once.
NAMESPACES = 10
#: Seconds between the two readings: longer than an agent that is well needs to hear of a change and to write it.
SETTLE = 5
#: Lines of an agent's log that go into the archive.
LOG_LINES = 300
#: From this version on an agent can be asked what of its table has reached the map.
HAS_TABLE = (1, 17)
POLICIES = {
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies",
    "CiliumNetworkPolicy": "/apis/cilium.io/v2/namespaces/{namespace}/ciliumnetworkpolicies",
    "CiliumClusterwideNetworkPolicy": "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies",
}


class Gather:
    """One reading of a cluster. warnings tells what the credentials did not let it read."""

    def __init__(self, params, settle=SETTLE):
        self._api = Api(configure(params), params["agent_timeout"])
        self._params = params
        self._namespace = params["namespace"]
        self._settle = settle
        self.warnings = []

    def facts(self):
        """What a diagnosis judges. Raises ClusterError."""
        wanted, params = self._params["services"], self._params
        settings = self._allowed(lambda: self._api.object(f"/api/v1/namespaces/{self._namespace}/configmaps/cilium-config").get("data")) or {}
        found = self._services(wanted)
        lacking = sorted(set(wanted) - set(found))
        if lacking:
            raise ClusterError(f"Service {lacking[0]} is not there, or is of type ExternalName; expected namespace/name of one that Cilium serves; "
                               "try: kubectl get services -A")
        asked = agents.Agents(self._api, self._namespace, params["selector"], params["nodes"], params["agent_timeout"], params["parallelism"],
                              (node_ports.RANGES,))  # fmt: skip
        status = self._with_addresses(asked.look(), found, settings)
        told = self._twice(status, found, settings)
        for name in wanted or self._empty(found):
            self._look_at_pods(name, found[name])
        self._logs(status)
        self.warnings += asked.warnings
        facts = {
            "namespace": self._namespace, "kubernetes": self._api.object("/version").get("gitVersion"), "settings": settings, "services": found,
            "all_services": not wanted, "agents": {node: _agent(one, told.get(node)) for node, one in status.items()}, "warnings": self.warnings,
        }  # fmt: skip
        evidence.write(params["folder"], evidence.FACTS, facts)
        return facts

    def _allowed(self, read):
        """What was read, or None and a warning."""
        try:
            return read()
        except NotFound:
            return None
        except Forbidden as error:
            if str(error) not in self.warnings:
                self.warnings.append(str(error))
            return None

    def _services(self, wanted):
        namespaces = sorted({name.partition("/")[0] for name in wanted})
        spaces = [f"/namespaces/{quote(one)}" for one in namespaces] if 0 < len(namespaces) <= NAMESPACES else [""]
        listed = [one for space in spaces for one in self._api.objects(f"/api/v1{space}/services")]
        slices = [one for space in spaces for one in self._api.objects(f"/apis/discovery.k8s.io/v1{space}/endpointslices")]
        return {name: one for name, one in services.summary(listed, slices).items() if not wanted or name in wanted}

    def _with_addresses(self, status, found, settings):
        """Each agent's entry with the addresses on which its node is to answer NodePorts; none are read where no Service has one."""
        wanted = any(port["node_port"] for one in found.values() for port in one["ports"])
        listed = self._allowed(lambda: self._api.objects("/api/v1/nodes")) if wanted else None
        nodes, ranges = {node["metadata"]["name"]: node for node in listed or []}, settings.get(node_ports.RANGES, "")
        # what an agent has started with goes before the ConfigMap: a CiliumNodeConfig may say otherwise for its node
        return {node: {**one, "node_addresses": node_ports.addresses(nodes.get(node, {}), one["settings"].get(node_ports.RANGES, ranges))}
                for node, one in status.items()}

    def _twice(self, status, found, settings):
        """node -> what its agent says, with the differences that last. found: gets the second reading of Services that differ in the first."""
        told = self._ask([node for node, one in status.items() if not one["error"]], status, found, settings, self._params["services"], 1)
        differing = {node: one["differences"] for node, one in told.items() if not isinstance(one, ClusterError) and one["differences"]}
        names = sorted({one["service"] for different in differing.values() for one in different})
        if not names:
            return told
        time.sleep(self._settle)
        again = self._services(names)
        found.update(again)
        for node, one in self._ask(list(differing), status, again, settings, names, 2).items():
            told[node] = one if isinstance(one, ClusterError) else {**told[node], "differences": differences.lasting(differing[node], one["differences"])}
        return told

    def _ask(self, nodes, status, found, settings, names, reading):
        """node -> what its agent says, and where that is not what it should be; names: of the Services if only some are looked at."""
        fronts, some = expected.fronts(found, settings), set(names)

        def digest(node, output):
            told = answers.read(output)
            differing = differences.differences(fronts, node, told, status[node]["node_addresses"]) if _replaces(status[node]) else []
            differing = [one for one in differing if not some or one["service"] in some]
            self._keep(node, told, some or {one["service"] for one in differing}, reading)
            return {"metrics": told["metrics"], "unread": told["unread"], "differences": differing}

        targets = {node: Target(self._namespace, status[node]["pod"], ask.CONTAINER) for node in nodes}
        command, params = answers.command(names, [node_ports.text(address) for address in fronts]), self._params
        return run_in_all(self._api.configuration, targets, command, params["agent_timeout"], params["parallelism"], digest) if targets else {}

    def _keep(self, node, told, names, reading):
        """For support: the agent's status, and of its tables these Services."""
        rows = {address: {"service": row.service, "type": row.type, "active": sorted(row.active), "all": sorted(row.all),
                          "map": sorted(told["maps"].get(address, ()))}
                for address, row in told["frontends"].items() if row.service in names}
        evidence.write(self._params["folder"], f"agents/{node}/services-{reading}.json", rows)
        evidence.write(self._params["folder"], f"agents/{node}/status.json", told["status"])

    def _empty(self, found):
        """Those that have no ready endpoint and should; not more than COUNTED."""
        return [name for name, one in found.items() if one["selector"] and not any(endpoint["ready"] for endpoint in one["endpoints"])][:COUNTED]

    def _look_at_pods(self, name, service):
        if not service["selector"]:
            return
        namespace = quote(name.partition("/")[0])
        selector = ",".join(f"{key}={value}" for key, value in service["selector"].items())
        pods = self._api.objects(f"/api/v1/namespaces/{namespace}/pods", selector)
        service["pods"] = services.pods(pods)
        if name not in self._params["services"]:
            return
        labels = (self._allowed(lambda: self._api.object(f"/api/v1/namespaces/{namespace}")) or {"metadata": {}})["metadata"].get("labels") or {}
        for kind, path in POLICIES.items():
            read = self._allowed(lambda path=path: self._api.objects(path.format(namespace=namespace))) or []
            service["policies"] += policies.selecting([{**one, "kind": kind} for one in read], pods, labels)

    def _logs(self, status):
        """The last lines of every agent's log, for support."""

        def one(entry):
            node, agent = entry
            path = f"/api/v1/namespaces/{self._namespace}/pods/{agent['pod']}/log"
            try:
                said = self._allowed(lambda: self._api.text(path, {"container": ask.CONTAINER, "tailLines": LOG_LINES, "timestamps": "true"}))
            except ClusterError as error:
                said = str(error)
            if said is not None:
                evidence.write(self._params["folder"], f"agents/{node}/log.txt", said)

        with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, self._params["parallelism"])) as pool:
            list(pool.map(one, [(node, agent) for node, agent in status.items() if agent["pod"]]))


def _replaces(status):
    return status["kube_proxy_replacement"]["mode"] in words.ON


def _agent(status, told):
    agent = {"error": status["error"], "mode": status["kube_proxy_replacement"]["mode"], "kpr": _replaces(status), "drift": status["drift"],
             "version": status["version"], "devices": status["kube_proxy_replacement"]["devices"], "node_addresses": status["node_addresses"],
             "socket_lb": bool(status["features"].get("socket_lb")), "metrics": [], "unread": [], "differences": []}  # fmt: skip
    if isinstance(told, ClusterError):
        return {**agent, "error": str(told)}
    if told is None:
        return agent
    has_table = (compat.minor(status["version"] or "") or HAS_TABLE) >= HAS_TABLE
    return {**agent, **told, "unread": [one for one in told["unread"] if has_table or "db/show" not in one]}
