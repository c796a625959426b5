# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: workload_missing
author: fleetops.kubeproxy_free contributors (@fleetops)
version_added: 0.1.0
short_description: What is still missing of the workload that the role verify puts in a cluster
description:
  - Returns a sentence for each node without a ready client pod, and for servers that are not ready, with what Kubernetes says about the pod.
options:
  _input:
    description: The pods of the workload's namespace, as the API returns them.
    type: list
    elements: dict
    required: true
  nodes:
    description: Names of the nodes that need a client pod.
    type: list
    elements: str
    required: true
  replicas:
    description: Number of servers.
    type: int
    required: true
  may_come:
    description: Return only what is worth waiting for, which leaves out pods that do not get their image.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Wait until the workload is ready
  kubernetes.core.k8s_info:
    kind: Pod
    namespace: kubeproxy-free-verify
  register: pods
  until: pods.resources | fleetops.kubeproxy_free.workload_missing(nodes=['worker1'], replicas=3, may_come=true) | length == 0
"""

RETURN = r"""
_value:
  description: Sentences. Empty when the workload is ready.
  type: list
  elements: str
"""

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.workload import missing


class FilterModule:
    def filters(self):
        return {"workload_missing": missing}
