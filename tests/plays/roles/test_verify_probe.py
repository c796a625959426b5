# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role verify makes of its probes: the real probe.yml and report.yml, with a real prober and a real server on this machine.

Stand-ins for the plan, which a test gives, and for what probes once, which finds nothing wrong. The host outside is this machine, or away.
"""

from __future__ import annotations

import http.server
import json
import os
import pathlib
import threading
import uuid

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import probe_run
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")

REAL = {"probe.yml", "report.yml"}
#: On the node, it lets the host outside come or go where a test wants that.
PROBE = """#!/usr/bin/python
# WANT_JSON
import json, os
for before, after in (("leaves", "away"), ("returns", "there")):
    if os.path.exists("{folder}/" + before):
        os.rename("{folder}/" + before, "{folder}/" + after)
print(json.dumps({{"changed": False, "targets": []}}))
"""
SETTINGS = {"work_dir": None, "rate": 20.0, "timeout": 0.2, "slow_threshold": 1.0, "max_duration": 120}


@pytest.fixture
def shop():
    """The address and port of a server that answers."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.RequestHandlerClass.log_message = lambda *_words: None
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield {"kind": "tcp", "address": "127.0.0.1", "port": server.server_port, "service": "shop/web:http"}
    server.shutdown()
    server.server_close()


@pytest.fixture
def probe(tmp_path, copy_role):
    """A function that probes one node by this plan, and reports; returns the status, all that was said, as one line, and the report as JUnit."""
    name = f"test-{uuid.uuid4().hex[:12]}"

    def text(path):
        if path.name in REAL:
            return path.read_text(encoding="utf-8").replace("fleetops.kubeproxy_free.service_probe:", "probe:")
        return json.dumps([{"ansible.builtin.set_fact": {"verify_plans": "{{ plans }}"}}] if path.name == "plan.yml" else [])

    copy_role("verify", text)
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "probe.py").write_text(PROBE.format(folder=tmp_path), encoding="utf-8")
    gone = "query('ansible.builtin.fileglob', '%s/away') + query('ansible.builtin.fileglob', '%s/returns')" % (tmp_path, tmp_path)
    outside = {"ansible_connection": "{{ 'ssh' if " + gone + " else 'local' }}", "ansible_host": "127.0.0.1", "ansible_port": 1}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {"a": {}, "outside": outside}, "vars": {
        "ansible_connection": "local", "kpr_cluster": name, "kpr_wave_hosts": ["a"], "kpr_node_name": "node-a", "kpr_leader": "a", "kpr_speaker": "a",
        "verify_report_dir": str(tmp_path / "out"), "verify_outside_host": "outside", "verify_timeout": 0.2}}}), encoding="utf-8")  # fmt: skip
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "a", "gather_facts": False, "ignore_unreachable": True, "tasks": [
        {"block": [{"ansible.builtin.include_role": {"name": "verify", "tasks_from": "probe"}}],
         "always": [{"ansible.builtin.include_role": {"name": "verify", "tasks_from": "report"}}]}]}]), encoding="utf-8")  # fmt: skip

    def run(plan, **variables):
        plans = {"node-a": {"targets": [], "outside": [], "closed": [], "skipped": [], **plan}}
        environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        done = ansible_playbook("-i", "hosts.json", "play.yml", "-e", json.dumps({"plans": plans, **variables}), cwd=tmp_path, env=environment)
        return done.returncode, " ".join((done.stdout + done.stderr).split()), next((tmp_path / "out").glob("*.xml")).read_text(encoding="utf-8")

    run.prober = {**SETTINGS, "name": f"verify-{name}"}
    yield run
    probe_run.run({**run.prober, "state": "stopped"}, False)


def test_a_prober_that_a_dead_run_has_left_outside_is_no_hindrance(probe, shop):
    probe_run.run({**probe.prober, "state": "started", "paths": [{**shop, "name": "of another run"}]}, False)
    status, said, report = probe({"outside": [{**shop, "name": "outside to it"}]})
    assert status == 0 and 'name="outside to it"' in report and "of another run" not in report, said


def test_what_another_run_has_seen_from_outside_is_no_proof(probe, shop, tmp_path):
    probe_run.run({**probe.prober, "state": "started", "paths": [{**shop, "name": "outside to it"}]}, False)
    (tmp_path / "returns").touch()  # away when the probe begins, and back when it ends
    status, said, report = probe({"outside": [{**shop, "name": "outside to it"}]})
    assert status != 0 and "Nothing was probed from outside; expected the result of traffic_probe." in said, said
    assert 'name="outside to it"' not in report


def test_a_host_outside_that_goes_away_meanwhile_is_a_failure_in_the_report_too(probe, shop, tmp_path):
    (tmp_path / "leaves").touch()
    status, said, report = probe({"outside": [{**shop, "name": "outside to it"}], "closed": [{**shop, "name": "outside to what is closed"}]})
    assert status != 0 and "Nothing was probed from outside; expected the result of traffic_probe." in said, said
    assert ": nothing was asked from outside where nothing may answer (Task failed: Failed to connect to the host via ssh" in said, said
    assert '<testsuite name="outside" tests="2" failures="2"' in report and "ansible -i INVENTORY outside -m ansible.builtin.ping" in report


def echo(*origins):
    return [{"name": f"from {origin}", "service": "kubeproxy-free-verify/echo:http", "namespace": origin} for origin in origins]


DNS = {"name": "host to DNS", "service": "kube-system/kube-dns:dns", "namespace": "host"}
NO_POD, NO_BACKEND = {"service": "*", "why": "no pod to probe from"}, {"service": "kubeproxy-free-verify/echo:http", "why": "it has no ready endpoint"}
OTHER = {"service": "shop/web:http", "why": "it is another"}


@pytest.mark.parametrize(("served_by", "plan", "found"), [
    ("cilium", {"targets": [*echo("host"), DNS], "skipped": [NO_POD, OTHER]}, "from a pod on it (no pod to probe from),"),
    ("kube_proxy", {"targets": [DNS], "skipped": [NO_POD, NO_BACKEND]}, "from the host and from a pod on it (no pod to probe from, it has no ready endpoint),"),
    ("cilium", {"targets": [*echo({"pod_uid": "u"}), DNS]}, "from the host (the Service is not there),"),
])  # fmt: skip
def test_a_proof_that_asks_nothing_of_the_workload_is_none(probe, served_by, plan, found):
    status, said, report = probe(plan, verify_outside_host="", verify_served_by=served_by)
    fault = f"Node node-a: found nothing of Service kubeproxy-free-verify/echo to probe {found} expected its addresses"
    assert status != 0 and fault in said, said
    assert f'<error message="{fault}' in report


def test_a_proof_asks_the_workload_from_host_and_pod_and_answers_alone_need_no_proof(probe):
    assert probe({"targets": echo("host", {"pod_uid": "u"})}, verify_outside_host="", verify_served_by="cilium")[0] == 0
    assert probe({"targets": [DNS]}, verify_outside_host="")[0] == 0


def test_a_cluster_of_any_name_is_probed_from_outside(probe, shop):
    status, said, _report = probe({"outside": [{**shop, "name": "outside to it"}]}, kpr_cluster=f"{uuid.uuid4()}, a site with a name that is long (Berlin)")
    assert status == 0, said
