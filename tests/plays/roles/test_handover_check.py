# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real tasks/check.yml of the role handover, with real commands and a real prober on this machine, which stands in for three nodes and for outside."""

from __future__ import annotations

import http.server
import json
import os
import pathlib
import threading
import time
import uuid

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import probe_run
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]
HOSTS = ["n1", "n2", "n3"]
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


def check(folder, *checks, cluster="demo", began=0.0):
    """(exit status, output) of a wave of the first host."""
    variables = {
        "ansible_connection": "local", "kpr_cluster": cluster, "kpr_cluster_hosts": HOSTS, "kpr_wave_hosts": HOSTS[:1], "kpr_speaker": "n1", "kpr_leader": "n1",
        "kpr_node_name": "node-{{ inventory_hostname }}", "kpr_traffic_timeout": 1, "handover_checks": list(checks), "handover_check_timeout": 5,
        "handover_steps": [{"name": "lock", "began": 1.0}, {"name": "take_over", "began": began}],
        "traffic_plans": {f"node-{host}": {"targets": [{"name": "x"}], "outside": [{"name": "y"}]} for host in HOSTS},
    }  # fmt: skip
    (folder / "hosts.json").write_text(json.dumps({"all": {"vars": variables, "hosts": {host: {} for host in HOSTS}}}))
    (folder / "play.yml").write_text(json.dumps([
        {"hosts": "n1", "gather_facts": False, "tasks": [{"ansible.builtin.include_tasks": str(ROOT / "roles" / "handover" / "tasks" / "check.yml")}]}]))
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = ansible_playbook("-i", folder / "hosts.json", folder / "play.yml", cwd=ROOT, env=environment)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_a_check_that_fails_is_named_with_what_was_found_and_expected(tmp_path):
    code, output = check(tmp_path, {"name": "well", "command": ["true"]}, {"name": "shop", "command": ["sh", "-c", "echo shut >&2; exit 3"]})
    assert code != 0 and "shop: found" in output and "exit code 3 (shut), expected its command, sh, to end with 0 within 5 s." in output, output
    assert "run the command that kpr_checks has for shop there" in output and "well: found" not in output
    assert "echo shut" not in output, "a command may have a token in it"


def test_a_command_that_hangs_fails_in_its_time(tmp_path):
    began = time.monotonic()
    code, output = check(tmp_path, {"name": "shop", "command": ["sleep", "300"]})
    assert code != 0 and "shop: found" in output and "expected its command, sleep, to end with 0 within 5 s." in output, output
    assert time.monotonic() - began < 60


def test_a_check_of_an_address_says_how_to_ask_it(tmp_path):
    code, output = check(tmp_path, {"name": "shop", "url": "http://127.0.0.1:1/health?token=s3cret"})
    assert code != 0 and "expected status 200 from http://127.0.0.1:1/health within 5 s. See from the controller: curl -i http://127.0.0.1:1/health" in output
    assert "s3cret" not in output


@pytest.fixture
def shop():
    """A server, and a prober that asks it and an address out of its reach: its name, and how to shut the shop."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.RequestHandlerClass.log_message = lambda *_words: None
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    name = f"test-{uuid.uuid4().hex[:12]}"
    path = {"name": "way", "kind": "http", "address": "127.0.0.1", "port": server.server_port, "service": "shop/web:http", "request": "/nothing"}
    far = {**path, "name": "far", "port": 1, "service": "shop/far:http"}
    settings = {"name": name, "work_dir": None, "paths": [path, far], "rate": 20.0, "timeout": 1.0, "slow_threshold": 1.0, "max_duration": 1200}
    probe_run.run({**settings, "state": "started"}, False)

    def shut():
        server.shutdown()
        server.server_close()

    yield name, shut
    probe_run.run({**settings, "state": "stopped"}, False)


TRAFFIC = {"name": "users", "traffic": {"max_failed": "1%"}}


@pytest.mark.parametrize("zone", ["UTC0", "CET-1", "EST5"])
def test_users_requests_are_asked_of_all_probers_wherever_the_controller_is(shop, tmp_path, monkeypatch, zone):
    name, shut = shop
    monkeypatch.setenv("TZ", zone)
    began = time.time()
    time.sleep(1)
    code, output = check(tmp_path, TRAFFIC, cluster=name, began=began)
    assert code == 0, output
    assert all(f"ok: [n1 -> {there}]" in output for there in ("n2", "n3", "localhost"))
    assert "users: not judged, as they have not answered once since they are watched" in output, output
    assert "from node-n1 1 path to shop/far:http" in output and "from outside 1 path to shop/far:http. Where the controller does not" in output, output
    shut()
    time.sleep(1)
    code, output = check(tmp_path, TRAFFIC, cluster=name, began=began)
    assert code != 0 and "users: since the wave began, shop/web:http:" in output and "refused" in output and "expected at most 1%" in output, output
    assert "shop/far:http:" not in output, output


def test_a_prober_that_is_not_there_is_no_proof(tmp_path):
    code, output = check(tmp_path, TRAFFIC, cluster="nobody-asks", began=time.time())
    assert code != 0 and "nothing is watched from node-n1: there is no prober" in output, output
