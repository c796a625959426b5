#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: kernel_check
short_description: Judge whether a node's kernel can run a version of Cilium
version_added: 0.1.0
description:
  - Judges the running kernel of a node for a wanted version of Cilium and wanted features, and says why and what to do.
  - It goes by what the kernel says, which is its configuration, its modules, its type information and a few harmless system calls, and by the
    version where there is nothing better. Ports back of Red Hat and true versions of Debian and Ubuntu are counted right.
  - What cannot be told is V(unknown), never V(ok).
  - Without root everything but programs of others on the root cgroup is judged. Nothing beyond the standard library of Python is needed.
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
extends_documentation_fragment:
  - fleetops.kubeproxy_free._attributes
  - fleetops.kubeproxy_free._attributes.info_module
options:
  cilium_version:
    description: The wanted version of Cilium, with or without a patch, such as V(1.19) or V(1.19.1).
    type: str
    required: true
  features:
    description:
      - What Cilium is to do on this node beyond the base.
      - V(service_mounts) are mounts of NFS or SMB through the address of a Service, which Longhorn, Portworx and Robin make too.
    type: list
    elements: str
    default: [kube_proxy_replacement, service_mounts]
    choices:
      - bandwidth_manager
      - big_tcp_ipv4
      - big_tcp_ipv6
      - bpf_host_routing
      - dsr_geneve
      - iptables_masquerade
      - kube_proxy_replacement
      - l7_proxy
      - netkit
      - service_mounts
      - tunnel_geneve
      - tunnel_vxlan
      - wireguard
  fail_on_blocker:
    description: Fail if there is a blocker. Otherwise it is only in the result.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Judge the kernel for Cilium 1.19 with VXLAN
  fleetops.kubeproxy_free.kernel_check:
    cilium_version: "1.19"
    features: [kube_proxy_replacement, service_mounts, tunnel_vxlan, iptables_masquerade]
  register: kernel

- name: Stop on nodes that cannot run it
  ansible.builtin.assert:
    that: kernel.ok
    fail_msg: "{{ kernel.blockers | map(attribute='remedy') | join('; ') }}"
"""

RETURN = r"""
release:
  description: What C(uname -r) says.
  returned: always
  type: str
  sample: 4.18.0-553.8.1.el8_10.x86_64
kernel_version:
  description: The version of upstream that the kernel is built from, V(null) if it cannot be read.
  returned: always
  type: str
  sample: 4.18.0
kernel_family:
  description: Whose kernel it is, V(other) if the release does not tell.
  returned: always
  type: str
  sample: el
distribution:
  description: C(id), C(version_id) and C(pretty_name) of the operating system.
  returned: always
  type: dict
config_source:
  description: The file that the kernel's configuration was read from, V(null) if there is none.
  returned: always
  type: str
  sample: /boot/config-4.18.0-553.8.1.el8_10.x86_64
verdicts:
  description: All verdicts.
  returned: always
  type: list
  elements: dict
  contains:
    feature:
      description: V(base) or one of O(features).
      type: str
    subject:
      description: What is judged.
      type: str
    status:
      description: V(ok), V(note), V(unknown), V(warning) or V(blocker).
      type: str
    found:
      description: What was found, with where.
      type: str
    expected:
      description: What was expected.
      type: str
    source:
      description: Who says so.
      type: str
    remedy:
      description: What to do, V(null) if there is nothing to do.
      type: str
features:
  description: The worst status of the base and of each feature.
  returned: always
  type: dict
  sample: {base: ok, kube_proxy_replacement: warning}
blockers:
  description: The verdicts that are blockers.
  returned: always
  type: list
  elements: dict
ok:
  description: Whether there is no blocker.
  returned: always
  type: bool
unread:
  description: Lines of the kernel's configuration that could not be read, each with C(place) and C(text).
  returned: always
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import compat
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kernel import judge, probe, rules

ARGUMENTS = {
    "cilium_version": {"type": "str", "required": True},
    "features": {"type": "list", "elements": "str", "default": ["kube_proxy_replacement", "service_mounts"], "choices": list(rules.FEATURES)},
    "fail_on_blocker": {"type": "bool", "default": False},
}


def run(params, kernel):
    """The module's result for what the kernel shows."""
    if compat.minor(params["cilium_version"]) is None:
        raise ValueError(f"cilium_version is '{params['cilium_version']}'; expected a version such as 1.19 or 1.19.1")
    release = kernel["parsed"]
    verdicts = judge.verdicts(kernel, release, params["cilium_version"], params["features"])
    blockers = [one for one in verdicts if one["status"] == "blocker"]
    return {"release": kernel["release"], "kernel_version": compat.dotted(release.version) if release.version else None, "kernel_family": release.family,
            "distribution": kernel["distribution"], "config_source": kernel["config_source"], "verdicts": verdicts, "features": judge.by_feature(verdicts),
            "blockers": blockers, "ok": not blockers, "unread": kernel["config_unread"]}


def main():
    """Run the module."""
    module = AnsibleModule(ARGUMENTS, supports_check_mode=True)
    try:
        result = run(module.params, probe.look())
    except ValueError as error:
        module.fail_json(msg=str(error))
    if module.params["fail_on_blocker"] and result["blockers"]:
        reasons = "; ".join(f"{one['subject']}: found {one['found']}, expected {one['expected']}: {one['remedy']}" for one in result["blockers"])
        module.fail_json(msg=f"node {probe.node_name()} cannot run Cilium {module.params['cilium_version']}: {reasons}", **result)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
