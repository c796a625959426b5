#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: traffic_probe
short_description: Measure what users' connections see, through a whole change
version_added: 0.1.0
description:
  - Starts a prober on the host that makes new connections at a fixed rate along every given path, and keeps streams open where asked to.
  - It goes on in the background until it is stopped or O(max_duration) is over; then its result is fetched with O(state=stopped).
  - The result counts refused, timed out, reset and slow requests by path, with latency percentiles and the backends that answered, and over time,
    for all paths together and for each path where something went wrong. However long a run was, it is folded to a few hundred rows on the host.
  - Paths may begin in the host's own network or in that of a pod on the host; for the latter only the network namespace is entered,
    so the pod needs no tool and no image. When such a pod goes, its paths end; what it asked while it lost its network is not counted.
  - Names are not resolved and nothing is retried, except what the kernel itself retries within O(timeout).
extends_documentation_fragment:
  - fleetops.kubeproxy_free._attributes
options:
  state:
    description:
      - V(started) starts the prober; a prober of the same name, paths and settings that runs already is left alone.
      - V(restarted) ends a prober of the same name, whatever it probes, drops what it measured, and starts this one.
      - V(inspected) returns what was measured until now.
      - V(stopped) ends the prober, returns what was measured and removes its files.
    type: str
    choices: [started, restarted, inspected, stopped]
    default: started
  name:
    description: The run's name. Several runs may go on at once on one host.
    type: str
    required: true
  paths:
    description: What to probe. Required with O(state=started) and O(state=restarted).
    type: list
    elements: dict
    suboptions:
      name:
        description: The path's name, unique in the run.
        type: str
        required: true
      kind:
        description:
          - V(http) opens a connection and sends one GET; V(tcp) opens a connection, sends nothing and closes it.
          - V(udp) sends one datagram and waits for any answer; V(dns) asks for an A record over UDP.
          - V(stream) sends GETs over one connection that it keeps open. When that breaks, it counts as one reset and is opened again.
        type: str
        choices: [http, tcp, udp, dns, stream]
        required: true
      address:
        description: IPv4 or IPv6 address.
        type: str
        required: true
      port:
        description: Port.
        type: int
        required: true
      namespace:
        description: V(host), or a dictionary with the key C(pod_uid) and the UID of a pod that runs on this host.
        type: raw
        default: host
      service:
        description: The Service that the path belongs to. Only a label for reports.
        type: str
      request:
        description:
          - What to ask. The path of the URL for O(paths[].kind=http) and O(paths[].kind=stream) (default V(/)), the datagram for
            O(paths[].kind=udp) (default V(hostname)), the name for O(paths[].kind=dns) (default V(kubernetes.default.svc.cluster.local)).
        type: str
      expect:
        description: What a good answer looks like.
        type: dict
        suboptions:
          status:
            description: The HTTP status. Without it, every status below 500 is good.
            type: int
          answer:
            description: A regular expression that the answer's body (or datagram) has to contain.
            type: str
  rate:
    description: Requests per second and path.
    type: float
    default: 10
  timeout:
    description: Seconds after which a request without an answer is counted as timed out.
    type: float
    default: 5
  slow_threshold:
    description: Seconds above which an answered request is counted as slow.
    type: float
    default: 1
  max_duration:
    description: Seconds after which the prober ends by itself. Its result stays until it is fetched.
    type: int
    default: 3600
  last:
    description:
      - With O(state=inspected), return only what became of the requests of so many last seconds, by Service. The last few seconds, in which requests may still
        be under way (O(timeout) and a bit), are not among them yet.
    type: int
  work_dir:
    description:
      - Folder on the host for the prober's files. Default is C(/run/kubeproxy-free/traffic) for root, and C(~/.cache/kubeproxy-free/traffic) for anybody else.
    type: path
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
"""

EXAMPLES = r"""
- name: Begin to watch the cluster DNS and a NodePort from this node
  fleetops.kubeproxy_free.traffic_probe:
    name: maintenance
    state: started
    paths:
      - name: host to DNS
        kind: dns
        address: 10.96.0.10
        port: 53
      - name: NodePort on loopback
        kind: http
        address: 127.0.0.1
        port: 30080

- name: See what the last five minutes were like
  fleetops.kubeproxy_free.traffic_probe:
    name: maintenance
    state: inspected
    last: 300
  register: lately

- name: Stop watching and fetch what was seen
  fleetops.kubeproxy_free.traffic_probe:
    name: maintenance
    state: stopped
  register: watched
"""

RETURN = r"""
traffic:
  description:
    - What was measured. Empty when there is no run of that name.
    - O(state=started) and O(state=restarted) tell only whether it is C(running).
  returned: always
  type: dict
  contains:
    running:
      description: Whether the prober still runs.
      type: bool
    started_at:
      description: When it began (Unix time).
      type: float
    ended_at:
      description: When it ended, or the time of the last count while it runs (Unix time).
      type: float
    ended_by:
      description: V(stopped), V(max_duration), V(died) (the process vanished; what it had written is returned), or null while it runs.
      type: str
    left_out:
      description: Requests that were not sent because the prober itself was kept from running for more than a second.
      type: int
    max_lag_ms:
      description: The longest delay between the time a request was due and the time it was sent. A large one means that this host was too
        busy to be trusted with latencies.
      type: float
    services:
      description:
        - With O(last), by the name of the Service C(ok), C(refused), C(timed_out), C(reset) and C(other), over all paths but streams, of each path from its
          first answer on. Then only C(running), C(ended_by) and C(never_answered) are beside it.
      type: dict
    never_answered:
      description: With O(last), by the name of the Service how many of its paths have not answered once since the prober began.
      type: dict
    totals:
      description: Sums over all paths, with the keys of RV(traffic.paths).
      type: dict
    paths:
      description: The paths as given, each with its counts.
      type: list
      elements: dict
      contains:
        requests:
          description: Number of requests that have ended. The sum of C(ok), C(refused), C(timed_out), C(reset) and C(other).
          type: int
        ok:
          description: Answered as expected.
          type: int
        slow:
          description: Those of C(ok) that took longer than O(slow_threshold).
          type: int
        refused:
          description: Refused connections (or port unreachable, for UDP).
          type: int
        timed_out:
          description: No answer within O(timeout).
          type: int
        reset:
          description: Connections that were made and then broken off.
          type: int
        other:
          description: Any other error or unexpected answer; C(errors) tells which.
          type: int
        gone_at:
          description: The Unix second in which the path ended because its pod had gone. Null where it goes on.
          type: int
        latency:
          description: Percentiles over C(ok) in milliseconds (C(p50_ms), C(p90_ms), C(p99_ms), right to 5 %) and C(max_ms).
          type: dict
        backends:
          description: Names the backends gave in their answers, with the number of answers of each.
          type: dict
        errors:
          description: Texts of errors with their number.
          type: dict
        series:
          description: As RV(traffic.series), of this path alone, and only rows in which a request failed or was slow.
          type: list
          elements: list
    series:
      description: Counts over all paths, one row for each bucket of time with requests; RV(traffic.series_columns) names the columns.
      type: list
      elements: list
    series_columns:
      description: The columns of each row. C(second) is the Unix time at which the bucket begins; a request counts where it began.
      type: list
      elements: str
    bucket_seconds:
      description: The length of a bucket. 1 for runs of some minutes, else a power of two, so that there are at most about 360 rows.
      type: int
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import probe_run
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import PATH_OPTIONS, TrafficError


def main() -> None:
    module = AnsibleModule(
        argument_spec=dict(
            state=dict(type="str", choices=["started", "restarted", "inspected", "stopped"], default="started"),
            name=dict(type="str", required=True),
            paths=dict(type="list", elements="dict", options=PATH_OPTIONS),
            rate=dict(type="float", default=10),
            timeout=dict(type="float", default=5),
            slow_threshold=dict(type="float", default=1),
            max_duration=dict(type="int", default=3600),
            last=dict(type="int"),
            work_dir=dict(type="path"),
        ),
        required_if=[("state", "started", ["paths"]), ("state", "restarted", ["paths"])],
        supports_check_mode=True,
    )
    try:
        module.exit_json(**probe_run.run(module.params, module.check_mode))
    except TrafficError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
