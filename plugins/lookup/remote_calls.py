# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: remote_calls
author: fleetops.kubeproxy_free contributors (@fleetops)
version_added: 0.1.0
short_description: Tell how many module calls this run has made so far
description:
  - What a run costs grows with the modules that run on each node, and with those that ask the API. This tells how many there were.
  - The callback plugin P(fleetops.kubeproxy_free.progress#callback) counts; without it the answer is empty.
options:
  _terms:
    description: Names of clusters.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show what this run has cost so far
  ansible.builtin.debug:
    msg: "{{ lookup('fleetops.kubeproxy_free.remote_calls', kpr_cluster) }}"
"""

RETURN = r"""
_raw:
  description:
    - For each cluster C(nodes), the number of calls by node, C(api) with C(waves), the number in each wave, and C(besides), the number before and
      after the waves, and C(repeated), how often a call of all these was made again while something was waited for.
    - A loop counts as often as it ran. A call on the API is one module, which may send several requests.
  type: list
  elements: dict
"""

from ansible.plugins.lookup import LookupBase

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._progress import tracker


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        return [tracker.RUNNING[0].calls(name) if tracker.RUNNING else {} for name in terms]
