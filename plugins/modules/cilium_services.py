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
  - What an agent says is compared with the API at once, and only what differs is kept. Services that differ are read a second time, from the API and from
    those agents; what is not so both times was a change under way.
  - It writes what it read into a folder, where M(fleetops.kubeproxy_free.diagnosis) judges it and makes an archive of it. For support there are also every
    agent's status and the end of its log. It reads no Secret and no environment, and masks what looks like a token or a password.
  - The credentials need C(list) on services, endpointslices, nodes, pods, networkpolicies and Cilium's policies, C(get) on namespaces; and in Cilium's
    namespace C(get) on the ConfigMap C(cilium-config) and on pods/log, C(create) and C(get) on pods/exec.
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
extends_documentation_fragment:
  - fleetops.kubeproxy_free._kubeconfig
  - fleetops.kubeproxy_free._attributes
  - fleetops.kubeproxy_free._attributes.info_module
options:
  folder:
    description: Folder for what was read. It is filled in check mode too.
    type: path
    required: true
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
    folder: /tmp/prod-a
    services: [shop/web]
  register: read
  delegate_to: localhost

- name: Try from every node
  fleetops.kubeproxy_free.service_probe:
    targets: "{{ read.targets + read.node_targets[inventory_hostname] | default([]) }}"
"""

RETURN = r"""
targets:
  description:
    - The ClusterIPs and the ready backends of the TCP ports of O(services), as M(fleetops.kubeproxy_free.service_probe) takes them, one connection each.
      Empty without O(services).
  returned: always
  type: list
  elements: dict
node_targets:
  description:
    - By node what it alone is to probe beside them - the NodePorts of the TCP ports of O(services) on its own InternalIP. Only for nodes whose agent replaces
      kube-proxy with socket load balancing, as nothing else serves a node's connections to itself. Empty without O(services).
  returned: always
  type: dict
services:
  description: How many Services were read.
  returned: always
  type: int
agents:
  description: How many agents were asked.
  returned: always
  type: int
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster import connect
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import gather, judge

ARGUMENTS = {
    **connect.ARGUMENTS,
    "folder": {"type": "path", "required": True},
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
        reading = gather.Gather(module.params)
        facts = reading.facts()
    except (connect.ClusterError, OSError) as error:
        module.fail_json(msg=str(error))
    for warning in reading.warnings:
        module.warn(warning)
    targets, of_nodes = (judge.probes(facts), judge.node_probes(facts)) if module.params["services"] else ([], {})
    module.exit_json(changed=False, targets=targets, node_targets=of_nodes, services=len(facts["services"]), agents=len(facts["agents"]))


if __name__ == "__main__":
    main()
