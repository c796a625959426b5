# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module: files, check mode, refusals."""

from __future__ import annotations

import json
import pathlib
import stat

import pytest
from ansible.module_utils.common.parameters import PASS_VARS
from ansible.module_utils.testing import patch_module_args
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.gather import gather
from ansible_collections.fleetops.kubeproxy_free.plugins.modules import report

FIXTURES = pathlib.Path(__file__).parents[1] / "module_utils" / "_report" / "fixtures"
ENDED = 1767355445.6  # 2026-01-02 12:04:05 UTC


def data_of(name):
    return {**gather(**json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))), "finished": ENDED}


@pytest.fixture
def data():
    return data_of("migrate")


def call(capsys, **params):
    with patch_module_args(params), pytest.raises(SystemExit):
        report.main()
    return json.loads(capsys.readouterr().out)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_both_files_are_written_once(capsys, tmp_path, data):
    dest = tmp_path / "reports" / "lab"
    result = call(capsys, dest=str(dest), data=data)
    stem = "report-20260102T120405Z-migrate"
    assert (result["changed"], result["good"], result["state"]) == (True, True, "settled")
    assert (result["html"], result["json"]) == (str(dest / f"{stem}.html"), str(dest / f"{stem}.json"))
    assert result["summary"][0].startswith("cluster ") and result["totals"]["nodes"] == len(data["nodes"])
    assert names(dest) == [f"{stem}.html", f"{stem}.json", "report.html", "report.json"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in dest.iterdir()} == {0o600}
    assert stat.S_IMODE(dest.stat().st_mode) == 0o700
    assert json.loads((dest / "report.json").read_text())["summary"] == result["summary"]
    assert (dest / "report.html").read_text() == (dest / f"{stem}.html").read_text()
    assert call(capsys, dest=str(dest), data=data)["changed"] is False
    data["state"] = "halted"
    assert call(capsys, dest=str(dest), data=data)["changed"] is True
    assert json.loads((dest / "report.json").read_text())["state"] == "halted"


def test_each_run_has_its_own_files_and_a_dry_one_is_not_the_latest(capsys, tmp_path, data):
    for name, more in (("halted", 0), ("migrate", 60), ("check", 120), ("rollback", 180), ("check", 240)):
        call(capsys, dest=str(tmp_path), data={**data_of(name), "finished": ENDED + more})
    wanted = ["120405Z-migrate", "120505Z-migrate", "120605Z-migrate-check", "120705Z-rollback", "120805Z-migrate-check"]
    assert [name for name in names(tmp_path) if name.endswith(".html")] == [f"report-20260102T{stem}.html" for stem in wanted] + ["report.html"]
    assert json.loads((tmp_path / "report.json").read_text())["action"] == "rollback"
    assert (tmp_path / "report.html").readlink() == pathlib.Path("report-20260102T120705Z-rollback.html"), "the folder may be moved"


def test_the_name_of_an_action_cannot_lead_elsewhere(capsys, tmp_path, data):
    result = call(capsys, dest=str(tmp_path / "lab"), data={**data, "action": "../up and away"})
    assert result["html"] == str(tmp_path / "lab" / "report-20260102T120405Z-.._up_and_away.html")
    assert names(tmp_path) == ["lab"]


def test_the_result_does_not_carry_the_data_back(capsys, tmp_path, data):
    asked = {"_ansible_inject_invocation": True} if "inject_invocation" in PASS_VARS else {}  # ansible-core 2.19 needs not be asked
    result = call(capsys, dest=str(tmp_path), data=data, **asked)
    assert result["invocation"]["module_args"]["data"] == "(in the report)"
    assert "series" not in json.dumps(result) and len(json.dumps(result)) < 10_000


def test_check_mode_writes_nothing_and_tells_the_same(capsys, tmp_path, data):
    dry = call(capsys, dest=str(tmp_path / "lab"), data=data, _ansible_check_mode=True)
    assert list(tmp_path.iterdir()) == []
    assert dry == call(capsys, dest=str(tmp_path / "lab"), data=data)


def test_data_that_are_not_as_documented_are_refused_before_anything_is_written(capsys, tmp_path, data):
    data["nodes"]["worker1"]["steps"][0]["seconds"] = "8"
    result = call(capsys, dest=str(tmp_path / "lab"), data=data)
    assert result["msg"] == "data.nodes.worker1.steps[0].seconds: found '8', expected a number"
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(capsys, tmp_path, data):
    (tmp_path / "lab").write_text("a file")
    result = call(capsys, dest=str(tmp_path / "lab"), data=data)
    assert result["msg"].startswith(f"The report cannot be written to {tmp_path / 'lab'}: ") and result["msg"].endswith("Give another folder in dest.")
