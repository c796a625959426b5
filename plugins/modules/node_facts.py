#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: node_facts
short_description: Read of a node what matters for replacing kube-proxy
version_added: 0.1.0
description:
  - Reads kernel, kubelet, iptables, kube-proxy, devices, CNI configuration and hostPorts of a node and tries the address of the API server, in one call.
  - It judges nothing; the filter P(fleetops.kubeproxy_free.plan_findings#filter) does.
  - Needs root for the owners of ports and for the rules, and Python 3.9 with nothing but its standard library.
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
extends_documentation_fragment:
  - fleetops.kubeproxy_free._attributes
  - fleetops.kubeproxy_free._attributes.info_module
options:
  api_servers:
    description: Where agents will find the API server without kube-proxy. Each is tried.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: Address or name.
        type: str
        required: true
      port:
        description: Port.
        type: int
        default: 6443
  api_server_timeout:
    description: Longest time for a connection to the API server, in seconds.
    type: int
    default: 5
  cilium_version:
    description: Version of Cilium that the kernel is judged for. It is not judged if it is not given.
    type: str
    default: ""
  kernel_features:
    description: Features that the kernel is judged for, as in O(fleetops.kubeproxy_free.kernel_check#module:features).
    type: list
    elements: str
    default: [kube_proxy_replacement, service_mounts]
    choices:
      - bandwidth_manager
      - big_tcp_ipv4
      - big_tcp_ipv6
      - bpf_host_routing
      - dsr_geneve
      - iptables_masquerade
      - kube_proxy_replacement
      - l7_proxy
      - netkit
      - service_mounts
      - tunnel_geneve
      - tunnel_vxlan
      - wireguard
  health_port:
    description: Port on which agents will answer health checks in kube-proxy's place. Who has it now is told.
    type: int
    default: 10256
  translations:
    description:
      - Tell also what translates connections to Services here, those that netfilter has and the programs that eBPF has. Where there are many connections this
        takes seconds.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Read the node
  fleetops.kubeproxy_free.node_facts:
    api_servers: [{host: api.example.com}]
  register: node
"""

RETURN = r"""
facts:
  description: What was found.
  returned: always
  type: dict
  contains:
    kernel:
      description: Release of the kernel that runs.
      type: str
    kernel_check:
      description:
        - C(features), and those of the C(verdicts) of M(fleetops.kubeproxy_free.kernel_check) that are not V(ok). V(null) without O(cilium_version).
      type: dict
    python:
      description: Version of the Python that the module ran with.
      type: str
    kubelet:
      description: Version of the installed kubelet, which may not be the running one.
      type: str
    iptables:
      description: C(version) and C(backend), V(nft) or V(legacy), of what C(iptables) is here.
      type: dict
    rules:
      description:
        - What kube-proxy left, as M(fleetops.kubeproxy_free.kube_proxy_rules) tells it with O(fleetops.kubeproxy_free.kube_proxy_rules#module:state=inspected),
          V(null) if it could not be read.
      type: dict
    programs:
      description: Running programs out of a short list of those that move virtual IPs or do kube-proxy's work.
      type: list
      elements: str
    connections:
      description:
        - TCP and UDP connections to addresses that are not the node's own and that netfilter translates, each with C(protocol), C(address), C(port), C(backend)
          and how many C(connections) there are. Without kube-proxy nobody ends those whose backend is gone.
        - V(null) without O(translations), or where connection tracking could not be asked.
      type: list
      elements: dict
    socket_programs:
      description:
        - Programs that are attached to the socket hooks of the root cgroup, each with C(id), C(name), C(attach_type) and C(multi) (whether others may be, too).
          V(null) without O(translations), or if the kernel did not tell.
      type: list
      elements: dict
    health_port:
      description: C(port), as O(health_port) says, and the names of its C(listeners).
      type: dict
    devices:
      description: By name C(addresses), C(default_route) and C(passed_over), why an agent would not serve NodePorts on it.
      type: dict
    cni:
      description: Files of the CNI configuration, the used one first, each with C(file), C(name), C(plugins) and C(unread).
      type: list
      elements: dict
    host_ports:
      description: hostPorts that the CNI plugin portmap serves.
      type: list
      elements: int
    api:
      description:
        - For each of O(api_servers) C(host), C(port), C(addresses) (to which the host resolves there), C(reachable), C(trusted) (whether the cluster's CA
          vouches for it, V(null) if that is not known), C(error) and C(seconds).
      type: list
      elements: dict
    unread:
      description: What could not be read.
      type: list
      elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import compat
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kernel import rules
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import health
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._node_facts import facts

ARGUMENTS = {
    "api_servers": {"type": "list", "elements": "dict", "default": [], "options": {
        "host": {"type": "str", "required": True}, "port": {"type": "int", "default": 6443}}},
    "api_server_timeout": {"type": "int", "default": 5},
    "cilium_version": {"type": "str", "default": ""},
    "kernel_features": {"type": "list", "elements": "str", "default": ["kube_proxy_replacement", "service_mounts"], "choices": list(rules.FEATURES)},
    "health_port": {"type": "int", "default": health.PORT},
    "translations": {"type": "bool", "default": False},
}


def main():
    """Run the module."""
    module = AnsibleModule(ARGUMENTS, supports_check_mode=True)
    params = module.params
    if params["cilium_version"] and compat.minor(params["cilium_version"]) is None:
        module.fail_json(msg=f"cilium_version is '{params['cilium_version']}'; expected a version such as 1.19 or 1.19.1")
    module.exit_json(changed=False, facts=facts.gather(params["api_servers"], params["api_server_timeout"], params["cilium_version"],
                                                       params["kernel_features"], params["translations"], params["health_port"]))


if __name__ == "__main__":
    main()
