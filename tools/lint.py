# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks that read the checkout and change nothing. `make lint`, or some of them: python3 tools/lint.py roles package"""

from __future__ import annotations

import pathlib
import subprocess
import sys
import time

import check_roles
import package
import results

ROOT = pathlib.Path(__file__).resolve().parent.parent


def _command(*words: str) -> list[str]:
    done = subprocess.run(words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return [f"`{' '.join(words)}` ended with {done.returncode}:\n{done.stdout}"] if done.returncode else []


#: Name, and a function that returns what is wrong.
CHECKS = {
    "roles": lambda: check_roles.problems(ROOT),
    "changelog": lambda: _command("antsibull-changelog", "lint"),
    "package": package.problems,
    "ansible-lint": lambda: _command("ansible-lint", "--offline", "--nocolor"),
}
if sys.version_info >= (3, 12):  # as what makes the site
    CHECKS["site"] = lambda: _command("make", "--no-print-directory", "site")


def main() -> int:
    wanted = sys.argv[1:] or list(CHECKS)
    unknown = sorted(set(wanted) - set(CHECKS))
    if unknown:
        sys.exit(f"lint: no such check: {', '.join(unknown)}; there are: {', '.join(CHECKS)}")
    failed: dict[str, str | None] = {}
    for name in wanted:
        started = time.monotonic()
        found = CHECKS[name]()
        print(f"lint: {name}: {'FAILED' if found else 'ok'} ({time.monotonic() - started:.0f} s)", *found, sep="\n  ", flush=True)
        failed[name] = "\n".join(found) or None
    results.write(ROOT / ".work" / "results" / "lint.xml", "lint", failed)
    return 1 if any(failed.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
