# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_file_name
author: fleetops.kubeproxy_free contributors (@fleetops)
version_added: 0.1.0
short_description: The name of a cluster's folders, files and probers
description:
  - The cluster's own name where it is a plain one, of at most 56 letters, digits, C(-), C(_) and C(.), with a letter or a digit at either end. Else what can be
    read of it, and a sum that tells it from other names. M(fleetops.kubeproxy_free.traffic_probe) takes it, with a word before it, too.
options:
  _input:
    description: The cluster's name.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Begin to watch
  fleetops.kubeproxy_free.traffic_probe:
    name: "{{ kpr_cluster | fleetops.kubeproxy_free.cluster_file_name }}"
    paths: "{{ planned.targets | fleetops.kubeproxy_free.traffic_paths }}"
"""

RETURN = r"""
_value:
  description: The name, of letters, digits, C(-), C(_) and C(.), at most 56 of them.
  type: str
"""

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet.naming import file_name


def cluster_file_name(cluster):
    return file_name(str(cluster))


class FilterModule:
    def filters(self):
        return {"cluster_file_name": cluster_file_name}
