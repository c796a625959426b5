# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python3 -m bench.cleanup: the clean-up of kube-proxy's rules against other ways of doing it, side by side in one run. Needs root."""

from __future__ import annotations

import argparse
import json
import pathlib
import platform
import subprocess
import tempfile
import time

from bench import machine
from bench.cleanup import measure, rules, table

HERE = pathlib.Path(__file__).resolve().parent


def kube_proxy() -> pathlib.Path | None:
    """The one that the lab has built, if it has."""
    return next(iter(sorted(pathlib.Path("~/.cache/kubeproxy-free-lab/parts").expanduser().glob("kubernetes-*/bin/kube-proxy"))), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,6000,24000,50000", help="numbers of kube-proxy's chains")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--backends", default="nft,legacy")
    options = parser.parse_args()
    began, runs = time.monotonic(), []
    program = kube_proxy()
    if not program:
        print("bench: the lab has not built a kube-proxy (python3 -m lab prepare does); `kube-proxy --cleanup` is left out", flush=True)
    with tempfile.TemporaryDirectory(prefix="kprbench-") as folder:
        for size in map(int, options.sizes.split(",")):
            dumps = rules.dumps(size)
            chains = sum(map(rules.chains, dumps.values()))
            for backend in options.backends.split(","):
                for turn in range(options.repeat):
                    for way, command in measure.ways(backend, pathlib.Path(folder), program).items():
                        one = measure.run(backend, dumps, way, command, pathlib.Path(folder) / "log")
                        runs.append({"backend": backend, "chains": chains, "way": way, **one})
                        print(f"[{time.monotonic() - began:5.0f} s] {backend}, {size} chains, turn {turn + 1} of {options.repeat}, {way}: "
                              f"{one['seconds']:.2f} s, {one['mebibytes']:.0f} MiB, {one['left']} chains left", flush=True)  # fmt: skip
    entries = table.summary(runs)
    version = subprocess.run(["iptables", "--version"], text=True, capture_output=True, check=True).stdout.strip()
    where = f"{machine.described()}, {version}, Python {platform.python_version()}"
    (HERE / "result.json").write_text(json.dumps({"machine": where, "runs": runs}, indent=1) + "\n", encoding="utf-8")
    (HERE / "RESULT.md").write_text(table.page(where, entries), encoding="utf-8")
    print(table.page(where, entries))


if __name__ == "__main__":
    main()
