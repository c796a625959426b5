# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the prober keeps on disk, and how it is read back.

    WORK_DIR/NAME/spec.json      what was asked for
    WORK_DIR/NAME/process.json   the process that does it
    WORK_DIR/NAME/summary.json   the totals so far, replaced as a whole
    WORK_DIR/NAME/series.jsonl   rows of counts, appended: of all paths together, and of each path where something went wrong
    WORK_DIR/NAME/services.jsonl rows of counts, appended: of the requests to each Service
"""

from __future__ import annotations

import json
import os
import re
import shutil
from typing import Any, Iterable

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import TrafficError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.series import Row

NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")


class RunFiles:
    def __init__(self, work_dir: str, name: str) -> None:
        if not NAME.fullmatch(name):
            raise TrafficError(f"The run's name is {name!r}; expected letters, digits, '-', '_' and '.', at most 63. Choose another name.")
        self.folder = os.path.join(work_dir, name)

    def create(self) -> None:
        try:
            os.makedirs(self.folder, mode=0o700)
        except OSError as error:
            raise TrafficError(
                f"Cannot make {self.folder}: {error.strerror}. Run as root (become: true) or set work_dir to a folder you may write to."
            ) from None

    def exists(self) -> bool:
        return os.path.isdir(self.folder)

    def remove(self) -> None:
        shutil.rmtree(self.folder)

    def read(self, name: str) -> dict[str, Any]:
        """The content of a file; empty while there is none."""
        try:
            with open(self._path(name), encoding="utf-8") as handle:
                return json.load(handle)
        except FileNotFoundError:
            return {}

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Replace a file in one step: a reader sees the old or the new content, never half of one."""
        temporary = self._path(name + ".new")
        with open(temporary, "w", encoding="utf-8") as handle:
            json.dump(content, handle)
        os.replace(temporary, self._path(name))

    def append_rows(self, name: str, rows: Iterable[tuple[str, Row]]) -> None:
        with open(self._path(name), "a", encoding="utf-8") as handle:
            for of_what, row in rows:
                handle.write(json.dumps([of_what, row]) + "\n")

    def read_rows(self, name: str) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        try:
            with open(self._path(name), encoding="utf-8") as handle:
                for line in handle:
                    if line.endswith("\n"):  # the last line of a killed process may be half written
                        of_what, row = json.loads(line)
                        found.setdefault(of_what, []).append(row)
        except FileNotFoundError:
            pass
        return found

    def _path(self, name: str) -> str:
        return os.path.join(self.folder, name)


def alive(process: dict[str, Any], proc: str = "/proc") -> bool:
    """Whether the recorded process still runs; a process number used again by another process does not count."""
    return bool(process) and start_time(process["pid"], proc) == process["start_time"]


def start_time(pid: int, proc: str = "/proc") -> str | None:
    """When a process began, in clock ticks since boot (field 22 of /proc/PID/stat); None when it has ended."""
    try:
        with open(f"{proc}/{pid}/stat", encoding="utf-8", errors="replace") as handle:
            fields = handle.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else fields[19]
