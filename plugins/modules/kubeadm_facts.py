#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_facts
short_description: Read what a node has that is to become a member of a cluster
version_added: 0.1.0
description:
  - Reads of which cluster the node is a member and whether kubeadm ended there, which programs it has, and what kubeadm and Cilium need of it.
  - It judges nothing; the filter P(fleetops.kubeproxy_free.kubeadm_plan#filter) does.
  - Needs root, and Python 3.9 with nothing but its standard library.
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
extends_documentation_fragment:
  - fleetops.kubeproxy_free._attributes
  - fleetops.kubeproxy_free._attributes.info_module
options:
  name:
    description: Name of the node in Kubernetes.
    type: str
    required: true
  endpoint:
    description: The cluster's endpoint as C(HOST:PORT), which is asked whether an API server answers there.
    type: str
    default: ""
  cri_socket:
    description: Socket of the container runtime.
    type: str
    default: unix:///run/containerd/containerd.sock
"""

EXAMPLES = r"""
- name: Read what the node has
  fleetops.kubeproxy_free.kubeadm_facts:
    name: "{{ inventory_hostname }}"
    endpoint: api.example.net:6443
  register: node
"""

RETURN = r"""
facts:
  description: What was found.
  returned: always
  type: dict
  contains:
    member:
      description:
        - The cluster that the node is a member of, with C(server), C(ca) (a fingerprint of its certificate authority), C(control_plane), C(admin) (whether it
          can let others join) and C(fault) (why it is no whole member). Null of none.
      type: dict
    other:
      description: Another distribution of Kubernetes whose node this is. Empty of none.
      type: str
    leftovers:
      description: Files of a kubeadm that began here.
      type: list
      elements: str
    programs:
      description: Versions of C(kubeadm), C(kubelet), C(kubectl) and C(containerd). What is not installed is left out.
      type: dict
    runtime:
      description: The container runtime, with C(path), C(error) (why nobody listens there) and C(config), which is what matters of containerd's configuration.
      type: dict
    sysctls:
      description: Settings of the kernel, by name.
      type: dict
    swap:
      description: Devices and files that are swapped to.
      type: list
      elements: str
    addresses:
      description: Addresses of the node towards the default route.
      type: list
      elements: str
    api_server:
      description: Whether an API server answers at O(endpoint).
      type: bool
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import endpoint, node


def main() -> None:
    module = AnsibleModule(
        argument_spec=dict(
            name=dict(type="str", required=True),
            endpoint=dict(type="str", default=""),
            cri_socket=dict(type="str", default="unix:///run/containerd/containerd.sock"),
        ),
        supports_check_mode=True,
    )
    params = module.params
    module.exit_json(changed=False, facts=node.facts(params["name"], params["cri_socket"], endpoint.split(params["endpoint"])))


if __name__ == "__main__":
    main()
