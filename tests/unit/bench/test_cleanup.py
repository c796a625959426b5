# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import importlib
import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3]))
rules, table = (importlib.import_module(f"bench.cleanup.{name}") for name in ("rules", "table"))


@pytest.mark.parametrize("wanted", [1, 1000, 6000])
def test_as_many_chains_as_wanted_and_every_one_of_them_is_declared_once(wanted):
    dumps = rules.dumps(wanted)
    assert wanted <= sum(map(rules.chains, dumps.values())) < wanted + 100
    for lines in dumps.values():
        table, declared = "", set()
        for line in lines:
            if line.startswith("*"):
                table, declared = line, set()
            elif line.startswith(":"):
                assert line.split()[0] not in declared, (table, line)
                declared.add(line.split()[0])
            else:
                assert {f":{name}" for name in re.findall(r"(?:-A|-j) (KUBE-\S+)", line)} <= declared, (table, line)


def test_one_copy_is_what_kube_proxy_made():
    assert [len(rules.HASHED.findall(" ".join(line for line in lines if line[0] == ":"))) for lines in rules.dumps(1).values()] == [42, 18]


def test_ratios_are_to_the_full_read_of_the_same_rules():
    runs = [
        {"backend": "nft", "chains": chains, "way": way, "seconds": seconds, "mebibytes": 10, "own": None, "left": 0}
        for chains, way, seconds in [(10, table.BASE, 1), (10, table.BASE, 3), (10, "other", 4), (20, table.BASE, 10), (20, "other", 5)]
    ]
    entries = table.summary(runs)
    assert [(one["chains"], one["way"], one["ratio"], one["runs"]) for one in entries] == [
        (10, table.BASE, 1, 2), (10, "other", 2, 1), (20, table.BASE, 1, 1), (20, "other", 0.5, 1),
    ]  # fmt: skip
    assert "| nft | 20 | other | 1 | 0.50 | 5.00, 5.00, 5.00 | 10 | 0 |" in table.table(entries)


def test_goals_are_judged_on_what_was_measured():
    def run(way, seconds, chains=24002, own=None):
        return {"backend": "nft", "chains": chains, "way": way, "seconds": seconds, "mebibytes": 1, "own": own, "left": 0}

    ways = [run(table.BASE, 1.0), run("module, with backup", 1.4), run("module, without backup", 0.5), run(table.BY_KUBE_PROXY, 10.0)]
    assert table.goals(table.summary(ways)) == [
        "module, with backup: 1.40 times one full read, goal at most 1.5: reached",
        "module, with backup: 7.1 times faster than kube-proxy --cleanup, goal at least 10: missed",
        "module, without backup: 0.50 times one full read, goal at most 0.3: missed",
        "module, without backup: 20.0 times faster than kube-proxy --cleanup, goal at least 10: reached",
    ]
    assert table.goals(table.summary([run(table.BASE, 1.0, chains=1002)])) == []
    small = [run(table.BASE, 0.1, chains=1002), run("module, without backup", 0.25, chains=1002)]
    assert "0.25 s, 0.25 times one full read, is what the module takes at 1,002 chains" in table.floor(table.summary([*small, *ways]))
    assert "within reach" in table.floor(table.summary([*small, *ways])) and table.floor(table.summary(ways)) == ""
    large = [run(table.BASE, 2.0, chains=50010), run("module, with backup", 3.0, chains=50010, own=151)]
    assert table.goals(table.summary([*ways, *large]))[-1] == "the module's own memory at 50,000 chains: 151 MiB, goal at most 150: missed"
