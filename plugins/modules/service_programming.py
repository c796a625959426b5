#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: service_programming
short_description: Measure how long new Services take until they answer
version_added: 0.1.0
description:
  - Makes NodePort Services one after the other, each for pods that are ready already, and asks each node's address until it answers over HTTP.
  - The time runs from the API server's answer, which has the port, to the first answer of a node, on the clock of the host that runs the module. That host
    has to reach the nodes' NodePorts. A port that refuses is tried again after 2 ms, one that says nothing after 100 ms; the result is no more exact than that,
    and has the way from that host to the node and back in it.
  - The Services stay; remove their namespace. The credentials need C(create) on services.
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
extends_documentation_fragment:
  - fleetops.kubeproxy_free._kubeconfig
  - fleetops.kubeproxy_free._attributes
attributes:
  check_mode:
    support: full
    details:
      - Makes nothing and measures nothing.
  diff_mode:
    support: none
options:
  namespace:
    description: Where Services are made. It exists.
    type: str
    required: true
  selector:
    description: Labels of the pods, which are ready and have an HTTP port that is named C(http).
    type: dict
    required: true
  addresses:
    description: By the node's name, the address on which its NodePorts are asked.
    type: dict
    required: true
  count:
    description: How many Services are made.
    type: int
    default: 10
  timeout:
    description: Seconds to wait for a node's first answer.
    type: float
    default: 30
"""

EXAMPLES = r"""
- name: Measure what a new Service takes
  fleetops.kubeproxy_free.service_programming:
    namespace: measured
    selector: {app: web}
    addresses: {worker1: 192.0.2.11, worker2: 192.0.2.12}
  delegate_to: localhost
"""

RETURN = r"""
measured:
  description: For each node C(requests) (Services), C(failed) (those that did not answer in time) and C(samples_us), as
    M(fleetops.kubeproxy_free.service_timing).
  returned: always
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._benchmark import programming
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster import api, connect

ARGUMENTS = {
    **connect.ARGUMENTS,
    "namespace": {"type": "str", "required": True},
    "selector": {"type": "dict", "required": True},
    "addresses": {"type": "dict", "required": True},
    "count": {"type": "int", "default": 10},
    "timeout": {"type": "float", "default": 30},
}


def main():
    module = AnsibleModule(ARGUMENTS, mutually_exclusive=connect.MUTUALLY_EXCLUSIVE, supports_check_mode=True)
    if connect.IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=str(connect.IMPORT_ERROR))
    if module.check_mode:
        module.exit_json(changed=True, measured=[])
    names = ("namespace", "selector", "addresses", "count", "timeout")
    try:
        cluster = api.Api(connect.configure(module.params), module.params["timeout"])
        measured = programming.measure(cluster, *(module.params[name] for name in names))
    except connect.ClusterError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=True, measured=measured)


if __name__ == "__main__":
    main()
