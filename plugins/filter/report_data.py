# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: report_data
author: fleetops.kubeproxy_free contributors (@fleetops)
version_added: 0.1.0
short_description: Put together what a report tells of one cluster
description:
  - Turns what the roles kept as facts of the hosts into the data of M(fleetops.kubeproxy_free.report).
  - All other keywords are taken over as fields of the data, for example C(cluster), C(action) and C(check_mode).
positional: _input, leader, run
options:
  _input:
    description: The facts of each host of the cluster.
    type: list
    elements: dict
    required: true
  leader:
    description: The facts of the cluster's leader, which keeps those of the cluster.
    type: dict
    required: true
  run:
    description: The facts of localhost, which keeps those of the run.
    type: dict
    required: true
  agents:
    description: What each agent says at the end, as RV(fleetops.kubeproxy_free.cilium_status#module:agents).
    type: dict
  traffic_from:
    description: The namespaces whose Services were to be watched; nothing where nothing was.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Put the report together
  ansible.builtin.set_fact:
    report_data: >-
      {{ ansible_play_hosts | map('extract', hostvars)
         | fleetops.kubeproxy_free.report_data(hostvars[kpr_leader], hostvars['localhost'], cluster='prod-a', action='migrate') }}
"""

RETURN = r"""
_value:
  description: The data.
  type: dict
"""

from ansible_collections.fleetops.kubeproxy_free.plugins.plugin_utils._collection import version
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.gather import gather


def report_data(hosts, leader, run, **more):
    data = gather(hosts, leader, run, **more)
    return {**data, "versions": {**data["versions"], "fleetops.kubeproxy_free": version()}}


class FilterModule:
    def filters(self):
        return {"report_data": report_data}
