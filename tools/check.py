# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the named targets of the Makefile and sum up: `make test`.

The cheap ones, before `then`, all run, so that one run shows all that is wrong; of the dear ones behind it, each runs only if all before it passed.
With KPR_CHECK_MINUTES in the environment, which .ci/run sets, the one in LONGEST is left out where it would not end in that time, said and counted as skipped:
whoever ends the whole from outside would leave no sum at all. The main job on a real cluster (molecule) is never left out.
Why a target failed is said again beside the sum: of a run of an hour, the end is what somebody sees first, and often all that is kept.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import results

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / ".work" / "results"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
#: What molecule puts before each line of a playbook.
BAR = re.compile(r"^ *│ ?")
# How pytest, ansible-playbook and make say what failed: a summary's line, an assertion, a task's error with its message.
REASON = re.compile(r"(FAILED|ERROR) \S+\.py|E   |\[ERROR\]|fatal: |make.*\*\*\*| +msg: ")
#: What may be left out, and the minutes it took where a processor gave a third of its usual speed.
LONGEST = {"faults": 25}
REASONS = 20  # the last ones: what failed first has often led to more


def make(target: str) -> tuple[bool, list[str]]:
    """Whether make succeeded, and the last lines that tell why not. All its output is shown as it comes.

    It goes by a file, as a pipe would end only with the last program that has it: a connection of SSH that is kept open, say.
    """
    log = RESULTS / f"{target}.log"
    with log.open("wb") as sink, log.open(encoding="utf-8", errors="replace") as said:
        command = ["make", "--no-print-directory", target]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT) as process:
            while process.poll() is None:
                print(said.read(), end="", flush=True)
                time.sleep(0.2)
        print(said.read(), end="", flush=True)
    lines = [BAR.sub("", COLOURS.sub("", line)).rstrip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    return process.returncode == 0, [line[:1000] for line in lines if REASON.match(line)][-REASONS:]


def run(target: str) -> tuple[int, int, int, float, list[str] | None]:
    """Passed, failed, skipped, seconds, and why it failed, or None. A target that fails without a failed test counts as one."""
    known = set(RESULTS.glob("*.xml"))
    started = time.monotonic()
    print(f"\n=== make {target}", flush=True)
    succeeded, reasons = make(target)
    passed, failed, skipped = results.count(sorted(set(RESULTS.glob("*.xml")) - known))
    if succeeded and not passed:
        reasons.append(f"make {target} succeeded and left no test in {RESULTS}: that is counted as a failure")
        succeeded = False
    return passed, failed if succeeded or failed else 1, skipped, time.monotonic() - started, None if succeeded and not failed else reasons


def main() -> int:
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir(parents=True)
    lines, why, totals, good, dear = [], [], [0, 0, 0], True, False
    began, minutes = time.monotonic(), float(os.environ.get("KPR_CHECK_MINUTES", "inf"))
    for target in sys.argv[1:]:
        if target == "then":
            dear = True
            continue
        if dear and not good:
            lines.append(f"{target:10} not run: something before it failed")
            continue
        gone = (time.monotonic() - began) / 60
        if target in LONGEST and gone + LONGEST[target] > minutes:
            lines.append(f"{target:10} not run: {gone:.0f} of {minutes:.0f} minutes are over, and it may take {LONGEST[target]}. Run it: make {target}")
            totals[2] += 1
            continue
        *counts, seconds, reasons = run(target)
        ok = reasons is None
        good &= ok
        if not ok:
            why += ["", f"Why make {target} failed, in its own last words:", *reasons]
        totals = [total + count for total, count in zip(totals, counts)]
        lines.append(f"{target:10} {'ok' if ok else 'FAILED':7} {seconds:6.0f} s  {counts[0]:5} passed {counts[1]:4} failed {counts[2]:4} skipped")
    total = f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped"
    print(*why, "", *lines, "", total, sep="\n", flush=True)
    (RESULTS / "total").write_text(f"{total}\n", encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
