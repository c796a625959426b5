# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking a cluster's agents: pods and configuration from the API, status and endpoints by exec, joined to one entry per node."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import ask, configured, drift, gate, pods, words
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.api import Forbidden, NotFound
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.connect import ClusterError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.run import Target, run_in_all

NOBODY = {"pod": None, "pod_uid": None, "created_at": None, "started_at": None, "restarts": None, "pod_ready": False}


class Agents:
    """The agents of one cluster. warnings tells what the credentials did not let it read."""

    def __init__(self, api, namespace, selector, nodes, timeout, parallel, settings=()):
        self._api = api
        self._namespace = namespace
        self._selector = selector
        self._wanted = nodes
        self._timeout = timeout
        self._parallel = parallel
        self._settings = settings
        self._nodes = None
        self._config_maps = {}
        self._node_configs = {}
        self._configuration_forbidden = False
        self.warnings = []

    def look(self, satisfied=None):
        """node -> entry. Entries of satisfied are kept without asking again while their pod is the same and Ready."""
        current = pods.by_node(self._api.objects(f"/api/v1/namespaces/{self._namespace}/pods", self._selector))
        entries = {node: pods.described(current[node]) if node in current else dict(NOBODY) for node in self._wanted or sorted(current)}
        kept = {node: old for node, old in (satisfied or {}).items()
                if node in entries and entries[node]["pod_uid"] == old["pod_uid"] and entries[node]["pod_ready"] == old["pod_ready"]}
        errors = {node: pods.obstacle(current[node]) if node in current else self._nobody(node) for node in entries if node not in kept}
        targets = {node: Target(self._namespace, entry["pod"], ask.CONTAINER)
                   for node, entry in entries.items() if node not in kept and errors[node] is None}
        outputs = run_in_all(self._api.configuration, targets, ask.command(self._settings), self._timeout, self._parallel) if targets else {}
        return {node: kept[node] if node in kept else self._entry(node, entry, current.get(node), outputs.get(node), errors[node])
                for node, entry in entries.items()}

    def nodes_without_agent(self, agents):
        """The cluster's nodes that have no agent pod."""
        if self._wanted:
            return []
        try:
            return sorted(set(self._node_objects()) - {node for node, agent in agents.items() if agent["pod"]})
        except Forbidden as error:
            self._warn(f"nodes_without_agent stays empty: {error}")
            return []

    def _nobody(self, node):
        return f"no pod {self._selector} in namespace {self._namespace} is on node {node}"

    def _entry(self, node, entry, pod, output, error):
        said, endpoints, settings = words.empty_status(), {"total": 0, "ready": 0, "not_ready": [], "host": None, "unread": []}, {}
        if isinstance(output, ClusterError):
            error = str(output)
        elif output is not None:
            try:
                said, endpoints, settings = ask.answer(output.stdout, output.stderr, output.code)
            except ask.Unanswered as silence:
                error = f"pod {entry['pod']}: {silence}"
        told = self._configured(node, pod) if pod else None
        agent = {**entry, **said, "unread": said["unread"] + endpoints["unread"], "host_endpoint_state": endpoints["host"],
                 "endpoints": {key: endpoints[key] for key in ("total", "ready", "not_ready")}, "settings": settings, "error": error}
        agent["configured"] = drift.of_interest(told, self._settings) if told is not None else None
        agent["drift"] = drift.drift(told, agent) if told is not None and not error else []
        return agent

    def _configured(self, node, pod):
        """The configuration that the next pod on this node would get, or None when it may not be read."""
        if self._configuration_forbidden:
            return None
        wanted = configured.sources(pod)
        try:
            for kind, namespace, name in wanted.ordered:
                if kind == configured.CONFIG_MAP:
                    self._read_config_map(namespace, name)
                elif kind == configured.NODE_CONFIG:
                    self._read_node_configs(namespace)
            this = self._node_objects().get(node, {"metadata": {"name": node}})
        except Forbidden as error:
            self._configuration_forbidden = True
            self._warn(f"configured and drift stay empty: {error}")
            return None
        return configured.resolve(wanted, self._config_maps, self._node_configs, this)

    def _node_objects(self):
        if self._nodes is None:
            self._nodes = {node["metadata"]["name"]: node for node in self._api.metadata("/api/v1/nodes")}
        return self._nodes

    def _read_config_map(self, namespace, name):
        if (namespace, name) not in self._config_maps:
            try:
                self._config_maps[(namespace, name)] = self._api.object(f"/api/v1/namespaces/{namespace}/configmaps/{name}").get("data")
            except NotFound as error:
                self._config_maps[(namespace, name)] = {}
                self._warn(str(error))

    def _read_node_configs(self, namespace):
        if namespace in self._node_configs:
            return
        self._node_configs[namespace] = []
        for version in ("v2", "v2alpha1"):  # v2 from 1.16 on
            try:
                self._node_configs[namespace] = self._api.objects(f"/apis/cilium.io/{version}/namespaces/{namespace}/ciliumnodeconfigs")
            except NotFound:
                continue
            return

    def _warn(self, message):
        if message not in self.warnings:
            self.warnings.append(message)


def all_in(agents, modes):
    """True if there are agents and every one of them runs in one of these modes."""
    return bool(agents) and all(agent["kube_proxy_replacement"]["mode"] in modes for agent in agents.values())


def failure(result, namespace, selector):
    """The message for a wait that ran out of time."""
    missing, agents = result["missing"], result["agents"]
    lines = [f"{node}: {'; '.join(sentences)}" for node, sentences in missing.items()]
    return f"after {result['waited']:.0f} s {len(missing)} of {len(agents)} agents are not as wanted. {' | '.join(lines)} | " \
           f"Next: {_next(agents.get(next(iter(missing))), namespace, selector)}"


def _next(agent, namespace, selector):
    if not agent or not agent["pod"]:
        return f"kubectl -n {namespace} get pods -o wide -l {selector}"
    if agent["error"]:
        return f"kubectl -n {namespace} describe pod {agent['pod']}"
    return f"kubectl -n {namespace} exec {agent['pod']} -c {ask.CONTAINER} -- cilium-dbg status --verbose"


def check_wanted(wanted, nodes):
    """Complain about a restarted_after that cannot be judged."""
    since = wanted.get("restarted_after")
    if isinstance(since, dict):
        unnamed = sorted(set(nodes or []) - set(since))
        if unnamed:
            raise ValueError(f"wait_for.restarted_after names no pod UID for {', '.join(unnamed)}; give every node its pod's UID from before the "
                             "change, or an empty string for a node that had none")
    elif since:
        try:
            gate.moment(str(since))
        except ValueError:
            raise ValueError(f"wait_for.restarted_after is '{since}'; expected a time like 2026-01-31T12:00:00Z or a mapping of node to pod UID") from None
