# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""There and back in the execution environment, with the events and artifacts that AWX reads. The tests follow each other."""

from __future__ import annotations

import json

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.slow]


def said(events):
    return "\n".join(event["stdout"] for event in events)[-4000:]


def stats(events):
    (last,) = [event["event_data"] for event in events if event["event"] == "playbook_on_stats"]
    return last


def test_the_image_has_what_the_playbooks_call(runner, image):
    script = "ansible --version && ansible-galaxy collection list && helm version --short && python3 -c 'import kubernetes, jsonpatch' && ssh -V && id -u"
    output = runner.shell(image, script)
    assert "fleetops.kubeproxy_free" in output and "kubernetes.core" in output and output.split()[-1] == "1000", output


def test_plan_as_a_check_job(runner, image):
    status, events = runner.play(image, "plan")
    assert status == "successful", said(events)
    assert runner.phase() == ""


def test_migrate(runner, image):
    status, events = runner.play(image, "migrate", "--cmdline", "-e kpr_traffic=true -e kpr_traffic_timeout=15")
    assert status == "successful" and runner.phase() == "settled", said(events)
    assert not stats(events)["failures"] and not stats(events)["dark"]
    report = json.loads((runner.folder / "artifacts" / "reports" / runner.name / "report.json").read_text(encoding="utf-8"))
    assert report["traffic"]["paths"] and sum(path["refused"] for path in report["traffic"]["paths"]) == 0


def test_what_awx_keeps_of_the_job_is_small_and_has_no_secrets(runner, image):
    artifacts = runner.folder / "artifacts" / "migrate"
    kept = stats([json.loads(path.read_text(encoding="utf-8")) for path in (artifacts / "job_events").glob("*-*.json")]).get("artifact_data", {})
    assert kept and len(json.dumps(kept)) < 4096
    user = json.loads((runner.folder / "kubeconfig").read_text(encoding="utf-8"))["users"][0]["user"]
    key = (runner.folder / "env" / "ssh_key").read_text(encoding="utf-8").splitlines()[1]
    reports = list((runner.folder / "artifacts").rglob("*"))
    for path in (path for path in reports if path.is_file()):
        text = path.read_text(encoding="utf-8", errors="replace")
        assert user["token"] not in text and key not in text, path


def test_rollback(runner, image):
    status, events = runner.play(image, "rollback")
    assert status == "successful" and runner.phase() == "", said(events)
