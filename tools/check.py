# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the named targets of the Makefile and sum up: `make test`.

The cheap ones, before `then`, all run, so that one run shows all that is wrong; of the dear ones behind it, each runs only if all before it passed.
"""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
import time

import results

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / ".work" / "results"


def run(target: str) -> tuple[int, int, int, float, bool]:
    """Passed, failed, skipped, seconds, and whether make succeeded. A target that fails without a failed test counts as one."""
    known = set(RESULTS.glob("*.xml"))
    started = time.monotonic()
    print(f"\n=== make {target}", flush=True)
    succeeded = subprocess.run(["make", "--no-print-directory", target], cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode == 0
    passed, failed, skipped = results.count(sorted(set(RESULTS.glob("*.xml")) - known))
    if succeeded and not passed:
        print(f"make {target} succeeded and left no test in {RESULTS}: that is counted as a failure", flush=True)
        succeeded = False
    return passed, failed if succeeded or failed else 1, skipped, time.monotonic() - started, succeeded and not failed


def main() -> int:
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir(parents=True)
    lines, totals, good, dear = [], [0, 0, 0], True, False
    for target in sys.argv[1:]:
        if target == "then":
            dear = True
            continue
        if dear and not good:
            lines.append(f"{target:10} not run: something before it failed")
            continue
        *counts, seconds, ok = run(target)
        good &= ok
        totals = [total + count for total, count in zip(totals, counts)]
        lines.append(f"{target:10} {'ok' if ok else 'FAILED':7} {seconds:6.0f} s  {counts[0]:5} passed {counts[1]:4} failed {counts[2]:4} skipped")
    total = f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped"
    print("", *lines, "", total, sep="\n", flush=True)
    (RESULTS / "total").write_text(f"{total}\n", encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
