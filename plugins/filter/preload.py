# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: preload
author: fleetops.kubeproxy_free contributors (@fleetops)
version_added: 0.1.0
short_description: Load this collection's filters once, for all tasks of a run
description:
  - Gives back what it is given. What counts is that it is named where Ansible's own process reads it, which is in a play's C(hosts).
  - Ansible runs each task on each host in a process of its own. The first of a collection's filters that such a process meets makes it load all of them, and
    what it has loaded ends with it. Processes that come after a play with this filter have them already. The playbooks of this collection begin with such a
    play; a playbook of one's own around its roles should, too.
options:
  _input:
    description: Any value.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Plan
  hosts: "{{ 'all' | fleetops.kubeproxy_free.preload }}"
  tasks:
    - name: Look at the cluster
      ansible.builtin.import_role:
        name: fleetops.kubeproxy_free.preflight
"""

RETURN = r"""
_value:
  description: What was given.
  type: raw
"""


class FilterModule:
    def filters(self):
        return {"preload": lambda value: value}
