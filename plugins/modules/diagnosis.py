#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: diagnosis
short_description: Find out what is wrong with Services, and pack the evidence for support
version_added: 0.1.0
description:
  - Judges what M(fleetops.kubeproxy_free.cilium_services) has read of a cluster and what its nodes said.
  - Writes C(diagnosis.json), the findings, and an archive C(diagnosis-TIME.tar.gz) with the findings, what they were found in, and for support each agent's
    status and the end of its log, Cilium's settings, the nodes' facts and the versions. Both are for their owner only, and masked.
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
extends_documentation_fragment:
  - fleetops.kubeproxy_free._attributes
attributes:
  check_mode:
    support: full
    details:
      - It writes in check mode as otherwise, and nothing but its own files.
  diff_mode:
    support: none
options:
  folder:
    description: Folder that M(fleetops.kubeproxy_free.cilium_services) has filled.
    type: path
    required: true
  cluster:
    description: Name of the cluster.
    type: str
    required: true
  nodes:
    description:
      - By node C(error) (why it could not be asked, or empty), C(facts) (of M(fleetops.kubeproxy_free.node_facts)) and C(probes) (each with C(name), C(ok) and
        C(errors)). Nodes may be missing.
    type: dict
    default: {}
  probed:
    description: Whether the nodes were to probe.
    type: bool
    default: false
  dest:
    description: Folder for C(diagnosis.json) and the archives.
    type: path
    required: true
  keep:
    description: How many archives to keep there, the newest.
    type: int
    default: 10
"""

EXAMPLES = r"""
- name: Judge
  fleetops.kubeproxy_free.diagnosis:
    folder: /tmp/prod-a
    cluster: prod-a
    dest: ~/diagnoses/prod-a
  register: diagnosis
  delegate_to: localhost
"""

RETURN = r"""
findings:
  description: Findings, faults first, each with C(severity) (V(fault), V(warning), V(note)), C(id), C(object), C(node), C(found), C(why) and C(remedy).
  returned: always
  type: list
  elements: dict
lines:
  description: The same for a terminal, a headline first; what is found on several nodes is one finding.
  returned: always
  type: list
  elements: str
archive:
  description: Path of the archive.
  returned: always
  type: str
"""

import json
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import evidence, judge, lines

ARGUMENTS = {
    "folder": {"type": "path", "required": True},
    "cluster": {"type": "str", "required": True},
    "nodes": {"type": "dict", "default": {}},
    "probed": {"type": "bool", "default": False},
    "dest": {"type": "path", "required": True},
    "keep": {"type": "int", "default": 10},
}


def main():
    # no_log: what the nodes of a large cluster say does not belong in the controller's system log
    module = AnsibleModule(ARGUMENTS, supports_check_mode=True, no_log=True)
    params = module.params
    folder, dest = params["folder"], params["dest"]
    try:
        facts = evidence.facts(folder)
        found = judge.diagnosis(facts, params["nodes"], params["probed"])
        versions = {"kubernetes": facts["kubernetes"], "ansible": module.ansible_version,
                    "agents": {node: agent["version"] for node, agent in facts["agents"].items()}}  # fmt: skip
        told = {"cluster": params["cluster"], "versions": versions, "findings": found}
        evidence.write(folder, evidence.FINDINGS, told)
        evidence.write(folder, "nodes.json", params["nodes"])
        archive = evidence.pack(folder, dest, params["keep"])
        evidence.write(dest, evidence.FINDINGS, told)
    except (OSError, json.JSONDecodeError) as error:
        module.fail_json(msg=f"{error}; expected {folder} as cilium_services fills it, and {dest} to be writable. Run both again, or give another dest.")
    module.exit_json(changed=False, findings=found, lines=lines.lines(found, params["cluster"], facts), archive=os.path.abspath(archive),
                     invocation={"module_args": {"folder": folder, "dest": dest, "nodes": "(in the archive)"}})  # fmt: skip


if __name__ == "__main__":
    main()
