# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sum of `make test`, over a Makefile whose targets do as they are told."""

from __future__ import annotations

import importlib
import pathlib
import shutil
import sys

import pytest

TOOLS = pathlib.Path(__file__).resolve().parents[3] / "tools"
pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="needs make")

MAKEFILE = """
good:
    @echo '<s><testcase/><testcase/></s>' > .work/results/good.xml
bad:
    @echo '<s><testcase/><testcase><failure/></testcase></s>' > .work/results/bad.xml; exit 1
liar:
    @echo '<s><testcase/><testcase><failure/></testcase></s>' > .work/results/liar.xml
crash:
    @printf 'FAILED - RETRYING: Wait (3 retries left).\\n  \\033[2m│\\033[0m \\033[31m[ERROR]: Task failed: three refused\\033[0m\\n'
    @printf 'fatal: [localhost]: FAILED! =>\\n  msg: three refused\\nover\\n'; exit 2
silent:
    @true
dear:
    @echo '<s><testcase/></s>' > .work/results/dear.xml
""".replace("    ", "\t")


@pytest.fixture
def check(tmp_path, monkeypatch, capfd):
    monkeypatch.syspath_prepend(str(TOOLS))
    module = importlib.import_module("check")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "RESULTS", tmp_path / ".work" / "results")
    (tmp_path / "Makefile").write_text(MAKEFILE)

    def run(*targets):
        monkeypatch.setattr(sys, "argv", ["check.py", *targets])
        status = module.main()
        total = (tmp_path / ".work" / "results" / "total").read_text().strip()
        run.out = capfd.readouterr().out
        assert run.out.rstrip().endswith(total)
        return status, total

    return run


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        (("good", "then", "dear"), (0, "3 passed, 0 failed, 0 skipped")),
        (("bad", "good", "then", "dear"), (1, "3 passed, 1 failed, 0 skipped")),  # the cheap ones run, the dear one does not
        (("good", "then", "crash", "dear"), (1, "2 passed, 1 failed, 0 skipped")),
        (("liar", "then", "dear"), (1, "1 passed, 1 failed, 0 skipped")),
        (("good", "crash"), (1, "2 passed, 1 failed, 0 skipped")),
        (("good", "silent"), (1, "2 passed, 1 failed, 0 skipped")),
    ],
)
def test_exit_status_and_total_are_honest(check, targets, expected):
    assert check(*targets) == expected


def test_results_of_an_earlier_run_do_not_count(check):
    assert check("bad", "then", "dear")[0] == 1
    assert check("good") == (0, "2 passed, 0 failed, 0 skipped")


def test_what_may_be_left_out_is_where_it_would_not_end_in_time_and_is_said_and_counted(check, monkeypatch):
    monkeypatch.setattr(sys.modules["check"], "LONGEST", {"dear": 35})
    monkeypatch.setenv("KPR_CHECK_MINUTES", "80")
    assert check("good", "then", "dear") == (0, "3 passed, 0 failed, 0 skipped")
    monkeypatch.setenv("KPR_CHECK_MINUTES", "34.9")
    assert check("good", "then", "dear") == (0, "2 passed, 0 failed, 1 skipped")
    assert check("dear", "then", "good") == (0, "2 passed, 0 failed, 1 skipped"), "nothing else is left out"
    assert "dear       not run: 0 of 35 minutes are over, and it may take 35. Run it: make dear" in check.out


def test_why_a_target_failed_is_said_again_beside_the_sum(check):
    check("crash", "good", "silent")
    shown, words = check.out.split("Why make crash failed, in its own last words:\n")
    assert "over\n" in shown  # all of it is shown as it comes
    assert words.startswith("[ERROR]: Task failed: three refused\nfatal: [localhost]: FAILED! =>\n  msg: three refused\nmake")
    assert "Why make silent failed, in its own last words:\nmake silent succeeded and left no test in " in words
    assert "RETRYING" not in words and "Why make good" not in words
