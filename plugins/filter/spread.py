# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: spread
author: The fleetops.kubeproxy_free contributors (@fleetops)
version_added: 0.1.0
short_description: Judge whether answers are spread over backends as chance would do it
description:
  - Tests counts of answers against an even spread, by Pearson's chi-square test. An even spread fails it about once in a million times.
options:
  _input:
    description: Number of answers by name of the backend, as a dictionary, or as a list of such dictionaries that are added up.
    type: raw
    required: true
  backends:
    description: Names of the backends that should share the load.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Stop when a backend is left out
  ansible.builtin.assert:
    that: (probed.targets[0].backends | fleetops.kubeproxy_free.spread(['web-1', 'web-2', 'web-3'])).plausible
"""

RETURN = r"""
_value:
  description: C(plausible), C(p_value) (null when there was nothing to test), C(counts) by backend, C(strangers) that answered without being
    expected, and C(why) in words.
  type: dict
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.spread import add_up, judge_spread


def spread(counts, backends):
    several = [counts] if isinstance(counts, dict) else list(counts) if not isinstance(counts, str) else counts
    if not isinstance(several, list) or not all(isinstance(one, dict) for one in several) or isinstance(backends, str):
        raise AnsibleFilterError(
            f"spread: got {type(counts).__name__} and {type(backends).__name__}; expected answers by backend (a dictionary, or a list of "
            "them) and a list of backends"
        )
    return judge_spread(add_up(several), backends)


class FilterModule:
    def filters(self):
        return {"spread": spread}
