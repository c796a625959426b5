# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python3 launch.py LOG COMMAND...: runs it and prints what it took, as JSON.

In a small process of its own: what Linux says of a command's memory begins with the size of the process that has started it.
"""

from __future__ import annotations

import json
import os
import sys
import time

with open(sys.argv[1], "wb") as log:
    began = time.perf_counter()
    pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, log.fileno(), 1), (os.POSIX_SPAWN_DUP2, log.fileno(), 2)])
    _pid, status, usage = os.wait4(pid, 0)
    print(json.dumps({"seconds": time.perf_counter() - began, "mebibytes": usage.ru_maxrss / 1024, "status": os.waitstatus_to_exitcode(status)}))
