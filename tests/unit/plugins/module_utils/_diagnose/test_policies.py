# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies select pods by labels, in the words of Kubernetes and of Cilium."""

from __future__ import annotations

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import policies

POD = {"metadata": {"namespace": "shop", "name": "web-1", "labels": {"app": "web"}}, "spec": {"serviceAccountName": "web"},
       "status": {"podIPs": [{"ip": "10.1.0.2"}]}}


def selecting(kind, spec, pods=(POD,), **more):
    metadata = {"name": "p", **({} if "Clusterwide" in kind else {"namespace": "shop"})}
    found = policies.selecting([{"kind": kind, "metadata": metadata, "spec": spec, **more}], list(pods), {"team": "a"})
    return [(one["name"], one["addresses"], one["opens"]) for one in found]


@pytest.mark.parametrize("spec, opens", [
    ({"podSelector": {}}, [False]),
    ({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress", "Egress"], "ingress": []}, [False]),
    ({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"from": [{"podSelector": {}}]}]}, [True]),
    ({"podSelector": {}, "ingress": [{}]}, [True]),
    ({"podSelector": {"matchLabels": {"app": "other"}}}, []),
    ({"podSelector": {}, "policyTypes": ["Egress"]}, []),
    ({"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}}, [False]),
    ({"podSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}}, []),
    ({"podSelector": {"matchExpressions": [{"key": "tier", "operator": "Exists"}]}}, []),
    ({"podSelector": {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}}, [False]),
])  # fmt: skip
def test_network_policies(spec, opens):
    assert selecting("NetworkPolicy", spec) == [("NetworkPolicy shop/p", ["10.1.0.2"], one) for one in opens]


@pytest.mark.parametrize("spec, opens", [
    ({"endpointSelector": {}, "ingress": [{}]}, [False]),
    ({"endpointSelector": {"matchLabels": {"k8s:app": "web"}}, "ingress": [{"fromEntities": ["cluster"]}]}, [True]),
    ({"endpointSelector": {"matchLabels": {"any:app": "web", "k8s:io.kubernetes.pod.namespace": "shop"}}, "ingress": [{}]}, [False]),
    ({"endpointSelector": {"matchLabels": {"k8s:io.kubernetes.pod.namespace": "other"}}, "ingress": [{}]}, []),
    ({"endpointSelector": {"matchLabels": {"io.cilium.k8s.policy.serviceaccount": "web", "io.cilium.k8s.namespace.labels.team": "a"}},
      "ingress": [{}]}, [False]),
    ({"endpointSelector": {}, "ingress": []}, []),
    ({"endpointSelector": {}, "egress": [{}]}, []),
    ({"endpointSelector": {}, "ingress": [{}], "enableDefaultDeny": {"ingress": False}}, []),
    ({"endpointSelector": {}, "ingressDeny": [{"fromEntities": ["remote-node"]}]}, [True]),
    ({"nodeSelector": {}, "ingress": [{}]}, []),
])  # fmt: skip
def test_policies_of_cilium(spec, opens):
    assert [one[2] for one in selecting("CiliumNetworkPolicy", spec)] == opens
    assert selecting("CiliumClusterwideNetworkPolicy", spec) == [("CiliumClusterwideNetworkPolicy p", ["10.1.0.2"], one) for one in opens]


def test_a_policy_may_have_several_parts():
    assert [one[2] for one in selecting("CiliumNetworkPolicy", None, specs=[{"endpointSelector": {}, "ingress": [{}]}, {"endpointSelector": {}}])] == [False]


def test_pods_of_the_hosts_network_are_out_of_reach():
    assert selecting("NetworkPolicy", {"podSelector": {}}, [{**POD, "spec": {"hostNetwork": True}}]) == []
