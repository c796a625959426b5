# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ginkgo reports, and how a suite that broke off is told from tests that failed."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import BrokeOff, outcomes

NAME = "[It] [sig-network] Services should {} [sig-network]"


@pytest.fixture
def report(tmp_path):
    def write(*cases):
        path = tmp_path / "junit.xml"
        lines = "".join(f'<testcase name="{name}" status="{status}"/>' for name, status in cases)
        path.write_text(f"<testsuites><testsuite>{lines}</testsuite></testsuites>", encoding="utf-8")
        return path

    return write


def test_tests_that_passed_and_failed(report):
    cases = [(NAME.format("a"), "passed"), (NAME.format("b"), "failed"), (NAME.format("c"), "skipped"), ("[SynchronizedBeforeSuite] ", "passed")]
    assert outcomes(report(*cases), 1) == {"Services should a": "passed", "Services should b": "failed"}


@pytest.mark.parametrize("status, cases", [
    (1, [(NAME.format("a"), "passed")]),  # it crashed after its tests
    (0, [(NAME.format("a"), "failed")]),
    (1, [(NAME.format("a"), "failed"), (NAME.format("b"), "interrupted")]),
    (2, [(NAME.format("a"), "panicked")]),
    (1, [(NAME.format("a"), "skipped"), ("[SynchronizedBeforeSuite] ", "failed")]),
])  # fmt: skip
def test_a_suite_that_broke_off(report, status, cases):
    with pytest.raises(BrokeOff, match=f"ended with {status}"):
        outcomes(report(*cases), status)


def test_a_suite_without_a_report(tmp_path):
    with pytest.raises(BrokeOff, match="wrote no"):
        outcomes(tmp_path / "junit.xml", 127)
