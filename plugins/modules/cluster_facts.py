#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_facts
short_description: Read of a cluster what matters for replacing kube-proxy
version_added: 0.1.0
description:
  - Reads, once per cluster and through the Kubernetes API, nodes, kube-proxy, kubeadm's configuration, Cilium, Services and their endpoints, volumes and
    what else meets Service traffic, and returns it as one compact dictionary without secrets.
  - It judges nothing; the filter P(fleetops.kubeproxy_free.plan_findings#filter) does.
  - The credentials need C(list) on nodes and daemonsets. Whatever else they do not allow is told in RV(facts.unread).
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
extends_documentation_fragment:
  - fleetops.kubeproxy_free._kubeconfig
  - fleetops.kubeproxy_free._attributes
  - fleetops.kubeproxy_free._attributes.info_module
options:
  cilium_namespace:
    description: Namespace of Cilium.
    type: str
    default: kube-system
  timeout:
    description: Longest time for the answer to one request, in seconds.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Read the cluster
  fleetops.kubeproxy_free.cluster_facts:
    kubeconfig: /etc/kubernetes/admin.conf
  register: cluster
"""

RETURN = r"""
facts:
  description: What was found.
  returned: always
  type: dict
  contains:
    kubernetes:
      description: Version of the API server.
      type: str
      sample: v1.34.4
    nodes:
      description:
        - By name, C(control_plane), C(os), C(kubelet), C(kernel), C(os_image), C(addresses), C(ready), C(not_ready_because), C(cordoned) (by
          somebody else than a migration), C(cordoned_by_a_run), C(moved) (a migration has moved it), C(half_way) (its wave
          began and did not end).
      type: dict
    kube_proxy:
      description:
        - C(daemonset) (V(null) if kubeadm's is not there), C(others) (C(object) and C(owner) of DaemonSets of other names that run it), C(config) with
          C(settings) and what could not be read of it, C(config_owner).
      type: dict
    kubeadm:
      description: What kubeadm keeps about the cluster, V(null) if it keeps nothing.
      type: dict
    cilium:
      description:
        - DaemonSet, operator, keys of the configuration that matter, CiliumNodeConfigs and whether they may set anything. V(null) if there is no Cilium.
      type: dict
    services:
      description:
        - Counts by type, endpoints, entries that Cilium's service map will need, addresses, and the names of Services that behave otherwise without kube-proxy.
      type: dict
    volumes:
      description: Volumes that the kernel mounts through a Service, each with C(name), C(kind), C(server) and C(service).
      type: list
      elements: dict
    known:
      description: Known meshes, virtual-IP announcers and CNIs, each with C(kind), C(product), C(object), C(desired) and C(ready).
      type: list
      elements: dict
    host_ports:
      description: Workloads whose pods have a hostPort, each with C(object) and C(ports).
      type: list
      elements: dict
    scratch:
      description: Deployments and StatefulSets whose pods have C(emptyDir) volumes, where a drain stops.
      type: list
      elements: str
    tight_budgets:
      description: PodDisruptionBudgets that allow no eviction now.
      type: list
      elements: str
    record:
      description: How far a migration of this collection is, C(phase) and C(reason). V(null) if none began.
      type: dict
    unread:
      description: Sentences about what the credentials did not let it read.
      type: list
      elements: str
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster import connect
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.api import Api
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts import facts

ARGUMENTS = {
    **connect.ARGUMENTS,
    "cilium_namespace": {"type": "str", "default": "kube-system"},
    "timeout": {"type": "int", "default": 30},
}


def main():
    """Run the module."""
    module = AnsibleModule(ARGUMENTS, mutually_exclusive=connect.MUTUALLY_EXCLUSIVE, supports_check_mode=True)
    if connect.IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=str(connect.IMPORT_ERROR))
    namespace = module.params["cilium_namespace"]
    try:
        found, unread = facts.read(Api(connect.configure(module.params), module.params["timeout"]), namespace)
    except connect.ClusterError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, facts=facts.summary(found, unread, namespace))


if __name__ == "__main__":
    main()
