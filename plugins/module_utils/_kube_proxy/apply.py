# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes away what the plans name, table by table, and proves after each that nothing else has changed."""

from __future__ import annotations

import random
import time
from typing import Callable, TypeVar

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables.model import difference
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.plan import Step, TablePlan, interest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.survey import Node
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._nftables.netlink import Overtaken

# Seconds for a quiet moment to come, and the longest pause between two looks for it. Pauses differ, so as not to keep step with whoever writes regularly.
PATIENCE, PAUSE = 30, 0.2

T = TypeVar("T")


class Refused(Exception):
    """It must not be done, and nothing has been changed."""


class Busy(Exception):
    """Somebody else changes the rules without end."""


class Differs(Exception):
    """More has changed than was planned."""


def retrying(action: Callable[[], T]) -> T:
    """What the action returns. Whoever overtakes it makes it begin again."""
    until, times = time.monotonic() + PATIENCE, 0
    while True:
        try:
            return action()
        except Overtaken:
            times += 1
            if time.monotonic() > until:
                break
            time.sleep(random.uniform(0, PAUSE))
    raise Busy(
        f"someone else has changed the rules of nf_tables {times} times in {PATIENCE} s while they were worked on, expected a quiet moment. "
        "Find out who with 'nft monitor ruleset', and run this again then"
    )


def apply(node: Node, plans: list[TablePlan], step: Step, admit: Callable[[list[TablePlan]], None]) -> list[TablePlan]:
    """Does it; returns what was done, which is more than the plans if somebody added to it meanwhile.

    admit is told the plans that count, each time anew, and may refuse.
    """
    done: list[TablePlan] = []
    fresh = plans

    def once() -> None:
        nonlocal fresh
        with node.exclusive():
            seen, fresh = fresh, []
            current = _true_by_now(node, seen)
            admit(current)
            for made in current:
                _apply_to_table(node, made.only(step), done)

    try:
        retrying(once)
    except Busy as error:
        places = ", ".join(dict.fromkeys(str(made.table) for made in done))
        raise Busy(f"{error}. {f'Until now something was taken away in {places}' if done else 'No rule has been taken away'}") from None
    return done


def _true_by_now(node: Node, plans: list[TablePlan]) -> list[TablePlan]:
    """The plans, or new ones. nf_tables tells whether anything has changed since; of legacy tables nobody can know."""
    if not plans or not node.session or any(made.table.backend == "legacy" for made in plans):
        return node.survey()
    node.session.check()
    return plans


def _apply_to_table(node: Node, made: TablePlan, done: list[TablePlan]) -> None:
    backend = node.backend(made)
    if made.jumps:
        backend.unlink(made.table, made.jumps)
        done.append(TablePlan(made.table, jumps=made.jumps))
    if made.chains:
        backend.remove(made.table, made.chains)
        done.append(TablePlan(made.table, chains=made.chains))
    if made.empty:
        return
    found = difference(made.table, backend.read(made.table.name, interest(made.table.name)), made.chains, made.jumps)
    if not found:
        return
    if made.table.backend == "nft" and node.session:
        # Every transaction was made on the rules as they had been read. So either somebody has come after it, or it was wrong.
        node.session.check()
    raise Differs(
        f"{made.table}: kube-proxy's part is gone, and the rest is not as it was before: {'; '.join(found)}; expected it unchanged. "
        "If another program did this meanwhile, run this again"
    )
