# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.fleetops.kubeproxy_free.plugins.modules import service_objects

pytest.importorskip("kubernetes")


def call(fake_api, capsys, *reads):
    with patch_module_args({"kubeconfig": fake_api.kubeconfig, "reads": list(reads)}), pytest.raises(SystemExit):
        service_objects.main()
    return json.loads(capsys.readouterr().out)


def named(*names):
    return [{"metadata": {"name": name, "managedFields": [{"manager": "kubectl"}]}} for name in names]


def test_all_is_read_at_once_and_each_kind_told_apart(fake_api, capsys):
    fake_api.objects.update({
        "/api/v1/nodes": named("cp1"), "/api/v1/namespaces/a/services": named("one"), "/api/v1/namespaces/b/services": named("two"),
        "/apis/discovery.k8s.io/v1/namespaces/a/endpointslices": named("one-1"), "/api/v1/pods": named(*(f"pod-{number}" for number in range(600))),
        "/api/v1/namespaces/kube-system/configmaps/kube-proxy": named("kube-proxy")[0],
    })  # fmt: skip
    result = call(fake_api, capsys, {"kind": "Node"}, {"kind": "Service", "namespaces": ["a", "b"]}, {"kind": "Pod"}, {"kind": "Service", "namespaces": []},
                  {"kind": "EndpointSlice", "namespaces": ["a"], "selector": "k8s-app=kube-dns"},
                  {"kind": "ConfigMap", "namespaces": ["kube-system", "a"], "name": "kube-proxy"})  # fmt: skip
    found = {kind: [one["metadata"] for one in objects] for kind, objects in result["objects"].items()}
    assert len(found.pop("Pod")) == 600
    assert found == {"Node": [{"name": "cp1"}], "Service": [{"name": "one"}, {"name": "two"}], "EndpointSlice": [{"name": "one-1"}],
                     "ConfigMap": [{"name": "kube-proxy"}]}  # fmt: skip
    assert not result["changed"]
    assert [query.get("labelSelector") for path, query in fake_api.requests if path.endswith("endpointslices")] == ["k8s-app=kube-dns"]


def test_what_two_reads_name_is_there_once(fake_api, capsys):
    dns = {"metadata": {"namespace": "kube-system", "name": "kube-dns"}}
    fake_api.objects.update({
        "/api/v1/namespaces/kube-system/services": [dns], "/api/v1/namespaces/shop/services": [{"metadata": {"namespace": "shop", "name": "kube-dns"}}],
    })  # fmt: skip
    result = call(fake_api, capsys, {"kind": "Service", "namespaces": ["kube-system", "shop", "shop"]},
                  {"kind": "Service", "namespaces": ["kube-system"], "selector": "k8s-app=kube-dns"})  # fmt: skip
    assert [one["metadata"]["namespace"] for one in result["objects"]["Service"]] == ["kube-system", "shop"]


def test_what_may_not_be_read_is_told(fake_api, capsys):
    fake_api.statuses["/api/v1/namespaces/a/services"] = 403
    result = call(fake_api, capsys, {"kind": "Service", "namespaces": ["a"]})
    assert result["failed"] and "does not allow these credentials this request for /api/v1/namespaces/a/services" in result["msg"]
