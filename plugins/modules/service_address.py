#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: service_address
short_description: Give a Service an address, as a load balancer's controller does
version_added: 0.1.0
description:
  - Writes one address into the status of a Service of type LoadBalancer, which nodes then serve.
  - It is for Services of a C(loadBalancerClass) that no controller looks after; with any other, the controller undoes it.
  - The credentials need C(get) on services and C(update) on services/status.
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
extends_documentation_fragment:
  - fleetops.kubeproxy_free._kubeconfig
  - fleetops.kubeproxy_free._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  namespace:
    description: The Service's namespace.
    type: str
    required: true
  name:
    description: The Service.
    type: str
    required: true
  address:
    description: IPv4 or IPv6 address.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Serve an address of the test network
  fleetops.kubeproxy_free.service_address:
    namespace: kubeproxy-free-verify
    name: balanced
    address: 203.0.113.80
  delegate_to: localhost
"""

RETURN = r"""
addresses:
  description: The addresses that its status had before.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster import api, connect

ARGUMENTS = {
    **connect.ARGUMENTS,
    "namespace": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "address": {"type": "str", "required": True},
}


def assign(cluster, params, check_mode):
    """The module's result. Raises ClusterError."""
    path = f"/api/v1/namespaces/{params['namespace']}/services/{params['name']}"
    service = cluster.object(path)
    balancer = service.setdefault("status", {}).setdefault("loadBalancer", {})
    former = [entry.get("ip") or entry.get("hostname") for entry in balancer.get("ingress") or []]
    changed = former != [params["address"]]
    if changed and not check_mode:
        balancer["ingress"] = [{"ip": params["address"]}]
        status, _headers, answer = cluster.send("PUT", f"{path}/status", service)
        if status != 200:
            raise cluster.explained(status, answer, f"{path}/status")
    return {"changed": changed, "addresses": former}


def main():
    """Run the module."""
    module = AnsibleModule(ARGUMENTS, mutually_exclusive=connect.MUTUALLY_EXCLUSIVE, supports_check_mode=True)
    if connect.IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=str(connect.IMPORT_ERROR))
    try:
        result = assign(api.Api(connect.configure(module.params), 30), module.params, module.check_mode)
    except connect.ClusterError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
