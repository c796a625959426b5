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
  - Reads of which cluster the node is a member, which versions of kubeadm and kubelet it has, and what kubeadm would miss.
  - Needs root, and Python 3.9 with nothing but its standard library.
author:
  - The fleetops.kubeproxy_free contributors (@fleetops)
extends_documentation_fragment:
  - fleetops.kubeproxy_free._attributes
  - fleetops.kubeproxy_free._attributes.info_module
options:
  cri_socket:
    description: Socket of the container runtime.
    type: str
    default: unix:///run/containerd/containerd.sock
"""

EXAMPLES = r"""
- name: Read what the node has
  fleetops.kubeproxy_free.kubeadm_facts:
  register: node
"""

RETURN = r"""
member:
  description: The cluster that the node is a member of, with C(server), C(ca) (a fingerprint of its certificate authority) and C(control_plane); null of none.
  returned: always
  type: dict
programs:
  description: Versions of C(kubeadm) and C(kubelet). What is not installed is left out.
  returned: always
  type: dict
missing:
  description: What kubeadm would miss, each with C(what), C(found), C(expected) and C(do).
  returned: always
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import node


def main() -> None:
    module = AnsibleModule(
        argument_spec=dict(cri_socket=dict(type="str", default="unix:///run/containerd/containerd.sock")),
        supports_check_mode=True,
    )
    module.exit_json(changed=False, **node.facts(module.params["cri_socket"]))


if __name__ == "__main__":
    main()
