# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.tools import results


def test_what_is_written_is_counted(tmp_path):
    results.write(tmp_path / "a" / "lint.xml", "lint", {"roles": None, "package": "it \x1b[31mbroke\x1b[0m & <fell>\x00", "changelog": None})
    assert results.count([tmp_path / "a" / "lint.xml"]) == (2, 1, 0)


def test_errors_and_skips_of_pytest_are_counted(tmp_path):
    path = tmp_path / "unit.xml"
    path.write_text(
        '<testsuites><testsuite><testcase name="a"/><testcase name="b"><skipped/></testcase><testcase name="c"><error/></testcase>'
        '<testcase name="d"><failure/></testcase></testsuite></testsuites>'
    )
    assert results.count([path]) == (1, 2, 1)
    assert results.count([path, path]) == (2, 4, 2)
    assert results.count([]) == (0, 0, 0)
