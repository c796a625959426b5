# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of a cluster, once, and how it becomes one compact dictionary without secrets."""
from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.api import Forbidden, NotFound
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts import cilium, kube_proxy, kubeadm, nodes, record, services, surroundings

# One request each. {cilium} is Cilium's namespace. A list ends in the plural, an object in its name.
LISTS = {
    "nodes": "/api/v1/nodes",
    "daemonsets": "/apis/apps/v1/daemonsets",
    "deployments": "/apis/apps/v1/deployments",
    "statefulsets": "/apis/apps/v1/statefulsets",
    "services": "/api/v1/services",
    "slices": "/apis/discovery.k8s.io/v1/endpointslices",
    "volumes": "/api/v1/persistentvolumes",
    "budgets": "/apis/policy/v1/poddisruptionbudgets",
    "node_configs_v2": "/apis/cilium.io/v2/namespaces/{cilium}/ciliumnodeconfigs",
    "node_configs_v2alpha1": "/apis/cilium.io/v2alpha1/namespaces/{cilium}/ciliumnodeconfigs",
}
OBJECTS = {
    "version": "/version",
    "kubernetes_service": "/api/v1/namespaces/default/services/kubernetes",
    "kube_proxy_config": "/api/v1/namespaces/kube-system/configmaps/kube-proxy",
    "kubeadm_config": "/api/v1/namespaces/kube-system/configmaps/kubeadm-config",
    "cilium_config": "/api/v1/namespaces/{cilium}/configmaps/cilium-config",
    "node_config_kind": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/ciliumnodeconfigs.cilium.io",
    "record": "/api/v1/namespaces/kube-system/configmaps/kubeproxy-free",
}
# Without these there is nothing to say about a cluster, so that not being allowed to read them is an error.
NEEDED = ("nodes", "daemonsets")


def read(api, cilium_namespace):
    """Return what was found under the names above (None: does not exist) and sentences about what must not be read."""
    found, unread = {}, []
    for table, ask in ((LISTS, api.objects), (OBJECTS, api.object)):
        for name, path in table.items():
            try:
                found[name] = ask(path.format(cilium=cilium_namespace))
            except NotFound:
                found[name] = None
            except Forbidden as error:
                if name in NEEDED:
                    raise
                found[name] = None
                unread.append(str(error))
    return found, unread


def summary(found, unread, cilium_namespace):
    """Return the facts; pure."""
    versions = [name for name in ("v2", "v2alpha1") if found[f"node_configs_{name}"] is not None]
    node_configs = found[f"node_configs_{versions[0]}"] if versions else None
    return {
        "kubernetes": found["version"].get("gitVersion") if found["version"] else None,
        "nodes": nodes.summary(found["nodes"]),
        "kube_proxy": kube_proxy.summary(found["daemonsets"], found["kube_proxy_config"]),
        "kubeadm": kubeadm.summary(found["kubeadm_config"]),
        "cilium": cilium.summary(found, node_configs, versions, cilium_namespace),
        "services": services.summary(found["services"] or [], found["slices"] or [], found["kubernetes_service"]),
        "volumes": surroundings.volumes(found["volumes"] or [], services.cluster_ips(found["services"] or [])),
        "known": surroundings.known((found["daemonsets"] or []) + (found["deployments"] or [])),
        "host_ports": surroundings.host_ports((found["daemonsets"] or []) + (found["deployments"] or [])),
        "scratch": surroundings.scratch((found["deployments"] or []) + [{**one, "kind": "StatefulSet"} for one in found["statefulsets"] or []]),
        "tight_budgets": surroundings.tight_budgets(found["budgets"] or []),
        "record": record.summary(found["record"]),
        "unread": unread,
    }
