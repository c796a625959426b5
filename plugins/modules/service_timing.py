#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: service_timing
short_description: Measure, from one host, how long requests through Services take
version_added: 0.1.0
description:
  - Sends HTTP requests to each target, one at a time, each over a connection of its own, or lets netperf measure (TCP_RR and TCP_CRR), from the host's
    network or from that of a pod on the host.
  - With netperf it waits until connection tracking has room for the connections that TCP_CRR makes, and fails where it cannot have it.
extends_documentation_fragment:
  - fleetops.kubeproxy_free._attributes
  - fleetops.kubeproxy_free._attributes.info_module
options:
  targets:
    description: What is measured, in this order. Without any, O(tool=netperf) only looks whether connection tracking has room.
    type: list
    elements: dict
    required: true
    suboptions:
      way:
        description: Which way the requests take. Only a label for the result.
        type: str
        required: true
      node:
        description: The node that this way begins on, or ends on from outside. Only a label for the result.
        type: str
        required: true
      address:
        description: IPv4 or IPv6 address.
        type: str
        required: true
      port:
        description: Port; for netperf, that of its control connection.
        type: int
        required: true
      data_port:
        description: Port of netperf's data connections, on which the server listens, too.
        type: int
      namespace:
        description: V(host), or a dictionary with the key C(pod_uid) and the UID of a pod that runs on this host.
        type: raw
        default: host
      image_of:
        description: UID of a pod on this host whose image has netperf. Without it, O(targets[].program) of the host is run.
        type: str
      program:
        description: Path of netperf on this host.
        type: str
  tool:
    description: What measures.
    type: str
    choices: [requests, netperf]
    default: requests
  requests:
    description: Number of requests to each target, where O(tool=requests).
    type: int
    default: 200
  seconds:
    description: Duration of each test, where O(tool=netperf).
    type: int
    default: 1
  timeout:
    description: Seconds that one request may take, where O(tool=requests).
    type: float
    default: 5
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
"""

EXAMPLES = r"""
- name: Measure
  fleetops.kubeproxy_free.service_timing:
    targets:
      - {way: host to ClusterIP, node: worker1, address: 10.96.12.7, port: 80}
"""

RETURN = r"""
measured:
  description:
    - For each target (and test) C(way), C(node), C(test), C(requests), C(failed), and C(samples_us), the sorted times in microseconds of the requests that were
      answered, or netperf's own figures C(mean_ms), C(p50_ms), C(p99_ms), C(min_ms) and C(rate) (transactions in a second), or C(error), what a netperf
      said that failed.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._benchmark import netperf, timing
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import TrafficError

TARGET = {
    "way": {"type": "str", "required": True},
    "node": {"type": "str", "required": True},
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "required": True},
    "data_port": {"type": "int"},
    "namespace": {"type": "raw", "default": "host"},
    "image_of": {"type": "str"},
    "program": {"type": "str"},
}
ARGUMENTS = {
    "targets": {"type": "list", "elements": "dict", "required": True, "options": TARGET},
    "tool": {"type": "str", "choices": ["requests", "netperf"], "default": "requests"},
    "requests": {"type": "int", "default": 200},
    "seconds": {"type": "int", "default": 1},
    "timeout": {"type": "float", "default": 5},
}


def main():
    module = AnsibleModule(ARGUMENTS, supports_check_mode=True)
    params = module.params
    try:
        if params["tool"] == "netperf":
            measured = netperf.measure(params["targets"], params["seconds"], module.run_command)
        else:
            measured = timing.measure(params["targets"], params["requests"], params["timeout"])
    except TrafficError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, measured=measured)


if __name__ == "__main__":
    main()
