#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: kube_proxy_rules
short_description: Take away exactly what kube-proxy left on a node
version_added: 0.1.0
description:
  - Finds what kube-proxy has left on this node in any of its modes (iptables, nftables, IPVS, userspace), in both backends of iptables and for
    both IP versions, takes it away, and proves that everything else is as it was before.
  - A chain is kube-proxy's by its table and name. Chains of kubelet, kube-router, portmap, docker, Cilium and of administrators stay.
    C(KUBE-MARK-MASQ) and C(KUBE-POSTROUTING) stay as well where kubelet (until 1.26) or a rule of somebody else needs them.
  - With O(confirm_timeout) only what leads packets to kube-proxy's chains is taken away at first (in IPVS mode the virtual servers and their interface too);
    the node itself puts it back unless a call with O(confirm=true), which deletes the rest, comes in time. So a lost connection heals.
  - With both in one task, that task does both calls, with a new connection in between, on each node by itself.
  - Nothing is restored from a dump, neither here nor on the way back, where kube-proxy makes its rules anew. O(state=present) waits for that.
options:
  state:
    description:
      - V(inspected) tells what there is and makes nothing, not even an empty table in the kernel.
      - V(absent) takes it away. A rule that is not kube-proxy's and leads to one of its chains forbids that, and nothing is changed then.
      - V(present) waits until kube-proxy's rules hold O(service), and the kube-proxy that runs has written them. It changes no rule, but wakes
        the tables of nftables mode that an earlier call with O(confirm_timeout) has put to sleep, into which kube-proxy cannot write. Whatever else
        such a call would put back is not wanted any more once kube-proxy has written its rules, and forgotten.
    type: str
    choices: [inspected, absent, present]
    default: inspected
  confirm:
    description:
      - With O(state=absent), tells that the controller still reaches this node after an earlier call with O(confirm_timeout).
      - The node does not put anything back any more, and the chains are deleted. Fails if the node has put it back already.
      - In the same task as O(confirm_timeout), the connection is reset after the first part and this is done over a new one.
    type: bool
    default: false
  confirm_timeout:
    description:
      - With O(state=absent), how many seconds the node waits for a call with O(confirm=true) before it puts back what led packets to
        kube-proxy's chains. V(10) to V(3600).
      - V(0) deletes everything at once.
    type: int
    default: 0
  kubelet_version:
    description:
      - The version of this node's kubelet, such as V(1.34.4). By default it is asked where it matters.
    type: str
  kube_proxy_belongs_to_another_cluster:
    description:
      - Go on although a kube-proxy runs in this node's network. Only right if it serves another cluster that is nested in this node.
    type: bool
    default: false
  backup:
    description: Save all rules, sets, the tables of nftables mode and the kernel settings before anything is changed.
    type: bool
    default: true
  backup_dir:
    description: Where to save them. Each backup is a folder there, readable by root only, with compressed dumps and C(SHA256SUMS).
    type: path
    default: /var/lib/kubeproxy-free/backup
  backup_keep:
    description: How many backups to keep, at least V(1), the newest. The first of all, which shows the node as it was, is kept beside them.
    type: int
    default: 5
  service:
    description:
      - The Service that O(state=present) waits for, as C(NAMESPACE/NAME) or as C(ADDRESS:PORT/PROTOCOL), such as V(10.96.0.1:443/tcp).
      - In IPVS mode Services have no names on the node; give the address there. An address is right in every mode.
    type: str
    default: default/kubernetes
  timeout:
    description: How many seconds O(state=present) waits.
    type: int
    default: 60
extends_documentation_fragment:
  - fleetops.kubeproxy_free._attributes
attributes:
  check_mode:
    support: full
    details:
      - With O(state=present) it looks once and does not fail.
      - A kube-proxy that still runs, which is refused otherwise, is only reported. Whatever else is refused, is refused here too.
  diff_mode:
    support: full
notes:
  - Needs root, Python 3.9 and only the standard library, and the node's own programs of iptables (1.6 or later); for IPVS mode ipset and ipvsadm too.
  - Kernel settings that kube-proxy made stay as they are and are returned in RV(sysctls). Connections that it has translated stay too;
    M(fleetops.kubeproxy_free.node_facts) tells them.
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
"""

EXAMPLES = r"""
- name: See what kube-proxy has left
  fleetops.kubeproxy_free.kube_proxy_rules:
    state: inspected
  register: left

- name: Take it away, and have it back in two minutes if we cannot reach the node then
  fleetops.kubeproxy_free.kube_proxy_rules:
    state: absent
    confirm_timeout: 120
    confirm: true

- name: The same with checks of your own in between, first part
  fleetops.kubeproxy_free.kube_proxy_rules:
    state: absent
    confirm_timeout: 300

- name: The second part, which tells the node that all is well
  fleetops.kubeproxy_free.kube_proxy_rules:
    state: absent
    confirm: true

- name: Wait until kube-proxy serves again
  fleetops.kubeproxy_free.kube_proxy_rules:
    state: present
    service: 10.96.0.1:443/tcp
    timeout: 120
"""

RETURN = r"""
found:
  description:
    - Chains, rules and jumps by backend, IP version, table and owner (C(kube-proxy), C(shared), C(kubelet), C(unknown), C(foreign)).
    - Rules that were not read are C(null).
  returned: O(state=inspected) and O(state=absent)
  type: dict
  sample: {"nft": {"ip": {"nat": {"kube-proxy": {"chains": 24, "rules": 61, "jumps": 2}, "foreign": {"chains": 5, "rules": 3}}}}}
removed:
  description: What was taken away, or would be in check mode, in all and by table.
  returned: O(state=absent)
  type: dict
  sample:
    by_table: {"nft ip nat": {"chains": 24, "rules": 61, "jumps": 3}}
    chains: 24
    rules: 61
    jumps: 3
    tables: []
    sets: []
    virtual_servers: 0
    interface: false
kept:
  description: Chains (or ipsets) with names like kube-proxy's that stay, and why.
  returned: O(state=inspected) and O(state=absent)
  type: list
  elements: dict
  sample: [{"backend": "nft", "family": "ip", "table": "mangle", "chain": "KUBE-IPTABLES-HINT", "why": "it is kubelet's"}]
unknown:
  description: Chains whose names begin with C(KUBE-) that nobody known makes. They stay.
  returned: O(state=inspected) and O(state=absent)
  type: list
  elements: dict
  sample: []
unread:
  description: Lines that could not be read, verbatim, with their number in the text of the table.
  returned: O(state=inspected) and O(state=absent)
  type: list
  elements: dict
  sample: []
unchecked:
  description: What could not be looked at, and why. As long as there is any, O(state=absent) fails and changes nothing.
  returned: O(state=inspected) and O(state=absent)
  type: list
  elements: str
  sample: []
foreign_references:
  description: Rules that are not kube-proxy's and lead to its chains. As long as there is one, O(state=absent) fails and changes nothing.
  returned: O(state=inspected) and O(state=absent)
  type: list
  elements: dict
  sample: [{"backend": "nft", "family": "ip", "table": "nat", "chain": "MINE", "rule": "-A MINE -j KUBE-SERVICES", "target": "KUBE-SERVICES"}]
nftables_tables:
  description: IP versions for which there is a table of kube-proxy's nftables mode.
  returned: O(state=inspected) and O(state=absent)
  type: list
  elements: str
  sample: [ip]
ipvs:
  description: What the IPVS mode left, and what there is of IPVS and C(KUBE-*) sets that is not kube-proxy's.
  returned: O(state=inspected) and O(state=absent)
  type: dict
sysctls:
  description: Kernel settings that kube-proxy makes, as they are now. They are not changed.
  returned: O(state=inspected) and O(state=absent)
  type: dict
  sample: {"net.ipv4.conf.all.route_localnet": "1"}
running:
  description: The kube-proxy that runs on this node, or C(null).
  returned: O(state=inspected) and O(state=absent)
  type: str
  sample: process 1234
kubelet_version:
  description: The version of kubelet, where it was given or had to be asked.
  returned: O(state=inspected) and O(state=absent)
  type: str
  sample: v1.34.4
backup:
  description: The folder of the backup, and the checksum of its file C(SHA256SUMS).
  returned: when one was made
  type: dict
  sample: {"path": "/var/lib/kubeproxy-free/backup/20261123T101500Z", "sha256": "9f2b..."}
armed:
  description: Will the node put back what was taken away, unless it is confirmed?
  returned: O(state=inspected) and O(state=absent)
  type: bool
  sample: false
clean:
  description: Nothing of kube-proxy's is left on this node, and nothing could hide.
  returned: O(state=inspected) and O(state=absent)
  type: bool
  sample: true
served_by:
  description: Where kube-proxy has the Service, or C(null) in check mode if it has not.
  returned: O(state=present)
  type: str
  sample: nft ip nat
synced:
  description:
    - Has the kube-proxy that runs written its rules since it started? By its metrics.
    - C(null), with a warning, if it does not tell them; the rules are then all that is known.
  returned: O(state=present)
  type: bool
  sample: true
"""

import socket
from typing import NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables.legacy import LockHeld
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables.tools import Missing, ToolFailed
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import present, switch
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.apply import Busy, Differs, Refused
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.backup import BackupFailed
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.cleanup import Cleanup, Settings

ARGUMENTS = {
    "state": {"type": "str", "choices": ["inspected", "absent", "present"], "default": "inspected"},
    "confirm": {"type": "bool", "default": False},
    "confirm_timeout": {"type": "int", "default": 0},
    "kubelet_version": {"type": "str"},
    "kube_proxy_belongs_to_another_cluster": {"type": "bool", "default": False},
    "backup": {"type": "bool", "default": True},
    "backup_dir": {"type": "path", "default": "/var/lib/kubeproxy-free/backup"},
    "backup_keep": {"type": "int", "default": 5},
    "service": {"type": "str", "default": "default/kubernetes"},
    "timeout": {"type": "int", "default": 60},
}


# What the node may be given to be confirmed: time enough to unlink everything at any size, and no longer than anybody would wait.
SECONDS = range(10, 3601)


def check(params: dict) -> None:
    """What an argument spec cannot say. Raises ValueError."""
    if params["confirm_timeout"] and params["confirm_timeout"] not in SECONDS:
        raise ValueError(f"confirm_timeout is {params['confirm_timeout']}; expected 0, or {SECONDS[0]} to {SECONDS[-1]} seconds")
    if params["backup_keep"] < 1:
        raise ValueError(f"backup_keep is {params['backup_keep']}; expected 1 or more. To make no backup, set backup to false")
    if params["timeout"] < 0:
        raise ValueError(f"timeout is {params['timeout']}; expected 0 or more seconds")


def wait_for_service(module: AnsibleModule) -> dict:
    timeout = 0 if module.check_mode else module.params["timeout"]
    woken = [] if module.check_mode else present.wake()
    found = present.wait(present.parse(module.params["service"]), timeout)
    if not module.check_mode:
        if found.served_by is None or found.synced is False:
            raise Refused(present.complaint(module.params["service"], found, timeout))
        # kube-proxy has made anew what it would put back.
        switch.disarm()
    if found.synced is None:
        module.warn(
            f"{socket.gethostname()}: kube-proxy does not tell its metrics here (metricsBindAddress, port 10249 by default), so whether the rules are older "
            "than it is not known"
        )
    return {"changed": bool(woken), **found._asdict()}


def clean_up(module: AnsibleModule) -> dict:
    names = [name for name in Settings._fields if name in module.params]
    cleanup = Cleanup(Settings(check_mode=module.check_mode, diff_mode=module._diff, **{name: module.params[name] for name in names}))
    if module.params["state"] == "inspected":
        return cleanup.inspected()
    return cleanup.confirm() if module.params["confirm"] else cleanup.absent()


def fail(module: AnsibleModule, text: str) -> NoReturn:
    healing = ". The node links by itself again what was unlinked, unless a call with confirm=true comes in time" if switch.is_armed() else ""
    module.fail_json(msg=f"{socket.gethostname()}: {text}{healing}")


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        check(module.params)
        result = wait_for_service(module) if module.params["state"] == "present" else clean_up(module)
    except (Refused, Busy, Differs, switch.NotConfirmed, BackupFailed, LockHeld, Missing, ToolFailed, ValueError) as error:
        fail(module, str(error))
    except PermissionError as error:
        fail(module, f"{error}; expected to be root, whose the kernel's rules are. Set become to true")
    except OSError as error:
        fail(module, f"{error}, in the middle of the work; see what is wrong there on the node, then run this again")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
