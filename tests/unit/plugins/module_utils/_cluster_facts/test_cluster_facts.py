# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of a cluster out of API objects: those of a real cluster in fixtures/, changed by each test."""

from __future__ import annotations

import json
import pathlib

import pytest
import yaml
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils import _plan
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.api import Forbidden, NotFound
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts import (
    cilium,
    facts,
    kube_proxy,
    kubeadm,
    owner,
    record,
    services,
    surroundings,
    workload,
)
from hypothesis import given
from hypothesis import strategies as st

OBJECTS = (pathlib.Path(__file__).parent / "fixtures" / "lab.json").read_text(encoding="utf-8")


@pytest.fixture
def objects():
    return json.loads(OBJECTS)


class FakeApi:
    """Stands for the API server; answers by path."""

    def __init__(self, objects, forbidden=()):
        self.objects_by_path = {path.format(cilium="cilium"): objects[name] for table in (facts.LISTS, facts.OBJECTS) for name, path in table.items()}
        self.forbidden = forbidden
        self.asked = []

    def object(self, path):
        self.asked.append(path)
        if any(word in path for word in self.forbidden):
            raise Forbidden(f"refused: {path}")
        if self.objects_by_path[path] is None:
            raise NotFound(path)
        return self.objects_by_path[path]

    objects = object


def test_each_object_is_asked_for_once(objects):
    api = FakeApi(objects)
    found, unread = facts.read(api, "cilium")
    assert found == objects and unread == []
    assert len(api.asked) == len(set(api.asked)) == len(facts.LISTS) + len(facts.OBJECTS)


def test_what_must_not_be_read_is_told(objects):
    found, unread = facts.read(FakeApi(objects, ["persistentvolumes"]), "cilium")
    assert found["volumes"] is None and unread == ["refused: /api/v1/persistentvolumes"]
    assert facts.summary(found, unread, "kube-system")["unread"] == unread


def test_without_nodes_there_is_nothing_to_say(objects):
    with pytest.raises(Forbidden):
        facts.read(FakeApi(objects, ["nodes"]), "cilium")


def test_an_empty_cluster(objects):
    nothing = {name: [] if name in facts.LISTS else None for name in objects}
    found = facts.summary({**nothing, "node_configs_v2": None, "node_configs_v2alpha1": None}, [], "kube-system")
    assert (found["cilium"], found["kubeadm"], found["record"], found["kube_proxy"]["daemonset"]) == (None, None, None, None)


def test_a_real_cluster(objects):
    found = facts.summary(objects, [], "kube-system")
    assert found["kubernetes"] == "v1.34.4"
    assert found["nodes"]["cp1"]["control_plane"] and not found["nodes"]["worker1"]["control_plane"]
    assert found["nodes"]["worker1"]["addresses"] == ["172.20.0.12"] and found["nodes"]["worker1"]["ready"]
    assert found["kube_proxy"]["config"]["settings"]["mode"] == "iptables"
    assert found["kubeadm"] == {"unread": None, "api_version": "v1beta4", "kubernetes_version": "v1.34.4", "control_plane_endpoint": "api.plan.lab:6443",
                                "proxy_disabled": False, "node_port_range": None}
    agents = found["cilium"]
    assert (agents["version"], agents["agents"], agents["owner"]["name"]) == ("1.19.1", {"desired": 2, "ready": 2, "current": True}, "Helm")
    assert agents["overrides"] == {"read": True, "allowed": [], "denied": []} and agents["node_config_served"] == ["v2", "v2alpha1"]


def test_facts_hold_no_secrets(objects):
    """Neither credentials of kube-proxy's ConfigMap nor configuration that nobody asked for."""
    objects["kube_proxy_config"]["data"]["kubeconfig.conf"] = "token: hunter2"
    objects["cilium_config"]["data"]["my-own-key"] = "hunter2"
    assert "hunter2" not in json.dumps(facts.summary(objects, [], "kube-system"))


# -- owners

@pytest.mark.parametrize(("name", "where", "mark"), owner.MARKS)
def test_each_mark_names_its_owner(name, where, mark):
    key = f"{mark}x" if mark.endswith("/") else mark
    metadata = {"managedFields": [{"manager": key}]} if where == "managers" else {where: {key: "value"}}
    found = owner.owner({"metadata": metadata})
    assert found["name"] == name and key in found["evidence"]


def test_a_manager_comes_before_the_tool_it_uses():
    marks = {"meta.helm.sh/release-name": "cilium", "argocd.argoproj.io/tracking-id": "x"}
    assert owner.owner({"metadata": {"annotations": marks}})["name"] == "Argo CD"


def test_an_owner_reference_is_an_owner():
    assert owner.owner({"metadata": {"ownerReferences": [{"kind": "Addon", "name": "kube-proxy"}]}})["name"] == "Addon kube-proxy"


@pytest.mark.parametrize(
    "metadata", [{}, {"labels": {"k8s-app": "kube-proxy"}, "managedFields": [{"manager": "kubeadm"}, {"manager": "kube-controller-manager"}]}]
)
def test_kubeadm_is_no_owner(metadata):
    assert owner.owner({"metadata": metadata}) is None


def test_every_key_of_the_tables_has_a_reader():
    folder = pathlib.Path(_plan.__path__[0]).parent
    code = "".join(path.read_text(encoding="utf-8") for path in [*folder.glob("_plan/*.py"), folder / "_cluster_facts" / "services.py"])
    assert [key for key in (*cilium.KEYS, *kube_proxy.SETTINGS) if f'"{key}"' not in code] == []


# -- kube-proxy's and kubeadm's configuration

@given(st.text())
def test_no_text_makes_kube_proxys_settings_a_guess(text):
    found = kube_proxy.config({"data": {"config.conf": text}})
    assert found["unread"] or yaml.safe_load(text)["kind"] == "KubeProxyConfiguration"


@given(st.integers(0, 400), st.text(max_size=3))
def test_a_damaged_configuration_is_read_right_or_told(place, inserted):
    text = json.loads(OBJECTS)["kube_proxy_config"]["data"]["config.conf"]
    damaged = text[:place] + inserted + text[place:]
    found = kube_proxy.config({"data": {"config.conf": damaged}})
    if not found["unread"]:
        assert found["settings"].get("mode") in (yaml.safe_load(damaged).get("mode"), None)


@given(st.text())
def test_no_text_makes_kubeadms_record_a_guess(text):
    found = kubeadm.summary({"data": {"ClusterConfiguration": text}})
    assert found["unread"] or isinstance(yaml.safe_load(text), dict)


@pytest.mark.parametrize("extra", [{"service-node-port-range": "20000-22767"}, [{"name": "service-node-port-range", "value": "20000-22767"}]])
def test_the_servers_node_port_range_in_both_versions(extra):
    text = yaml.safe_dump({"apiServer": {"extraArgs": extra}})
    assert kubeadm.summary({"data": {"ClusterConfiguration": text}})["node_port_range"] == "20000-22767"


@pytest.mark.parametrize("data", [{}, {"state.json": ""}, {"state.json": "[]"}, {"state.json": '{"phase": 3}'}, {"state.json": "{"}])
def test_a_damaged_record_is_told(data):
    assert record.summary({"data": data})["unread"]


# -- workloads and images

@pytest.mark.parametrize(("image", "name", "tag"), [
    ("registry.example:5000/a/kube-proxy:v1.34.4", "kube-proxy", "v1.34.4"),
    ("kube-proxy@sha256:0123", "kube-proxy", None),
    ("registry.example:5000/kube-proxy", "kube-proxy", None),
    ("a/kube-proxy:v1@sha256:01", "kube-proxy", "v1"),
])
def test_names_and_tags_of_images(image, name, tag):
    assert (workload.image_name(image), workload.image_tag(image)) == (name, tag)


def _workload(image, **spec):
    return {"metadata": {"name": "x", "namespace": "y"}, "status": {"desiredNumberScheduled": 1},
            "spec": {"template": {"spec": {"containers": [{"name": "x", "image": image}], **spec}}}}


@pytest.mark.parametrize(("image", "product"), [
    ("docker.io/istio/pilot:1.27.0", "Istio"), ("cr.l5d.io/linkerd/controller:edge-25.1", "Linkerd"), ("quay.io/metallb/speaker:v0.15", "MetalLB"),
    ("docker.io/calico/node:v3.30", "Calico"), ("ghcr.io/kube-vip/kube-vip:v1.0", "kube-vip"), ("ghcr.io/flannel-io/flannel:v0.27", "Flannel"),
    ("example/node:1", None), ("example/controller:2", None), ("example/proxy:2", None), ("registry/speaker:1", None),
])
def test_known_products_by_their_images(image, product):
    assert [entry["product"] for entry in surroundings.known([_workload(image)])] == ([product] if product else [])


def test_a_host_port_on_the_hosts_network_is_none():
    ports = [{"containerPort": 80, "hostPort": 80}]
    item = _workload("x")
    item["spec"]["template"]["spec"]["containers"][0]["ports"] = ports
    assert surroundings.host_ports([item]) == [{"object": "DaemonSet y/x", "ports": [80]}]
    item["spec"]["template"]["spec"]["hostNetwork"] = True
    assert surroundings.host_ports([item]) == []


@pytest.mark.parametrize("spec", [
    {"nfs": {"server": "nfs.example.com"}}, {"nfs": {"server": "192.0.2.4"}}, {"hostPath": {"path": "/x"}},
    {"accessModes": ["ReadWriteOnce"], "csi": {"driver": "driver.longhorn.io"}},
])
def test_volumes_that_use_no_service(spec):
    assert surroundings.volumes([{"metadata": {"name": "v"}, "spec": spec}], {"10.96.0.9": "a/b"}) == []


# -- Services

def _service(**spec):
    return {"metadata": {"name": "s", "namespace": "n"}, "spec": {"clusterIPs": ["10.96.0.9"], "ports": [{"port": 80}], **spec}}


@pytest.mark.parametrize(("spec", "backends", "entries"), [
    ({}, 3, 4),
    ({"clusterIPs": ["None"]}, 3, 0),
    ({"ports": [{"port": 80}, {"port": 81}]}, 3, 8),
    ({"externalIPs": ["203.0.113.1"]}, 3, 8),
    ({"ports": [{"port": 80, "nodePort": 30080}]}, 3, 12),
    ({"ports": [{"port": 80, "nodePort": 30080}], "externalTrafficPolicy": "Local"}, 3, 24),
    ({"clusterIPs": ["10.96.0.9", "fd00::9"], "ipFamilies": ["IPv4", "IPv6"], "ports": [{"port": 80, "nodePort": 30080}]}, 3, 24),
])
def test_entries_in_the_service_map(spec, backends, entries):
    assert services.map_entries(_service(**spec), backends) == entries


def test_node_ports_are_only_told_at_their_ends():
    found = services.summary([_service(ports=[{"port": 1, "nodePort": port} for port in (30100, 30002, 31000)])], [], None)
    assert found["node_ports"] == {"lowest": [30002, "n/s"], "highest": [31000, "n/s"]}


def test_endpoints_of_all_slices_of_a_service_count():
    one = {"metadata": {"namespace": "n", "labels": {services.SERVICE_NAME: "s"}}, "endpoints": [{}, {}]}
    assert services.summary([_service()], [one, one], None)["map_entries"] == 5
