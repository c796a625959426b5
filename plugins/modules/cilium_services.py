#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cilium_services
short_description: Read what the API and every agent know of Services
version_added: 0.1.0
description:
  - Reads Services and EndpointSlices of a cluster, and asks every agent at once for its own table of Services, for the kernel's map of them, for what of the
    table has not reached the map, and for the metrics that tell of them.
  - It judges nothing; the filter P(fleetops.kubeproxy_free.diagnosis#filter) does. It reads no Secret and no environment.
  - The credentials need C(list) on services, endpointslices, nodes and pods, and C(create) and C(get) on pods/exec in Cilium's namespace.
author:
  - The fleetops.kubeproxy_free contributors (@fleetops)
extends_documentation_fragment:
  - fleetops.kubeproxy_free._kubeconfig
  - fleetops.kubeproxy_free._attributes
  - fleetops.kubeproxy_free._attributes.info_module
options:
  services:
    description: Services to look at, each C(namespace/name). All of them if empty.
    type: list
    elements: str
    default: []
  nodes:
    description: Nodes whose agents are asked. All of them if empty.
    type: list
    elements: str
    default: []
  namespace:
    description: Namespace of Cilium.
    type: str
    default: kube-system
  selector:
    description: Label selector of the agents' pods.
    type: str
    default: k8s-app=cilium
  agent_timeout:
    description: Seconds for one agent's answer, and for one answer of the API.
    type: int
    default: 30
  parallelism:
    description: Agents that are asked at the same time.
    type: int
    default: 32
"""

EXAMPLES = r"""
- name: Read what every agent knows of one Service
  fleetops.kubeproxy_free.cilium_services:
    kubeconfig: ~/.kube/prod-a
    services: [shop/web]
  register: read
  delegate_to: localhost
"""

RETURN = r"""
facts:
  description: What was found.
  returned: always
  type: dict
  contains:
    namespace:
      description: Namespace of Cilium.
      type: str
    services:
      description: By C(namespace/name) the addresses, ports, policies and C(endpoints) of each Service; C(pods) counts those that its selector matches.
      type: dict
    all_services:
      description: Whether these are all Services of the cluster.
      type: bool
    agents:
      description:
        - By node C(error), C(kpr), C(mode), C(drift), C(frontends) (the agent's table), C(maps) (the kernel's), C(unfinished), C(metrics) and C(unread)
          (answers that were not understood).
      type: dict
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster import connect
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import gather

ARGUMENTS = {
    **connect.ARGUMENTS,
    "services": {"type": "list", "elements": "str", "default": []},
    "nodes": {"type": "list", "elements": "str", "default": []},
    "namespace": {"type": "str", "default": "kube-system"},
    "selector": {"type": "str", "default": "k8s-app=cilium"},
    "agent_timeout": {"type": "int", "default": 30},
    "parallelism": {"type": "int", "default": 32},
}


def main():
    module = AnsibleModule(ARGUMENTS, mutually_exclusive=connect.MUTUALLY_EXCLUSIVE, supports_check_mode=True)
    if connect.IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=str(connect.IMPORT_ERROR))
    try:
        facts, warnings = gather.facts(module.params)
    except connect.ClusterError as error:
        module.fail_json(msg=str(error))
    for warning in warnings:
        module.warn(warning)
    module.exit_json(changed=False, facts=facts)


if __name__ == "__main__":
    main()
