# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: report_data
author: The fleetops.kubeproxy_free contributors (@fleetops)
version_added: 0.1.0
short_description: Put together what a report tells of one cluster
description:
  - Turns what the roles kept of each node into the data of M(fleetops.kubeproxy_free.report).
  - All other keywords are taken over as fields of the cluster, for example C(cluster), C(action), C(state) and C(findings).
positional: _input, outside
options:
  _input:
    description: For each node C(name), C(node_facts), C(wave), C(steps), C(cleaned)
      (results of M(fleetops.kubeproxy_free.kube_proxy_rules), in order) and C(traffic).
    type: list
    elements: dict
    required: true
  outside:
    description: What the prober on the controller saw.
    type: dict
"""

EXAMPLES = r"""
- name: Put the report together
  ansible.builtin.set_fact:
    report_data: "{{ nodes | fleetops.kubeproxy_free.report_data(cluster='prod-a', action='migrate') }}"
"""

RETURN = r"""
_value:
  description: The data.
  type: dict
"""

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.gather import gather


class FilterModule:
    def filters(self):
        return {"report_data": gather}
