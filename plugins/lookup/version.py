# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: version
author: The fleetops.kubeproxy_free contributors (@fleetops)
version_added: 0.1.0
short_description: Tell the version of this collection where its roles and plugins come from
description:
  - Playbooks can come from somewhere else than roles and plugins, as in AWX, which has playbooks from a project and the others from an execution environment.
    The collection's playbooks compare their own version with this one.
options: {}
"""

EXAMPLES = r"""
- name: Show the version of the collection
  ansible.builtin.debug:
    msg: "{{ lookup('fleetops.kubeproxy_free.version') }}"
"""

RETURN = r"""
_raw:
  description: The version.
  type: list
  elements: str
"""

import json
import pathlib

import yaml
from ansible.plugins.lookup import LookupBase

COLLECTION = pathlib.Path(__file__).resolve().parents[2]


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        manifest = COLLECTION / "MANIFEST.json"  # where it is installed; a checkout has only galaxy.yml
        if manifest.exists():
            return [json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]]
        return [yaml.safe_load((COLLECTION / "galaxy.yml").read_text(encoding="utf-8"))["version"]]
