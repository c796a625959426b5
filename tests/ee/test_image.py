# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""There and back in the execution environment, with the events and artifacts that AWX reads. The tests follow each other."""

from __future__ import annotations

import json

import pytest

from tests.ee.conftest import SECRET

pytestmark = [pytest.mark.lab, pytest.mark.slow]


def said(events):
    return "\n".join(event["stdout"] for event in events)[-4000:]


def stats(events):
    (last,) = [event["event_data"] for event in events if event["event"] == "playbook_on_stats"]
    return last


def test_the_image_has_what_the_playbooks_call(runner, image):
    script = """ansible --version && ansible-galaxy collection list && helm version --short && kubectl version --client
        python3 -c 'import kubernetes, jsonpatch' && ssh -V && id -u"""
    output = runner.shell(image, script)
    assert "fleetops.kubeproxy_free" in output and "kubernetes.core" in output and "Client Version" in output and output.split()[-1] == "1000", output


@pytest.mark.parametrize("user", [1000, 1000680000])
def test_reports_can_be_written_by_whatever_user_a_job_has(runner, image, user):
    assert runner.shell(image, "cd /var/lib/kubeproxy-free && mkdir -m 0700 prod && echo good >prod/plan.json && cat prod/plan.json", user) == "good\n"


def test_plan_as_a_check_job(runner, image):
    status, events = runner.play(image, "plan", "--check", "--diff")
    assert status == "successful" and runner.phase() == "", said(events)
    folder = runner.folder / "artifacts" / "reports" / runner.name
    assert json.loads((folder / "plan.json").read_text(encoding="utf-8"))["findings"] and (folder / "plan.html").stat().st_size > 1000


def test_a_folder_that_reports_cannot_go_to_is_found_by_the_plan(runner, image):
    status, events = runner.play(image, "plan", "--check", job="plan-nowhere", kpr_artifacts_dir="/usr/kubeproxy-free")
    assert status == "failed" and "Name another one: kpr_artifacts_dir" in " ".join(said(events).split()), said(events)


def test_migrate_with_the_answers_of_a_survey(runner, image):
    """All of them are texts, but for the numbers."""
    answers = {"kpr_hosts": "all", "kpr_wave_count": 0, "kpr_waves": "1, 50%", "kpr_accept_findings": "none-such, another@node x", "kpr_drain": "false",
               "kpr_soak": 1, "kpr_traffic": "true", "kpr_steal_lock": "false"}  # fmt: skip
    status, events = runner.play(image, "migrate", "--diff", **answers, kpr_traffic_timeout=15)
    assert status == "successful" and runner.phase() == "settled", said(events)
    assert not stats(events)["failures"] and not stats(events)["dark"]
    assert "wave 1 of 2, take_over done" in (runner.folder / "artifacts" / "migrate" / "stdout").read_text(encoding="utf-8")
    report = json.loads((runner.folder / "artifacts" / "reports" / runner.name / "report.json").read_text(encoding="utf-8"))
    assert report["traffic"]["paths"] and sum(path["refused"] for path in report["traffic"]["paths"]) == 0


def test_verify_proves_that_cilium_serves(runner, image):
    status, events = runner.play(image, "verify", verify_served_by="cilium")
    assert status == "successful", said(events)


def test_rollback(runner, image):
    status, events = runner.play(image, "rollback", "--diff")
    assert status == "successful" and runner.phase() == "", said(events)


def test_verify_proves_that_kube_proxy_serves(runner, image):
    status, events = runner.play(image, "verify", job="verify-rollback", verify_served_by="kube_proxy")
    assert status == "successful", said(events)


def test_what_awx_keeps_of_the_jobs_is_small_and_has_no_secrets(runner, image):
    artifacts = runner.folder / "artifacts"
    events = [json.loads(path.read_text(encoding="utf-8")) for path in (artifacts / "migrate" / "job_events").glob("*-*.json")]
    kept = stats(events).get("artifact_data", {})
    assert kept and len(json.dumps(kept)) < 4096
    user = json.loads((runner.folder / "kubeconfig").read_text(encoding="utf-8"))["users"][0]["user"]
    key = (runner.folder / "env" / "ssh_key").read_text(encoding="utf-8").splitlines()[1]
    found = {}
    for path in (path for path in artifacts.rglob("*") if path.is_file()):
        text = path.read_text(encoding="utf-8", errors="replace")
        found |= {str(path.relative_to(artifacts)): name for name, secret in (("token", user["token"]), ("key", key), ("value", SECRET)) if secret in text}
    assert found == {}
