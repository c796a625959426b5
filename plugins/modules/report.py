#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Write the report of a run over one cluster
version_added: 0.1.0
description:
  - Writes one file of JSON and one of HTML that needs nothing else, and returns the same in a few lines for a terminal.
  - The files of each run stay. Their names have the time at which it ended and what was done, as in C(report-20261124T234500Z-migrate.html);
    those of dry runs end in C(-check). C(report.json) and C(report.html) are links to the files of the latest run that was none.
  - Runs on the controller, usually with C(delegate_to=localhost).
  - What is given has to be as documented here; a key or a type that is not is refused with its place.
extends_documentation_fragment:
  - fleetops.kubeproxy_free._attributes
options:
  dest:
    description: Folder for the files. It is made, for its owner only, when it does not exist.
    type: path
    required: true
  data:
    description: What was planned, found, done and measured. Times are Unix times, durations are in seconds.
    type: dict
    required: true
    suboptions:
      cluster:
        description: Name of the cluster.
        type: str
        required: true
      action:
        description: V(migrate), V(rollback) or another name of what was done.
        type: str
        default: migrate
      check_mode:
        description: Whether the run was a dry one.
        type: bool
        default: false
      started:
        description: When the run began.
        type: float
      finished:
        description: When it ended. Default is now.
        type: float
      state:
        description: What the cluster's record says at the end. V(halted) is shown as a failure.
        type: str
      reason:
        description: Why it was halted.
        type: str
      versions:
        description: Versions by the name of what has them, all of them texts.
        type: dict
      findings:
        description: What the filter P(fleetops.kubeproxy_free.plan_findings#filter) returned.
        type: list
        elements: dict
      waves:
        description: The waves in their order, each with C(nodes) (names in O(data.nodes)), C(started) and C(finished).
        type: list
        elements: dict
      nodes:
        description:
          - By name C(kernel), C(found), C(removed), C(kept), C(clean) and C(unchecked) as M(fleetops.kubeproxy_free.kube_proxy_rules) returns them,
            C(takeover_seconds), C(status_before) and C(status_after) (V(on) where the agent replaces kube-proxy, V(off), or another text),
            C(drift) (texts, where the agent runs otherwise than it is configured),
            C(before) (V(moved), if an earlier run did it), C(steps) (each with C(name), C(began), C(seconds), C(ok) and C(error)) and C(error).
        type: dict
      steps:
        description: Those of the whole cluster, as those of a node.
        type: list
        elements: dict
      traffic:
        description:
          - C(paths) as M(fleetops.kubeproxy_free.traffic_probe) returns them, each with C(from), the name of the node or V(outside); C(series),
            C(series_columns), C(bucket_seconds) and C(left_out) as there, of all probers together.
        type: dict
      not_measured:
        description: Why there is no traffic, and what to do about it.
        type: str
      benchmark:
        description: The C(file) of a benchmark and its C(result), as P(fleetops.kubeproxy_free.benchmark#role) writes it.
        type: dict
      calls:
        description:
          - Module calls as the lookup P(fleetops.kubeproxy_free.remote_calls#lookup) returns them.
        type: dict
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
"""

EXAMPLES = r"""
- name: Report a migration
  fleetops.kubeproxy_free.report:
    dest: ~/reports/prod-a
    data:
      cluster: prod-a
      started: 1767340800
      finished: 1767341400
      state: settled
      nodes:
        worker-1:
          kernel: 6.1.0-32-amd64
          found: "{{ cleanup.found }}"
          removed: "{{ cleanup.removed }}"
          takeover_seconds: 11.2
  delegate_to: localhost
  register: written

- name: Show it
  ansible.builtin.debug:
    msg: "{{ written.summary }}"
"""

RETURN = r"""
summary:
  description: The report in plain lines. Nodes that failed come first; of very many nodes only some are named.
  returned: always
  type: list
  elements: str
  sample:
    - "cluster prod-a: migrate, settled, 3 of 3 nodes moved in 2 waves, 4 min 2 s"
    - "traffic: 48,210 requests on 54 paths: 0 refused, 0 timed out, 0 reset, 0 failed otherwise, 0 % slow"
html:
  description: Path of the HTML file.
  returned: always
  type: str
json:
  description: Path of the JSON file.
  returned: always
  type: str
state:
  description: What the cluster's record says at the end.
  returned: always
  type: str
good:
  description: Whether no node failed and the cluster was not halted.
  returned: always
  type: bool
totals:
  description: A few numbers. C(nodes), C(failed_nodes), C(requests), C(failed_requests) and C(slow_requests); those of traffic are null if it was not measured.
  returned: always
  type: dict
"""

import pathlib

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report import files, model, summary

DATA = dict(
    cluster=dict(type="str", required=True),
    action=dict(type="str", default="migrate"),
    check_mode=dict(type="bool", default=False),
    started=dict(type="float"),
    finished=dict(type="float"),
    state=dict(type="str"),
    reason=dict(type="str"),
    versions=dict(type="dict"),
    findings=dict(type="list", elements="dict"),
    waves=dict(type="list", elements="dict"),
    nodes=dict(type="dict"),
    steps=dict(type="list", elements="dict"),
    traffic=dict(type="dict"),
    not_measured=dict(type="str"),
    benchmark=dict(type="dict"),
    calls=dict(type="dict"),
)


def main() -> None:
    # no_log: the data of a large cluster do not belong in the controller's system log
    module = AnsibleModule(
        argument_spec=dict(dest=dict(type="path", required=True), data=dict(type="dict", required=True, options=DATA)), supports_check_mode=True, no_log=True
    )
    dest, data = module.params["dest"], {key: value for key, value in module.params["data"].items() if value is not None}
    try:
        report = model.read(data)
        stems, wanted = pathlib.Path(dest, files.stem(report)), files.contents(data, report)
        outdated = files.outdated(stems, wanted)
        if outdated and not module.check_mode:
            files.write(stems, wanted, latest=not report.check_mode)
    except model.DataError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"The report cannot be written to {dest}: {error}. Give another folder in dest.")
    module.exit_json(
        changed=outdated, summary=summary.lines(report), state=report.state, good=report.good, totals=summary.numbers(report), html=f"{stems}.html",
        json=f"{stems}.json",
        invocation={"module_args": {"dest": dest, "data": "(in the report)"}},
    )  # fmt: skip


if __name__ == "__main__":
    main()
