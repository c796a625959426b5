# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same tests in three states of one cluster; docs/changes.md tells what differs."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import RESULTS

pytestmark = [pytest.mark.lab, pytest.mark.slow]

#: What Cilium is known not to do as kube-proxy does, by a part of the test's name. It excuses a failure only where Cilium serves nodes, and need not be one.
KNOWN = {
    "ExternalIP when the external IP is not assigned to a node": "it is served to what comes from outside, not to pods and nodes",
    "rejected when no endpoints exist": "connect() fails at once as not permitted (EPERM), not as refused",
    "no ready endpoints with externalTrafficPolicy=Local": "from inside, any node's NodePort leads to the endpoints",
    "should check kube-proxy urls": "it asks kube-proxy itself",
}
STATES = {
    "before": None,
    "middle": {"kpr_waves": [1], "kpr_wave_count": 1},
    "after": {},
}


def table(outcomes):
    """A line for each test, those that are not the same in all states first."""
    states = list(outcomes)
    names = sorted(set().union(*outcomes.values()), key=lambda name: ({outcomes[state].get(name) for state in states} == {"passed"}, name))
    lines = [f"| test | {' | '.join(states)} |", f"|---|{'---|' * len(states)}"]
    lines += [f"| {name} | {' | '.join(outcomes[state].get(name, '-') for state in states)} |" for name in names]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("state", STATES)
def test_the_kubernetes_projects_own_tests(suite, state):
    assert state == "before" or "before" in suite.outcomes, "there is nothing to compare with"
    if STATES[state] is not None:
        suite.play("migrate", **STATES[state])
    outcomes = suite.run(state)
    (RESULTS / "table.md").write_text(table(suite.outcomes), encoding="utf-8")
    assert "passed" in outcomes.values()
    failed = {name for name, outcome in outcomes.items() if outcome != "passed"}
    unknown = {name for name in failed if state == "before" or not any(part in name for part in KNOWN)}
    assert not unknown, f"see {RESULTS / state / 'junit.xml'}"
    if state != "before":
        assert outcomes.keys() == suite.outcomes["before"].keys(), "the states are compared by the same tests"
