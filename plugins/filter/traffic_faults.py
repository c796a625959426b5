# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: traffic_faults
author: fleetops.kubeproxy_free contributors (@fleetops)
version_added: 0.1.0
short_description: Say what a prober's run saw fail
description:
  - Returns a sentence for each path on which a request was refused, timed out, reset or answered wrongly, or which was not probed. Slow answers are no
    failures.
options:
  _input:
    description: RV(fleetops.kubeproxy_free.traffic_probe#module:traffic) of M(fleetops.kubeproxy_free.traffic_probe).
    type: dict
    required: true
  origin:
    description: Name of the host that probed.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Stop if users would have noticed
  ansible.builtin.assert:
    that: watched.traffic | fleetops.kubeproxy_free.traffic_faults('localhost') | length == 0
"""

RETURN = r"""
_value:
  description: Sentences. Empty when all is well.
  type: list
  elements: str
"""

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.verdict import traffic_faults


class FilterModule:
    def filters(self):
        return {"traffic_faults": traffic_faults}
