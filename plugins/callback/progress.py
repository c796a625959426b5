# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Callback plugin `progress`: thin wrapper around module_utils/_progress."""

from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: notification
short_description: Shows where a run that changes clusters stands
version_added: 0.1.0
author: fleetops.kubeproxy_free contributors (@fleetops)
description:
  - Says for each cluster which wave is at which step, on which nodes, how many nodes have arrived, the time since the start, and how long the
    rest will take if the other waves take as long as those that are done.
  - On a terminal the lines are coloured and have a bar; elsewhere they are plain.
  - Can write the same as JSON lines, for programs that watch a run.
  - Counts the module calls on each node and on each cluster's API, for the report (see the lookup P(fleetops.kubeproxy_free.remote_calls#lookup)).
options:
  events_file:
    description:
      - File to which each event is appended as one line of JSON. Created for its owner only. Nothing is written by default.
      - Every event has C(time) (seconds since the epoch), C(event) (V(plan), V(step_began), V(step_ended) or V(end)), C(cluster), C(elapsed),
        C(remaining) (seconds, null if unknown), C(waves), C(arrived) and C(total) (nodes); steps have C(step), C(wave) (from 0), C(nodes), and
        at their end C(seconds), C(ok) and C(failed).
    type: path
    env:
      - name: KPR_EVENTS_FILE
    ini:
      - section: callback_progress
        key: events_file
requirements:
  - to be enabled with C(ansible.cfg) (C(callbacks_enabled = fleetops.kubeproxy_free.progress)) or the environment variable E(ANSIBLE_CALLBACKS_ENABLED)
"""

import json
import os
import sys
import time

from ansible import constants as C
from ansible.plugins.callback import CallbackBase

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._progress import lines, tracker


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "fleetops.kubeproxy_free.progress"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook):
        self._tracker = tracker.Tracker(time.time())
        tracker.RUNNING[:] = [self._tracker]
        self._terminal = sys.stdout.isatty()
        path = self.get_option("events_file")
        self._events = None
        try:
            self._events = open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8", buffering=1) if path else None
        except OSError as error:
            self._display.warning(f"progress: no events are written: {error}; set KPR_EVENTS_FILE to a file that can be written")

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._tell(self._tracker.task(task.get_name(), time.time()))

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._count(result)

    def v2_runner_on_ok(self, result):
        self._count(result)
        facts = result.result.get("ansible_facts")
        if facts:
            self._tell(self._tracker.result(result.host.get_name(), facts, time.time()))

    def v2_playbook_on_stats(self, stats):
        self._tell(self._tracker.end(time.time()))
        if self._events:
            self._events.close()

    def _count(self, result):
        task = result.task
        self._tracker.call(result.host.get_name(), task.resolved_action or task.action, task.args, task.delegate_to is not None, result.result)

    def _tell(self, events):
        for event in events:
            if self._events:
                self._events.write(json.dumps(event) + "\n")
            line = lines.line(event, with_bar=self._terminal)
            if line:
                self._display.display(line, color=C.COLOR_OK if event.get("ok", not event.get("halted")) else C.COLOR_ERROR)
