# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter plugins about kubeadm, of the roles `kubeadm_init` and `handover`: thin wrappers around module_utils/_kubeadm."""

from __future__ import annotations

import json

from ansible.errors import AnsibleFilterError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts import nodes as _nodes
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import cilium, config, endpoint, networks, plan, record


def _rendered(render, node, settings):
    try:
        documents = render(node=node, **settings)
    except (config.ConfigError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"node {node.get('name')}: {error}; correct kpr_kubernetes_version, kpr_pod_cidrs and the like") from error
    return "---\n".join(json.dumps(document, indent=2) + "\n" for document in documents)


def kubeadm_init_config(node, **settings):
    return _rendered(config.init, node, settings)


def kubeadm_join_config(node, **settings):
    return _rendered(config.join, node, settings)


def kubeadm_endpoint(host, port):
    return endpoint.join(host, int(port))


def kubeadm_endpoint_parts(text):
    host, port = endpoint.split(text) or ("", 6443)
    return {"host": host, "port": port}


def kubeadm_plan(cluster, nodes, hosts, others):
    try:
        return plan.plan(cluster, nodes, hosts, others)
    except ValueError as error:
        raise AnsibleFilterError(f"cluster {cluster.get('name')}: {error}; correct kpr_node_addresses and the like") from error


def kubeadm_unready(found, names):
    seen = _nodes.summary(found)
    return {name: seen[name]["not_ready_because"] if name in seen else "there is no such Node" for name in names if name not in seen or not seen[name]["ready"]}


class FilterModule:
    def filters(self):
        return {
            "kubeadm_cilium_facts": cilium.facts,
            "kubeadm_cilium_values": cilium.values,
            "kubeadm_endpoint": kubeadm_endpoint,
            "kubeadm_endpoint_parts": kubeadm_endpoint_parts,
            "kubeadm_init_config": kubeadm_init_config,
            "kubeadm_join_config": kubeadm_join_config,
            "kubeadm_networks": networks.effective,
            "kubeadm_outlook": record.outlook,
            "kubeadm_plan": kubeadm_plan,
            "kubeadm_unready": kubeadm_unready,
            "kubeadm_with_proxy": record.with_proxy,
        }
