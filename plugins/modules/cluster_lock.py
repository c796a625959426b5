#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_lock
short_description: Let one run at a time change a cluster
version_added: 0.1.0
description:
  - Holds the Lease C(kube-system/kubeproxy-free) for one run. A second run is refused and told who holds it and until when.
  - A lock that its holder has not renewed for O(duration) seconds has expired and is taken over. Time is the API server's.
  - The credentials need C(get), C(create), C(update) and C(delete) on C(leases.coordination.k8s.io) in C(kube-system).
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
extends_documentation_fragment:
  - fleetops.kubeproxy_free._kubeconfig
  - fleetops.kubeproxy_free._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  state:
    description:
      - V(held) takes the lock or renews it, and fails while another run holds it.
      - V(renewed) renews it, and fails if it is not this run's any more, whether another run holds it or has done so meanwhile.
      - V(released) gives it up; the lock of another run stays.
    type: str
    choices: [held, renewed, released]
    default: held
  holder:
    description: The run's name, unique among runs. It is what a refused run is told.
    type: str
    required: true
  duration:
    description: Seconds after which the lock expires unless it is renewed.
    type: int
    default: 900
  steal:
    description: Take the lock although another run holds it. Only when that run is known to be dead.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Be the only run that changes this cluster
  fleetops.kubeproxy_free.cluster_lock:
    kubeconfig: /etc/kubernetes/admin.conf
    holder: job 4711
"""

RETURN = r"""
holder:
  description: Who has the lock now, V(null) if nobody.
  returned: always
  type: str
lost:
  description: The lock was not this run's any more, so what the run knows of the cluster may be outdated.
  returned: when O(state=renewed) failed for this reason
  type: bool
expires:
  description: When the lock expires unless it is renewed, V(null) if nobody has it.
  returned: always
  type: str
"""

import datetime
import email.utils

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster import connect
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.api import Api
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import lease as _lease

LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{_lease.NAMESPACE}/leases"
LEASE = f"{LEASES}/{_lease.NAME}"


class Leases:
    """The one Lease of a cluster."""

    def __init__(self, api):
        self._api = api

    def read(self):
        """Return (Lease or None, the API server's time)."""
        status, headers, document = self._api.send("GET", LEASE)
        if status not in (200, 404):
            raise self._api.explained(status, document, LEASE)
        date = headers.get("Date")
        now = email.utils.parsedate_to_datetime(date) if date else datetime.datetime.now(datetime.timezone.utc)
        return (document if status == 200 else None), now

    def write(self, manifest, create):
        self._change("POST" if create else "PUT", LEASES if create else LEASE, manifest)

    def delete(self, found):
        metadata = found["metadata"]
        self._change("DELETE", LEASE, {"preconditions": {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}})

    def _change(self, method, path, document):
        status, _headers, answer = self._api.send(method, path, document)
        if status == 409:
            raise connect.ClusterError(f"another run was faster with the lock {_lease.NAMESPACE}/{_lease.NAME}; see who: "
                                       f"kubectl -n {_lease.NAMESPACE} get lease {_lease.NAME} -o yaml")
        if status >= 300:
            raise self._api.explained(status, answer, path)


def hold(module, leases):
    params = module.params
    found, now = leases.read()
    step = _lease.decide(found, params["holder"], now)
    if params["state"] == "renewed" and step != _lease.RENEW:
        holder = found and found["spec"].get("holderIdentity")
        whose = f"it is now held by {holder!r}" if holder else "it is gone, given back by another run"
        module.fail_json(
            msg=f"the lock {_lease.NAMESPACE}/{_lease.NAME} is not this run's ({params['holder']!r}) any more: {whose}; expected that this run alone "
            "changes the cluster. It paused for longer than its lock holds, or somebody ran with kpr_steal_lock. Nothing more is changed here. See how far "
            "the cluster is: ansible-playbook -i INVENTORY fleetops.kubeproxy_free.plan",
            lost=True,
        )
    if step == _lease.HELD and not params["steal"]:
        holder, until = found["spec"]["holderIdentity"], _lease.format_time(_lease.expires(found))
        module.fail_json(
            msg=f"the lock {_lease.NAMESPACE}/{_lease.NAME} is held by {holder!r} until {until} (renewed "
            f"{found['spec']['renewTime']}); expected that no other run changes this cluster. Wait for it, or, if that run is known to be dead, "
            "run again with -e kpr_steal_lock=true",
            holder=holder,
            expires=until,
        )
    wanted = _lease.manifest(found, params["holder"], now, params["duration"])
    if not module.check_mode:
        leases.write(wanted, create=found is None)
    module.exit_json(changed=step != _lease.RENEW, holder=params["holder"], expires=_lease.format_time(_lease.expires(wanted)))


def release(module, leases):
    found, _now = leases.read()
    ours = bool(found) and _lease.decide(found, module.params["holder"], _now) == _lease.RENEW
    if ours and not module.check_mode:
        leases.delete(found)
    other = found["spec"].get("holderIdentity") if found and not ours else None
    module.exit_json(changed=ours, holder=other, expires=_lease.format_time(_lease.expires(found)) if other else None)


def main():
    """Run the module."""
    module = AnsibleModule({
        **connect.ARGUMENTS,
        "state": {"type": "str", "choices": ["held", "renewed", "released"], "default": "held"},
        "holder": {"type": "str", "required": True},
        "duration": {"type": "int", "default": 900},
        "steal": {"type": "bool", "default": False},
    }, mutually_exclusive=connect.MUTUALLY_EXCLUSIVE, supports_check_mode=True)
    if connect.IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=str(connect.IMPORT_ERROR))
    try:
        leases = Leases(Api(connect.configure(module.params), 30))
        (release if module.params["state"] == "released" else hold)(module, leases)
    except connect.ClusterError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
