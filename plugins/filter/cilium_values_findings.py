# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: cilium_values_findings
author: fleetops.kubeproxy_free contributors (@fleetops)
version_added: 0.1.0
short_description: Judge Helm values for a version of Cilium's chart
description:
  - Names values that the chart of this version does not know, ignores or refuses, and what to use now; values that the agent refuses, alone or together; and
    values that do not fit the cluster.
  - Helm takes any key without a word, and the agent skips what it does not know. So a value that was right for an older chart can do nothing for years.
  - Charts of 1.13 to 1.20 are known, their keys on the first two levels.
positional: chart_version
options:
  _input:
    description: The values that the user wants, without the chart's defaults.
    type: dict
    required: true
  chart_version:
    description: Version of the chart, which is that of Cilium.
    type: str
    required: true
  facts:
    description: What is known of the cluster. A rule whose fact is missing does not judge.
    type: dict
    default: {}
    suboptions:
      control_planes:
        description: Addresses and names that belong to a single control plane each.
        type: list
        elements: str
      kubernetes_version:
        description: Version of the API server.
        type: str
      service_node_port_range:
        description: Range of NodePorts that the API server hands out, such as V(30000-32767).
        type: str
      service_mesh:
        description: Name of a service mesh with sidecars in the cluster.
        type: str
      kube_proxy_serves:
        description: Whether kube-proxy serves all nodes beside the agents, so that these need no other way to the API than its Service.
        type: bool
"""

EXAMPLES = r"""
- name: Stop on values that would break the cluster
  ansible.builtin.assert:
    that: findings | selectattr('severity', 'eq', 'blocker') | list == []
    fail_msg: "{{ findings | to_nice_yaml }}"
  vars:
    findings: "{{ cilium_values | fleetops.kubeproxy_free.cilium_values_findings('1.19.1', facts={'kubernetes_version': '1.34.4'}) }}"
"""

RETURN = r"""
_value:
  description:
    - The findings, an empty list if there is nothing to say.
    - >-
      Each has a stable C(name), a C(severity) of V(blocker), V(warning) or V(note), the C(key) as a dotted path, what was C(found), C(why) it matters and the
      C(remedy).
  type: list
  elements: dict
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.values import check_values


def cilium_values_findings(values, chart_version, facts=None):
    """Judge Helm values."""
    if not isinstance(values, dict):
        raise AnsibleFilterError(f"cilium_values_findings: expected a mapping of Helm values, got {type(values).__name__}; give it the parsed values file")
    try:
        return check_values(values, chart_version, facts)
    except ValueError as error:
        raise AnsibleFilterError(f"cilium_values_findings: {error}") from error


class FilterModule:
    """The filter of this file."""

    def filters(self):
        """Names and functions."""
        return {"cilium_values_findings": cilium_values_findings}
