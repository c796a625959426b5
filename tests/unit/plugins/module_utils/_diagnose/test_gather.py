# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read twice, and what becomes of it. In place of the API server and the agents are lists of what they say, one reading after the other."""

from __future__ import annotations

import json

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import words
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.api import Forbidden, NotFound
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.connect import ClusterError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.run import Output
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import answers, evidence, gather

from .conftest import ADDRESSES, FIRST, SECOND

PARAMS = {"namespace": "kube-system", "selector": "k8s-app=cilium", "nodes": [], "services": [], "agent_timeout": 5, "parallelism": 2}


def answer(*backends, at=(), **changed):
    """What an agent prints that sends all addresses of shop/web to these backends, or some to others. at: where its map has the NodePort, too."""
    rows = {address: changed.get(kind, backends) for address, kind in ADDRESSES.items()}
    table = "".join(f"shop/web\t{ADDRESSES[address]}\t{address.rpartition(':')[0]}\t{address.rpartition(':')[2][:-4]}\tTCP\texternal\t"
                    + "".join(f"{one.replace(':', ',')},active " for one in leads) + "\n" for address, leads in rows.items())  # fmt: skip
    maps = "".join(f"{address}\t{' '.join(f'{one}/TCP' for one in leads)}\n" for address, leads in rows.items())
    maps += "".join(f"{address}:30080/TCP\t\n" for address in at)
    head = "Address Type ServiceName PortName Backends RedirectTo Status Since Error\n"
    return Output("".join(f"{part}\n{answers.MARK} 0\n" for part in (table, maps, head, "[]", '{"cilium": {"state": "Ok"}}')), "", 0)


class Said:
    """Each list has what is said in one reading after the other; the last is said again and again."""

    def __init__(self, cluster):
        self.services, self.slices = [[cluster.service]], [[cluster.slice]]
        self.agents = {"w1": [answer(FIRST, SECOND)], "w2": [answer(FIRST, SECOND)]}
        self.paths = {"/api/v1/namespaces/kube-system/configmaps/cilium-config": {"data": {"enable-ipv4": "true", "etcd-password": "hunter2"}},
                      "/version": {"gitVersion": "v1.34.4"}}  # fmt: skip
        self.forbidden = ()
        self.asked = []

    @staticmethod
    def next(said):
        return said.pop(0) if len(said) > 1 else said[0]

    # -- Api
    configuration = None

    def object(self, path):
        if path not in self.paths:
            raise NotFound(path)
        return self.paths[path]

    def objects(self, path, selector=None):
        self.asked.append(path)
        if path.rpartition("/")[2] in self.forbidden:
            raise Forbidden(f"not allowed to read {path}")
        if path.endswith("/services"):
            return self.next(self.services)
        if path.endswith("/endpointslices"):
            return self.next(self.slices)
        return self.paths.get(path, [])

    def text(self, path, query):
        if "log" in self.forbidden:
            raise Forbidden(f"not allowed to read {path}")
        return f"the end of {path}, token=hunter2"

    # -- agents
    def look(self):
        return {node: {"pod": f"cilium-{node}", "error": None, "drift": [], **words.empty_status(), "version": "1.19.1", "features": {"socket_lb": True},
                       "settings": {}, "kube_proxy_replacement": {"mode": "true", "devices": []}} for node in self.agents}  # fmt: skip

    def run(self, _configuration, targets, command, _timeout, _parallel, digest):
        self.command = command
        said = {node: self.next(self.agents[node]) for node in targets}
        return {node: one if isinstance(one, ClusterError) else digest(node, one) for node, one in said.items()}


@pytest.fixture
def said(cluster, monkeypatch):
    made = Said(cluster)
    monkeypatch.setattr(gather, "configure", lambda _params: None)
    monkeypatch.setattr(gather, "Api", lambda *_words: made)
    monkeypatch.setattr(gather, "run_in_all", made.run)
    monkeypatch.setattr(gather.agents, "Agents", lambda *_words: type("Agents", (), {"look": staticmethod(made.look), "warnings": []}))
    return made


@pytest.fixture
def read(said, tmp_path):
    def do(*wanted):
        reading = gather.Gather({**PARAMS, "services": list(wanted), "folder": str(tmp_path)}, settle=0)
        return reading, reading.facts()

    return do


def differences(facts):
    return {node: [(one["kind"], one["more"], one["less"]) for one in agent["differences"]] for node, agent in facts["agents"].items()}


def test_what_is_well_is_read_once(said, read, tmp_path):
    reading, facts = read()
    assert differences(facts) == {"w1": [], "w2": []} and reading.warnings == []
    assert said.asked.count("/api/v1/services") == 1
    assert evidence.facts(tmp_path)["settings"] == {"enable-ipv4": "true", "etcd-password": "(masked)"}
    assert json.loads((tmp_path / "agents/w1/services-1.json").read_text()) == {}
    assert json.loads((tmp_path / "agents/w2/status.json").read_text()) == {"cilium": {"state": "Ok"}}
    assert (tmp_path / "agents/w1/log.txt").read_text() == "the end of /api/v1/namespaces/kube-system/pods/cilium-w1/log, token=(masked)"


def test_a_rollout_is_no_fault(said, read, cluster):
    """The API was read before a pod came that both agents have already; w2 is late once."""
    newer = {**cluster.slice, "endpoints": [cluster.slice["endpoints"][0], {"addresses": ["10.1.2.4"], "nodeName": "w2", "conditions": {"ready": True}}]}
    said.slices.append([newer])
    said.agents = {"w1": [answer(FIRST, "10.1.2.4:8080")], "w2": [answer(FIRST, "10.1.9.9:8080"), answer(FIRST, "10.1.2.4:8080")]}
    _reading, facts = read()
    assert differences(facts) == {"w1": [], "w2": []}
    assert [one["address"] for one in facts["services"]["shop/web"]["endpoints"]] == ["10.1.0.2", "10.1.2.4"], "judged by the later reading"


def test_what_lasts_is_a_fault(said, read, tmp_path):
    said.agents["w2"] = [answer(FIRST, SECOND, NodePort=(FIRST, "10.1.9.9:8080"))]
    _reading, facts = read()
    assert differences(facts) == {"w1": [], "w2": [("backends-differ", ["10.1.9.9:8080"], [SECOND])]}
    assert said.asked.count("/api/v1/namespaces/shop/services") == 1, "only that namespace is read again"
    again = json.loads((tmp_path / "agents/w2/services-2.json").read_text())
    assert again["0.0.0.0:30080/TCP"] == {"service": "shop/web", "type": "NodePort", "active": [FIRST, "10.1.9.9:8080"], "all": [FIRST, "10.1.9.9:8080"],
                                          "map": [FIRST, "10.1.9.9:8080"]}  # fmt: skip
    assert not (tmp_path / "agents/w1/services-2.json").exists()


def test_an_agent_that_is_silent_the_second_time(said, read):
    said.agents["w2"] = [answer(FIRST), ClusterError("pod kube-system/cilium-w2: it went away")]
    _reading, facts = read()
    assert facts["agents"]["w2"]["error"] == "pod kube-system/cilium-w2: it went away" and facts["agents"]["w2"]["differences"] == []


def test_a_service_that_goes_meanwhile(said, read):
    said.services.append([])
    said.agents["w2"] = [answer(FIRST), answer(FIRST)]
    _reading, facts = read()
    assert differences(facts) == {"w1": [], "w2": []}


def test_agents_that_leave_services_to_kube_proxy_are_not_compared(said, read):
    look = said.look
    said.look = lambda: {node: {**one, "kube_proxy_replacement": {"mode": "false", "devices": []}} for node, one in look().items()}
    said.agents["w1"] = [answer()]
    assert differences(read()[1])["w1"] == []


NODES = [{"metadata": {"name": name}, "status": {"addresses": [{"type": "InternalIP", "address": address}]}}
         for name, address in (("w1", "172.16.0.11"), ("w2", "172.16.0.12"))]  # fmt: skip


@pytest.fixture
def on_another_device(said):
    """The agent on w2 serves NodePorts there, and not on the address of its node."""
    said.paths["/api/v1/nodes"] = NODES
    said.agents = {"w1": [answer(FIRST, SECOND, at=["172.16.0.11"])], "w2": [answer(FIRST, SECOND, at=["198.51.100.2"])]}


def test_node_ports_are_looked_for_at_each_nodes_own_address(read, on_another_device):
    _reading, facts = read()
    assert {node: [(one["kind"], one["service"], one["address"]) for one in agent["differences"]] for node, agent in facts["agents"].items()} == {
        "w1": [], "w2": [("node-port-missing", "shop/web", "172.16.0.12:30080/TCP")]}  # fmt: skip
    assert {node: agent["node_addresses"] for node, agent in facts["agents"].items()} == {"w1": ["172.16.0.11"], "w2": ["172.16.0.12"]}


def test_a_node_port_that_is_late_at_its_node_is_no_fault(said, read, on_another_device):
    said.agents["w2"].append(answer(FIRST, SECOND, at=["172.16.0.12"]))
    assert differences(read()[1])["w2"] == []


def test_ranges_of_node_ports_are_respected(said, read, on_another_device):
    said.paths["/api/v1/namespaces/kube-system/configmaps/cilium-config"]["data"]["nodeport-addresses"] = "198.51.100.0/24"
    assert differences(read()[1])["w2"] == []
    look = said.look
    said.look = lambda: {node: {**one, "settings": {"nodeport-addresses": "172.16.0.0/16"}} for node, one in look().items()}
    assert [kind for kind, _more, _less in differences(read()[1])["w2"]] == ["node-port-missing"], "what the agent has started with counts"


def test_nodes_that_may_not_be_read_are_not_compared(said, read, on_another_device):
    said.forbidden = ("nodes",)
    reading, facts = read()
    assert differences(facts)["w2"] == [] and [one for one in reading.warnings if "/api/v1/nodes" in one]


def test_without_node_ports_no_node_is_read(said, read, cluster):
    cluster.service["spec"].update(type="ClusterIP")
    del cluster.service["spec"]["ports"][0]["nodePort"]
    read()
    assert "/api/v1/nodes" not in said.asked


def test_one_service_with_its_pods_and_policies(said, read, tmp_path):
    pod = {"metadata": {"namespace": "shop", "labels": {"app": "web"}},
           "status": {"podIPs": [{"ip": "10.1.0.2"}], "conditions": [{"type": "Ready", "status": "True"}]}}
    said.paths["/api/v1/namespaces/shop/pods"] = [pod]
    deny = {"metadata": {"namespace": "shop", "name": "deny"}, "spec": {"podSelector": {}}}
    said.paths["/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies"] = [deny]
    said.forbidden = ("ciliumnetworkpolicies", "log")
    reading, facts = read("shop/web")
    web = facts["services"]["shop/web"]
    assert said.command[-2:] == ["shop/web", "10.96.0.8:80\n:30080\n192.0.2.9:80"]
    assert web["pods"] == {"matching": 1, "ready": 1}
    assert web["policies"] == [{"name": "NetworkPolicy shop/deny", "addresses": ["10.1.0.2"], "opens": False}]
    assert [one for one in reading.warnings if "ciliumnetworkpolicies" in one] and [one for one in reading.warnings if "/log" in one]
    assert set(json.loads((tmp_path / "agents/w1/services-1.json").read_text())) == set(ADDRESSES) and not (tmp_path / "agents/w1/log.txt").exists()


def test_a_service_that_is_not_there(read):
    with pytest.raises(ClusterError, match="Service shop/nothing is not there.*kubectl get services -A"):
        read("shop/nothing")


def test_older_agents_have_no_table_to_be_told(said, read):
    said.agents["w1"][0] = Output(said.agents["w1"][0].stdout.replace("Address Type", "unknown command"), "", 0)
    assert read()[1]["agents"]["w1"]["unread"]
    look = said.look
    said.look = lambda: {node: {**one, "version": "1.16.9"} for node, one in look().items()}
    assert read()[1]["agents"]["w1"]["unread"] == []
