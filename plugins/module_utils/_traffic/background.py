# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, look at and stop a run of the prober that outlives the module which started it."""

from __future__ import annotations

import itertools
import os
import signal
import time
from typing import Any

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.engine import Engine
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.files import RunFiles, alive, start_time
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import TrafficError, parse_paths
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.series import SERIES_COLUMNS, bucket_of, folded, wrong
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.tally import totals
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.window import of_services, window

FLUSH_INTERVAL = 2.0
STOP_GRACE = 10.0
STARTED = b"started"
ALL = ""  # stands for all paths together; no path has this name


def runs(files: RunFiles) -> bool:
    """Whether there is a prober under this name."""
    return files.exists() and alive(files.read("process.json"))


def must_start(files: RunFiles, spec: dict[str, Any]) -> bool:
    """Whether a run has to be started; False when exactly this one is under way already."""
    if not runs(files):
        return True
    if files.read("spec.json") == spec:
        return False
    raise TrafficError(
        f"A prober with other paths or settings runs under this name already ({files.folder}). "
        f"Stop it first (state: stopped), or start this one under another name."
    )


def start(files: RunFiles, spec: dict[str, Any]) -> None:
    """Start the prober as a process of its own; return once it is in all its namespaces and sends."""
    parse_paths(spec["paths"])
    if files.exists():
        files.remove()
    files.create()
    files.write("spec.json", spec)
    said = _detach(lambda report: _work(files, spec, report))
    if said != STARTED:
        files.remove()
        raise TrafficError(said.decode(errors="replace") or "The prober ended before it began and left no word. Look into the system's log for its end.")


def stop(files: RunFiles, timeout: float) -> None:
    """End the prober: it starts no new request and waits for those under way."""
    process = files.read("process.json")
    deadline = time.monotonic() + timeout + STOP_GRACE
    if alive(process):
        os.kill(process["pid"], signal.SIGTERM)
    while alive(process):
        if time.monotonic() > deadline:
            os.kill(process["pid"], signal.SIGKILL)
            deadline += STOP_GRACE
        time.sleep(0.05)


def result(files: RunFiles) -> dict[str, Any]:
    """What the run has measured up to now."""
    found = _summary(files)
    series = files.read_rows("series.jsonl")
    bucket = bucket_of(series.get(ALL, []))
    for path in found.get("paths", []):
        path["series"] = folded(series.get(path["name"], []), bucket)
    return {**found, "series": folded(series.get(ALL, []), bucket), "series_columns": list(SERIES_COLUMNS), "bucket_seconds": bucket}


def last(files: RunFiles, seconds: float) -> dict[str, Any]:
    """What the run has measured in the last seconds, by Service."""
    return window(_summary(files), files.read_rows("services.jsonl"), time.time() - seconds)


def _summary(files: RunFiles) -> dict[str, Any]:
    found = files.read("summary.json")
    found["running"] = runs(files)
    if not found["running"] and not found.get("ended_by"):
        found["ended_by"] = "died"
    return found


def _work(files: RunFiles, spec: dict[str, Any], report: Any) -> None:
    """The life of the detached process."""
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # inherited by the threads: only the wait below takes them
    engine = Engine(parse_paths(spec["paths"]), spec["rate"], spec["timeout"], spec["slow_threshold"])
    engine.start()
    started_at = time.time()
    ends = time.monotonic() + spec["max_duration"]
    files.write("process.json", {"pid": os.getpid(), "start_time": start_time(os.getpid())})
    _flush(files, spec, engine, started_at, None)
    report(STARTED)
    ended_by = None
    while ended_by is None:
        if signal.sigtimedwait(signals, max(0.0, min(FLUSH_INTERVAL, ends - time.monotonic()))):
            ended_by = "stopped"
        elif time.monotonic() >= ends:
            ended_by = "max_duration"
        else:
            _flush(files, spec, engine, started_at, None)
    engine.stop()
    _flush(files, spec, engine, started_at, ended_by)


def _flush(files: RunFiles, spec: dict[str, Any], engine: Engine, started_at: float, ended_by: str | None) -> None:
    now = time.time()
    complete = now - spec["timeout"] - 2  # requests that began later may still be under way
    with engine.lock:
        rows = {name: tally.take_rows() if ended_by else tally.take_rows(complete) for name, tally in engine.tallies.items()}
        summaries = [dict(raw, **engine.tallies[raw["name"]].as_dict(), gone_at=engine.gone.get(raw["name"])) for raw in spec["paths"]]
        answered = {name: tally.first_answer for name, tally in engine.tallies.items()}
    together = folded(itertools.chain(*rows.values()))
    files.append_rows("series.jsonl", [*((ALL, row) for row in together), *((name, row) for name, of_path in rows.items() for row in wrong(of_path))])
    services = of_services(spec["paths"], rows, answered)
    files.append_rows("services.jsonl", ((service, row) for service, of_one in services.items() for row in folded(of_one)))
    files.write(
        "summary.json",
        {
            "name": spec["name"],
            "started_at": round(started_at, 3),
            "ended_at": round(now, 3),
            "ended_by": ended_by,
            "rate": spec["rate"],
            "timeout": spec["timeout"],
            "slow_threshold": spec["slow_threshold"],
            "left_out": engine.left_out,
            "max_lag_ms": round(engine.max_lag * 1000, 1),
            "paths": summaries,
            "totals": totals(summaries),
        },
    )


def _detach(work: Any) -> bytes:
    """Run work(report) in a process that belongs to no session and holds nothing of ours; return what it reports first."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        with os.fdopen(reader, "rb") as handle:
            said = handle.read()
        os.waitpid(child, 0)
        return said

    def report(text: bytes) -> None:
        os.write(writer, text)
        os.close(writer)

    try:
        os.setsid()
        if os.fork() == 0:
            _let_go(keep=writer)
            work(report)
    except Exception as error:  # pylint: disable=broad-exception-caught  # the only way out is the pipe
        try:
            report(str(error).encode() if isinstance(error, TrafficError) else f"The prober failed: {error!r}".encode())
        except OSError:
            pass  # it had started; what it wrote until now is its result
    finally:
        os._exit(0)  # pylint: disable=protected-access  # no clean-up of the module we were forked from
    return b""


def _let_go(keep: int) -> None:
    """Hold no file, terminal or working directory of whoever started us."""
    os.chdir("/")
    os.umask(0o077)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) != keep:
            try:
                os.close(int(name))
            except OSError:
                pass  # the folder's own handle, closed by now
