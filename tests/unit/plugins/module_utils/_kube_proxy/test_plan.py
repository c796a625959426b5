# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies

from ansible_collections.fleetops.kubeproxy_free.tests.unit.plugins.module_utils._kube_proxy import dumps


def only(plans: dict) -> dumps.TablePlan:
    """The plan of a dump of one table."""
    (made,) = plans.values()
    return made


MARKED = [dumps.marked(path) for path in sorted(dumps.FIXTURES.glob("*.marked"))]


@pytest.mark.parametrize("dump", [dump for dump in MARKED if not dump.noted("refused")], ids=lambda dump: dump.name)
def test_exactly_the_marked_lines_go(dump: dumps.Marked) -> None:
    planned = dumps.plans(dump.before, dump.kubelet)
    assert [made.references for made in planned.values() if made.references] == []
    assert dumps.carried_out(dump.before, planned) == dump.after
    assert {chain for made in planned.values() for chain in made.unknown} == dump.noted("unknown")
    kept = {one.chain: one.why for made in planned.values() for one in made.kept}
    for chain in dump.noted("kept"):
        assert "needs KUBE-MARK-MASQ" in kept[chain]


@pytest.mark.parametrize("dump", [dump for dump in MARKED if not dump.noted("refused")], ids=lambda dump: dump.name)
def test_nothing_is_left_to_do_afterwards(dump: dumps.Marked) -> None:
    assert all(made.empty for made in dumps.plans(dump.after, dump.kubelet).values())


@pytest.mark.parametrize("dump", [dump for dump in MARKED if dump.noted("refused")], ids=lambda dump: dump.name)
def test_a_rule_of_others_that_leads_to_kube_proxy_is_a_reference(dump: dumps.Marked) -> None:
    made = only(dumps.plans(dump.before, dump.kubelet))
    assert {one.target for one in made.references} == dump.noted("refused")
    assert all(one.rule in dump.after for one in made.references)


def test_a_chain_is_judged_by_its_table_too() -> None:
    made = only(dumps.plans(["*mangle", ":KUBE-SERVICES - [0:0]", ":KUBE-SVC-UCJAHX4E4XCGRRJS - [0:0]", "COMMIT"], "v1.34.4"))
    assert made.empty and made.unknown == ["KUBE-SERVICES", "KUBE-SVC-UCJAHX4E4XCGRRJS"]


@pytest.mark.parametrize(
    ("version", "stays"), [("v1.26.15", True), ("1.27.1", False), ("v1.28.0", False), ("v2.0.0", False), (None, True), ("unknown", True)]
)
def test_the_shared_chains_stay_for_old_or_unknown_kubelets(version: str | None, stays: bool) -> None:
    made = only(dumps.plans(["*nat", ":KUBE-MARK-MASQ - [0:0]", ":KUBE-POSTROUTING - [0:0]", "COMMIT"], version))
    assert [one.chain for one in made.kept] == (["KUBE-MARK-MASQ", "KUBE-POSTROUTING"] if stays else [])
    assert made.empty is stays


def test_of_made_up_dumps_everything_owned_goes_and_all_else_stays() -> None:
    seen = set()

    @hypothesis.settings(max_examples=1_000)
    @hypothesis.given(strategies.integers(min_value=0, max_value=2**64))
    def judge(seed: int) -> None:
        # Twelve dumps per example: making the example costs more than judging the dump.
        for number in range(seed * 12, seed * 12 + 12):
            dump = dumps.made_up(number, kernel=False)
            planned = dumps.plans(dump.before, dump.kubelet)
            assert dumps.carried_out(dump.before, planned) == dump.after, dump.name
            references = [one for made in planned.values() for one in made.references]
            assert {one.target for one in references} == dump.noted("refused"), dump.name
            assert all(one.rule in dump.after for one in references), dump.name
            assert all(made.empty for made in dumps.plans(dump.after, dump.kubelet).values()), dump.name
            assert dump.noted("kept") <= {one.chain for made in planned.values() for one in made.kept}, dump.name
            seen.add(hash(tuple(dump.before)))

    judge()
    assert len(seen) >= 10_000
