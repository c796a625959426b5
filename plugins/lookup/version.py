# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: version
author: fleetops.kubeproxy_free contributors (@fleetops)
version_added: 0.1.0
short_description: Tell the version of this collection where its roles and plugins come from
description:
  - Playbooks can come from somewhere else than roles and plugins, as in AWX, which has playbooks from a project and the others from an execution environment.
    The collection's playbooks compare their own version with this one.
options:
  _terms:
    description: Folders of which each may have this collection, whose version is then told. Without any, the one where its roles and plugins come from.
    type: list
    elements: path
    required: false
"""

EXAMPLES = r"""
- name: Show the version of the collection
  ansible.builtin.debug:
    msg: "{{ lookup('fleetops.kubeproxy_free.version') }}"
"""

RETURN = r"""
_raw:
  description: The version; empty where a folder does not have this collection.
  type: list
  elements: str
"""

import pathlib

from ansible.plugins.lookup import LookupBase
from ansible_collections.fleetops.kubeproxy_free.plugins.plugin_utils._collection import ROOT, version


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        return [version(pathlib.Path(folder)) for folder in terms or [ROOT]]
