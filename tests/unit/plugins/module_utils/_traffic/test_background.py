# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The prober as a process of its own, really started and stopped."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import time

import jinja2
import pytest
import yaml

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import probe_run
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.files import RunFiles, alive, start_time
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import TrafficError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.series import BUCKETS

ROOT = pathlib.Path(__file__).resolve().parents[5]

# The module forks before it has any thread; here the test's own servers are threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


@pytest.fixture
def call(tmp_path, serve):
    port = serve("http", "echo-1").port
    defaults = dict(
        name="run",
        work_dir=str(tmp_path),
        paths=[dict(name="good", kind="http", address="127.0.0.1", port=port)],
        rate=20.0,
        timeout=0.5,
        slow_threshold=1.0,
        max_duration=20,
    )

    def run(state, check_mode=False, **more):
        return probe_run.run({**defaults, "state": state, **more}, check_mode)

    yield run
    run("stopped")


def pid(tmp_path):
    return RunFiles(str(tmp_path), "run").read("process.json")["pid"]


def test_started_runs_in_a_session_of_its_own_and_stopped_returns_what_it_saw(call, tmp_path):
    started = call("started")
    assert started["changed"] and started["traffic"]["running"]
    process = pid(tmp_path)
    assert os.getsid(process) != os.getsid(0)
    assert sorted(os.readlink(f"/proc/{process}/fd/{number}") for number in (0, 1, 2)) == [os.devnull] * 3
    time.sleep(1)
    stopped = call("stopped")
    traffic = stopped["traffic"]
    assert stopped["changed"] and not traffic["running"] and traffic["ended_by"] == "stopped"
    good = traffic["paths"][0]
    assert good["ok"] == good["requests"] == traffic["totals"]["requests"] >= 14
    assert good["backends"] == {"echo-1": good["ok"]}
    assert sum(row[1] for row in traffic["series"]) == good["ok"] and good["series"] == []
    assert start_time(process) is None
    assert list(tmp_path.iterdir()) == []


def test_the_series_is_of_all_paths_and_of_each_only_what_went_wrong(call, serve):
    paths = [dict(name="good", kind="http", address="127.0.0.1", port=serve("http", "echo-1").port), dict(name="bad", kind="tcp", address="127.0.0.1", port=1)]
    call("started", paths=paths)
    time.sleep(0.7)
    traffic = call("stopped")["traffic"]
    good, bad = traffic["paths"]
    columns = {name: sum(row[number] for row in traffic["series"]) for number, name in enumerate(traffic["series_columns"])}
    assert (columns["ok"], columns["refused"]) == (good["ok"], bad["refused"]) and bad["refused"] > 0
    assert good["series"] == [] and sum(row[2] for row in bad["series"]) == bad["refused"]
    assert traffic["bucket_seconds"] == 1


def test_what_hours_have_left_is_folded_where_it_was_measured(call, tmp_path):
    """Rows of a run of four hours, beside a real one that says the rest."""
    call("started")
    files, begin = RunFiles(str(tmp_path), "run"), int(time.time()) - 14400
    files.append_rows("series.jsonl", [("", [begin + second, 90, second % 7 == 0, 0, 0, 0, 0]) for second in range(14400)])
    files.append_rows("series.jsonl", [("good", [begin + second, 0, 1, 0, 0, 0, 0]) for second in range(0, 14400, 7)])
    traffic = call("stopped")["traffic"]
    assert traffic["bucket_seconds"] == 64 and len(traffic["series"]) <= BUCKETS + 1
    assert sum(row[2] for row in traffic["series"]) == sum(row[2] for row in traffic["paths"][0]["series"]) == 2058
    assert len(json.dumps(traffic)) < 20_000


def test_started_twice_is_unchanged_and_other_settings_are_refused(call, tmp_path):
    call("started")
    first = pid(tmp_path)
    assert not call("started")["changed"]
    assert pid(tmp_path) == first
    with pytest.raises(TrafficError, match="runs under this name already"):
        call("started", rate=5.0)


def test_restarted_replaces_whatever_runs_under_the_name(call, tmp_path):
    assert call("restarted")["changed"]
    first = pid(tmp_path)
    time.sleep(0.5)
    assert call("restarted", check_mode=True)["changed"] and pid(tmp_path) == first
    anew = call("restarted", rate=5.0)
    assert anew["changed"] and start_time(first) is None and pid(tmp_path) != first
    time.sleep(0.5)
    assert 1 <= call("stopped")["traffic"]["totals"]["requests"] <= 5, "what the first has measured is gone"


def test_inspected_leaves_it_running(call):
    call("started")
    time.sleep(0.3)
    assert call("inspected") != call("stopped")
    assert call("inspected") == {"changed": False, "traffic": {}}


def test_of_a_run_that_goes_on_the_last_seconds_are_told_by_service(call, serve):
    port = serve("http", "echo-1").port
    call("started", timeout=0.1, paths=[dict(name=name, kind=kind, service="shop/web", address="127.0.0.1", port=port) for name, kind in
                                        (("one", "http"), ("two", "http"), ("open", "stream"))])  # fmt: skip
    time.sleep(5)  # rows are written when no request of their second can be under way any more
    before = time.time()
    all_of_it, none_of_it = call("inspected", last=60)["traffic"], call("inspected", last=1)["traffic"]
    assert all_of_it["running"] and 20 <= all_of_it["services"]["shop/web"]["ok"] <= (time.time() - before + 6) * 40
    assert list(all_of_it["services"]) == ["shop/web"] and sum(none_of_it["services"]["shop/web"].values()) == 0
    assert set(all_of_it) == {"running", "ended_by", "services", "never_answered"}


def test_what_never_answered_is_told_apart_from_what_stopped_answering(call, serve):
    breaks = serve("http", "echo-1")
    paths = [dict(name=name, kind="http", service=name, address="127.0.0.1", port=port) for name, port in (("breaks", breaks.port), ("out of reach", 1))]
    call("started", timeout=0.1, paths=paths, max_duration=60)
    until_seen(call, "breaks", "ok")
    breaks.close()
    seen = until_seen(call, "breaks", "refused")
    assert seen["never_answered"] == {"out of reach": 1} and sum(seen["services"]["out of reach"].values()) == 0
    assert seen["services"]["breaks"]["ok"] > 0


def until_seen(call, service, outcome):
    """What the prober has seen, as soon as that is among it: however long a busy machine takes for it."""
    deadline = time.monotonic() + 30
    while not (seen := call("inspected", last=60)["traffic"])["services"][service][outcome]:
        assert time.monotonic() < deadline, seen
        time.sleep(0.2)
    return seen


def test_it_ends_by_itself_and_its_result_waits(call, tmp_path):
    call("started", max_duration=1)
    process = pid(tmp_path)
    deadline = time.monotonic() + 10
    while start_time(process) and time.monotonic() < deadline:
        time.sleep(0.1)
    seen = call("inspected")["traffic"]
    assert not seen["running"] and seen["ended_by"] == "max_duration"
    assert call("started")["changed"]  # an ended run does not stand in the way of a new one


def test_a_killed_prober_is_said_to_have_died_and_keeps_what_it_wrote(call, tmp_path):
    call("started")
    os.kill(pid(tmp_path), signal.SIGKILL)
    assert call("stopped")["traffic"]["ended_by"] == "died"


def test_check_mode_starts_and_stops_nothing(call, tmp_path):
    assert call("started", check_mode=True)["changed"]
    assert list(tmp_path.iterdir()) == []
    call("started")
    assert call("stopped", check_mode=True)["changed"]
    assert call("inspected")["traffic"]["running"]
    assert not call("started", check_mode=True)["changed"]


def test_a_start_that_fails_says_why_and_leaves_nothing(call, tmp_path):
    with pytest.raises(TrafficError, match="No process of pod gone"):
        call("started", paths=[dict(name="p", kind="tcp", address="127.0.0.1", port=1, namespace=dict(pod_uid="gone"))])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"timeout": 100}, {"max_duration": 0}, {"name": "../x"}, {"rate": 100.0, "paths": [{}] * 11}])
def test_what_is_out_of_bounds_is_refused(call, wrong):
    with pytest.raises(TrafficError):
        call("started", **wrong)


def test_the_role_asks_from_outside_as_often_as_one_prober_may():
    tasks = yaml.safe_load((ROOT / "roles" / "traffic" / "tasks" / "start.yml").read_text(encoding="utf-8"))
    rate = next(task for task in tasks if task["name"] == "start | Watch from outside")["fleetops.kubeproxy_free.traffic_probe"]["rate"]
    for paths in (1, *range(195, 300), 50_000):
        asked = float(jinja2.Template(rate).render(traffic_rate=5, __traffic_outside=range(paths)))
        probe_run.check_limits({"rate": asked, "timeout": 5, "slow_threshold": 1, "max_duration": 60, "paths": range(paths)})
        assert asked == 5 or paths * asked > 990


def test_a_process_number_used_again_is_not_our_prober():
    assert alive({"pid": os.getpid(), "start_time": start_time(os.getpid())})
    assert not alive({"pid": os.getpid(), "start_time": "1"})
