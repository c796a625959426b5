# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: cilium_status
author: fleetops.kubeproxy_free contributors (@fleetops)
version_added: 0.1.0
short_description: Read a captured status of Cilium
description:
  - Brings what C(cilium status) or C(cilium-dbg status) wrote, in an agent's pod or for a whole cluster, into one form.
  - It knows the text of 1.7 to 1.20 with and without C(--verbose), the JSON of an agent, and text and JSON of the command line tool for a whole cluster.
  - What it cannot read is returned verbatim in C(unread), and never guessed.
options:
  _input:
    description: The captured text, or JSON as text or already parsed.
    type: raw
    required: true
seealso:
  - plugin: fleetops.kubeproxy_free.cilium_status
    plugin_type: module
"""

EXAMPLES = r"""
- name: Read the status of one agent
  ansible.builtin.command:
    argv: [kubectl, --namespace, kube-system, exec, ds/cilium, --container, cilium-agent, --, cilium-dbg, status, --output, json]
  register: captured
  changed_when: false  # it only reads

- name: Stop if this agent leaves Services to kube-proxy
  ansible.builtin.assert:
    that: (captured.stdout | fleetops.kubeproxy_free.cilium_status)['kube_proxy_replacement']['enabled']
"""

RETURN = r"""
_value:
  description:
    - C(shape) is V(text), V(json), V(fleet text) or V(fleet json).
    - >-
      C(kube_proxy_replacement) has C(enabled), which is true or false, or null if the status does not say; C(mode), the word in lower case; C(devices),
      a list of C(name) and C(addresses); and C(direct_routing_device). For a whole cluster these are only what all agents say alike.
    - C(features), C(version), C(health), C(controllers_failing), C(masquerading) and C(routing) are as in the module of the same name.
    - C(agents), for V(fleet json), has all of this for each pod. C(components), for V(fleet text), has the state of each component.
    - C(unread) lists what could not be read, each with its C(place) and the C(text).
  type: dict
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.captured import parse


def cilium_status(captured):
    """Read a captured status."""
    if not isinstance(captured, (str, dict)):
        raise AnsibleFilterError(f"cilium_status: expected the text or the JSON that cilium status wrote, got {type(captured).__name__}; "
                                 "give it the stdout of the command")
    return parse(captured)


class FilterModule:
    """The filter of this file."""

    def filters(self):
        """Names and functions."""
        return {"cilium_status": cilium_status}
