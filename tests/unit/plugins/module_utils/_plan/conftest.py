# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster to plan: the API objects of a real one (kubeadm 1.34.4, Cilium 1.19.1, two nodes) and what its nodes said, to be changed by each test."""

from __future__ import annotations

import copy
import json
import pathlib

import pytest
from ansible.module_utils.common.dict_transformations import dict_merge
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts import facts
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan import findings

HERE = pathlib.Path(__file__).parent
#: Its Cilium is told as a later release, of which no fault is known.
OBJECTS = json.loads((HERE.parent / "_cluster_facts" / "fixtures" / "lab.json").read_text(encoding="utf-8").replace("1.19.1", "1.19.3"))
NODES = json.loads((HERE / "fixtures" / "nodes.json").read_text(encoding="utf-8"))
AGENT = {"error": None, "pod": "cilium-x", "health": {"state": "Ok", "message": ""}, "drift": [], "kube_proxy_replacement": {"enabled": False}}


class Cluster:
    """objects: what the API server has; nodes: what node_facts said; the rest as the role hands it over."""

    def __init__(self):
        self.objects = copy.deepcopy(OBJECTS)
        self.nodes = copy.deepcopy(NODES)
        self.agents = {name: copy.deepcopy(AGENT) for name in self.nodes}
        self.release = {"status": "deployed", "values": {}}
        self.wanted = {"cluster": "demo", "helm": "/usr/bin/helm", "helm_binary": "helm", "api_server_host": "api.example.com", "cilium_version": "1.19.3"}
        self.chart_error = ""
        self.unread = []
        self.error = None

    def object(self, kind, name):
        """An object of a list, by its name."""
        return next(one for one in self.objects[kind] if one["metadata"]["name"] == name)

    def add(self, kind, template, name, namespace="kube-system"):
        """A copy of an object under another name."""
        item = copy.deepcopy(self.object(kind, template))
        item["metadata"] = {"name": name, "namespace": namespace, "generation": 1}
        item.get("status", {}).pop("observedGeneration", None)
        self.objects[kind].append(item)
        return item

    def runs(self, image, name="stranger"):
        """A DaemonSet with this image runs in the cluster."""
        item = self.add("daemonsets", "kube-proxy", name)
        item["spec"]["template"]["spec"]["containers"][0]["image"] = image
        return item

    def config_map(self, key, value):
        """The data of a ConfigMap."""
        self.objects[key] = {"metadata": {"name": key, "namespace": "kube-system"}, "data": value}

    def cilium_config(self, **values):
        self.objects["cilium_config"]["data"].update({key.replace("_", "-"): value for key, value in values.items()})

    def record(self, phase):
        self.config_map("record", {"state.json": json.dumps({"phase": phase, "reason": ""})})

    def delete(self, kind, name):
        self.objects[kind] = [one for one in self.objects[kind] if one["metadata"]["name"] != name]

    def facts(self):
        if self.error:
            return {"error": self.error}
        return {**facts.summary(self.objects, self.unread, "kube-system"), "release": self.release, "agents": self.agents,
                "chart_error": self.chart_error}

    def plan(self, accepted=()):
        wanted = {**self.wanted, "values": dict_merge({"bpf": {"masquerade": True}}, self.wanted.get("values") or {})}
        return findings.findings(self.facts(), self.nodes, wanted, accepted)


@pytest.fixture
def cluster():
    return Cluster()
