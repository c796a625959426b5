#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: tune_effects
short_description: See on a node whether options of the replacement do what they say, or can
version_added: 0.1.0
description:
  - Looks for the effects of options that show on the node itself, and fails with a sentence for each that is missing. It changes nothing.
  - What is not given is not looked for.
  - With O(before=true) it is asked before agents start with these options, and tells whether they would.
  - Needs Python 3.9 and nothing but its standard library.
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
extends_documentation_fragment:
  - fleetops.kubeproxy_free._attributes
  - fleetops.kubeproxy_free._attributes.info_module
options:
  health_address:
    description: Address and port on which the agent is to answer as kube-proxy did, for example V(0.0.0.0:10256).
    type: str
  health_check_node_port:
    description: Whether somebody is to listen on O(health_check_ports).
    type: bool
  health_check_ports:
    description: Health check ports of Services with C(externalTrafficPolicy) Local.
    type: list
    elements: int
    default: []
  bind_protection:
    description: Whether a program is to be kept from listening on O(node_port).
    type: bool
  node_port:
    description: A NodePort (TCP) of a Service. O(bind_protection) is looked for only with it.
    type: int
  ipv6:
    description: Whether O(node_port) is looked at for IPv6 and not for IPv4.
    type: bool
    default: false
  auto_protect_port_range:
    description: Whether the kernel is to leave O(node_port_range) alone.
    type: bool
  node_port_range:
    description: Range of the NodePorts, as C(FIRST-LAST). O(auto_protect_port_range) is looked for only with it.
    type: str
  before:
    description: >-
      Whether an agent that starts with O(node_port_range) and O(auto_protect_port_range) (V(true) if it is not given) would take the kernel's ports as they
      are. Nothing else is looked for.
    type: bool
    default: false
  node:
    description: The node's name for messages.
    type: str
    required: true
  timeout:
    description: Longest time for an answer, in seconds.
    type: float
    default: 5
"""

EXAMPLES = r"""
- name: See whether the agent answers where kube-proxy did
  fleetops.kubeproxy_free.tune_effects:
    node: worker1
    health_address: 0.0.0.0:10256

- name: See whether an agent would start with another range of NodePorts
  fleetops.kubeproxy_free.tune_effects:
    node: worker1
    before: true
    node_port_range: 20000-22767
"""

RETURN = r"""
missing:
  description: A sentence for each effect that is missing.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import ports
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._tune import effects

ARGUMENTS = {
    "health_address": {"type": "str"},
    "health_check_node_port": {"type": "bool"},
    "health_check_ports": {"type": "list", "elements": "int", "default": []},
    "bind_protection": {"type": "bool"},
    "node_port": {"type": "int"},
    "ipv6": {"type": "bool", "default": False},
    "auto_protect_port_range": {"type": "bool"},
    "node_port_range": {"type": "str"},
    "before": {"type": "bool", "default": False},
    "node": {"type": "str", "required": True},
    "timeout": {"type": "float", "default": 5},
}


def missing(params):
    """Sentences for what is missing."""
    found = []
    if params["health_address"]:
        found.append(effects.health_answer(params["health_address"], params["timeout"]))
    if params["health_check_node_port"] is not None:
        found.append(effects.health_check_ports(params["health_check_ports"], params["health_check_node_port"], params["timeout"]))
    if params["bind_protection"] is not None and params["node_port"]:
        found.append(effects.bind_protection(params["node_port"], params["bind_protection"], params["ipv6"]))
    if params["auto_protect_port_range"] and params["node_port_range"]:
        found.append(effects.reserved_ports(*ports.port_range(params["node_port_range"])))
    return [sentence for sentence in found if sentence]


def in_the_way(params):
    """A sentence for what an agent would refuse, and one for what is to be known else."""
    if not params["node_port_range"]:
        return None, None
    asked = (*ports.port_range(params["node_port_range"]), params["auto_protect_port_range"] is not False)
    refused = effects.refused_ports(*asked)
    return refused, None if refused else effects.fleeting_ports(*asked)


def main():
    """Run the module."""
    module = AnsibleModule(ARGUMENTS, supports_check_mode=True)
    node = f"Node {module.params['node']}"
    try:
        refused, known = in_the_way(module.params) if module.params["before"] else (None, None)
        found = [] if module.params["before"] else missing(module.params)
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"{node}: {error}")
    if known:
        module.warn(f"{node}: {known}")
    if refused:
        module.fail_json(msg=f"{node}: {refused}", missing=[refused])
    if found:
        module.fail_json(msg=f"{node}: {'; '.join(found)}. See the agent's own words: cilium-dbg status --verbose", missing=found)
    module.exit_json(changed=False, missing=[])


if __name__ == "__main__":
    main()
