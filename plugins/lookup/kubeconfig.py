# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lookup plugin `kubeconfig`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kubeconfig
author: fleetops.kubeproxy_free contributors (@fleetops)
version_added: 0.1.0
short_description: A file for a kubeconfig that is at hand by its content
description:
  - Roles and Helm want the path of a kubeconfig. Where its content comes from a vault or another lookup, this writes it to a file with mode 0600 in the
    folder that Ansible makes for each run and removes at its end, and returns the path.
options:
  _terms:
    description: Kubeconfigs, each as YAML or JSON text or as a dictionary. Their content is neither returned nor logged.
    type: list
    elements: raw
    required: true
"""

EXAMPLES = r"""
# in an inventory; vault_prod_eu_1_kubeconfig is encrypted by ansible-vault
kpr_kubeconfig: "{{ lookup('fleetops.kubeproxy_free.kubeconfig', vault_prod_eu_1_kubeconfig) }}"
"""

RETURN = r"""
_raw:
  description: Paths of the files.
  type: list
  elements: path
"""

import hashlib
import json
import os

import yaml
from ansible import constants
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    """The plugin."""

    def run(self, terms, variables=None, **kwargs):
        """One path for each term."""
        return [_file(term, constants.DEFAULT_LOCAL_TMP) for term in terms]


def _file(content, folder):
    """The same content has the same file, however often and by whichever of Ansible's processes it is asked for."""
    text = json.dumps(content) if isinstance(content, dict) else str(content)
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:  # its message would show the content
        document = None
    if not isinstance(document, dict) or not document.get("clusters"):
        raise AnsibleLookupError("kubeconfig: found content without clusters, expected a kubeconfig as text or dictionary. See: kubectl config view --raw")
    path = os.path.join(folder, f"kubeconfig-{hashlib.sha256(text.encode()).hexdigest()[:16]}")
    draft = f"{path}.{os.getpid()}"
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(draft, path)
    return path
