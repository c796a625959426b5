# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module: files, check mode, refusals."""

from __future__ import annotations

import json
import pathlib
import stat

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.fleetops.kubeproxy_free.plugins.modules import report

DATA = pathlib.Path(__file__).parents[1] / "module_utils" / "_report" / "fixtures" / "three-nodes.json"


@pytest.fixture
def data():
    return json.loads(DATA.read_text(encoding="utf-8"))


def call(capsys, **params):
    with patch_module_args(params), pytest.raises(SystemExit):
        report.main()
    return json.loads(capsys.readouterr().out)


def test_both_files_are_written_once(capsys, tmp_path, data):
    dest = tmp_path / "reports" / "lab"
    result = call(capsys, dest=str(dest), data=data)
    assert (result["changed"], result["good"], result["html"], result["json"]) == (True, False, str(dest / "report.html"), str(dest / "report.json"))
    assert result["summary"][0].startswith("cluster lab: migrate, halted")
    assert result["totals"]["failed_requests"] == 4
    assert sorted(path.name for path in dest.iterdir()) == ["report.html", "report.json"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in dest.iterdir()} == {0o600}
    assert stat.S_IMODE(dest.stat().st_mode) == 0o700
    assert json.loads((dest / "report.json").read_text())["summary"] == result["summary"]
    assert call(capsys, dest=str(dest), data=data)["changed"] is False
    data["state"] = "settled"
    assert call(capsys, dest=str(dest), data=data)["changed"] is True
    assert json.loads((dest / "report.json").read_text())["state"] == "settled"


def test_the_result_does_not_carry_the_data_back(capsys, tmp_path, data):
    result = call(capsys, dest=str(tmp_path), data=data, _ansible_inject_invocation=True)
    assert result["invocation"]["module_args"]["data"] == "(in the report)"
    assert "alert(1)" in json.dumps(result["summary"]) and "series" not in json.dumps(result)


def test_check_mode_writes_nothing_and_tells_the_same(capsys, tmp_path, data):
    dry = call(capsys, dest=str(tmp_path / "lab"), data=data, _ansible_check_mode=True)
    assert list(tmp_path.iterdir()) == []
    assert dry == call(capsys, dest=str(tmp_path / "lab"), data=data)


def test_data_that_are_not_as_documented_are_refused_before_anything_is_written(capsys, tmp_path, data):
    data["nodes"]["worker-1"]["steps"][0]["seconds"] = "8"
    result = call(capsys, dest=str(tmp_path / "lab"), data=data)
    assert result["msg"] == "data.nodes.worker-1.steps[0].seconds: found '8', expected a number"
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(capsys, tmp_path, data):
    (tmp_path / "lab").write_text("a file")
    result = call(capsys, dest=str(tmp_path / "lab"), data=data)
    assert result["msg"].startswith(f"The report cannot be written to {tmp_path / 'lab'}: ") and result["msg"].endswith("Give another folder in dest.")
