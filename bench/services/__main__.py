# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python3 -m bench.services: the playbook benchmark.yml before and after a migration, on a lab of its own, with netperf. Needs root."""

from __future__ import annotations

import argparse
import json
import pathlib
import shutil
import subprocess
import time

from bench import machine
from lab import netperf
from lab.settings import load
from tests.own_lab import ROOT, OwnLab

HERE = pathlib.Path(__file__).resolve().parent
#: Logs, results of both runs and all samples, until the next time.
FOLDER = ROOT / ".work" / "bench-services"
INTRODUCTION = """# Requests through Services, with kube-proxy and with its replacement

Made by `make bench-services` on {machine}: {nodes} nodes of a real kubeadm cluster as containers on this one machine, VXLAN between them, kube-proxy in its
{mode} mode before, Cilium's replacement after the migration by this collection. Nodes, servers, clients and "outside" share the processors, so a client
that waits less leaves its server more; a network of real machines adds its own time to every row. Read rows, not the sum of them.

{judgement}

![The medians of all rows, with the range of their rounds](result.svg)

"""


def play(lab, playbook, **variables):
    """Run a playbook; its output goes to a file and, in the end, tells where it failed."""
    settings = {"kpr_artifacts_dir": str(FOLDER), "kpr_outside_host": "localhost", **variables}
    command = ["ansible-playbook", "-i", str(lab.inventory), str(ROOT / "playbooks" / f"{playbook}.yml"), "-e", json.dumps(settings)]
    log = FOLDER / f"{playbook}-{time.time_ns()}.log"
    with log.open("w", encoding="utf-8") as sink:
        code = subprocess.run(command, cwd=ROOT, env=lab.environment, stdout=sink, stderr=subprocess.STDOUT, check=False).returncode
    if code:
        raise SystemExit(f"bench: {playbook} ended with {code}, see {log}:\n{log.read_text(encoding='utf-8')[-4000:]}")


def newest():
    """The last result."""
    return max(path for path in (FOLDER / "bench").glob("benchmark-*.json") if not path.stem.endswith("-samples"))


def judgement(result):
    """What the comparison shows, in figures: how many rows of each way of measuring are really faster or slower."""
    said = []
    for test in sorted({row["test"] for row in result["compared"]}):
        rows = [row["p50_ms"] for row in result["compared"] if row["test"] == test and row["p50_ms"]]
        faster = sum(row["apart"] and row["after"] < row["before"] for row in rows)
        slower = sum(row["apart"] and row["after"] > row["before"] for row in rows)
        ratios = sorted(row["ratio"] for row in rows)
        said.append(f"- {test}: of {len(rows)} medians {faster} are lower after the migration and {slower} higher, with ranges that do not meet; after to "
                    f"before is {ratios[0]} to {ratios[-1]}, in the middle {ratios[len(ratios) // 2]}.")  # fmt: skip
    return "\n".join(said)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", default="10,1000,10000", help="numbers of Services")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--nodes", type=int, default=1, help="measure from so many nodes")
    options = parser.parse_args()
    lab, began = OwnLab("bench", 28, WORKERS=2), time.monotonic()

    def say(text):
        print(f"[{time.monotonic() - began:5.0f} s] {text}", flush=True)

    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    lab.fresh()
    try:
        settings = load({key: value for key, value in lab.environment.items() if key.startswith("KPR_LAB_")})
        asked = {
            "benchmark_services": [int(number) for number in options.services.split(",")], "benchmark_rounds": options.rounds,
            "benchmark_requests": options.requests, "benchmark_nodes": options.nodes, "benchmark_netperf_image": netperf.put_on_nodes(settings),
            "benchmark_netperf_program": str(netperf.program(settings)),
        }  # fmt: skip
        say("measure with kube-proxy")
        play(lab, "benchmark", **asked)
        before = newest()
        say("migrate")
        play(lab, "migrate")
        say("measure with Cilium's replacement")
        play(lab, "benchmark", benchmark_compare=str(before), **asked)
    finally:
        lab.lab("down")
    write(newest(), settings)
    say(f"written: {HERE / 'RESULT.md'}")


def write(path, settings):
    """The page, its picture and its figures, from the result of the second run."""
    said = INTRODUCTION.format(machine=machine.described(), nodes=settings.control_planes + settings.workers, mode=settings.proxy_mode,
                               judgement=judgement(json.loads(path.read_text(encoding="utf-8"))))  # fmt: skip
    for ending, name, before in ((".md", "RESULT.md", said + "#"), (".svg", "result.svg", ""), (".json", "result.json", "")):
        (HERE / name).write_text(before + machine.upstream(path.with_suffix(ending).read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
