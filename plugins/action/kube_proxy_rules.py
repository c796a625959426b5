# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes away, connects anew and confirms, all in one task: so a node's time to be confirmed does not run while it waits for other nodes."""

from __future__ import annotations

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.pair import together


class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        arguments = self._task.args
        if not (boolean(arguments.get("confirm", False), strict=False) and str(arguments.get("confirm_timeout", 0)) != "0"):
            return self._execute_module(task_vars=task_vars)
        first = self._execute_module(module_args={**arguments, "confirm": False}, task_vars=task_vars)
        if first.get("failed") or not first.get("armed"):
            return first
        if not self._task.check_mode:
            # One that is already open may live where a new one cannot be made.
            self._connection.reset()
        return together(first, self._execute_module(module_args={**arguments, "confirm_timeout": 0}, task_vars=task_vars))
