# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the load spread over the backends as chance would spread it? Pearson's chi-square test against an even spread.

Judged for each client by itself, since one node's table may be wrong among three hundred that are right, and for all of them together.
"""

from __future__ import annotations

import math
from typing import Any, Iterable, Mapping

# An even spread fails tests this strict once in a million runs, however many tests are made in it. Of three backends, one that gets nothing is found out
# from about 20 requests per backend, one that gets half its share from about 75.
IMPLAUSIBLE = 1e-6
# the usual rule for the test to be valid: at least this many requests expected for each backend
FEWEST_EXPECTED = 5
# clients named in one sentence; the result has all
MAX_TOLD = 3


def answers(results: Mapping[str, Any], outside: Mapping[str, Any], service: str) -> dict[str, dict[str, int]]:
    """Answers by backend that each client got from a Service (namespace/name).

    results: what service_probe returned on each node; outside: what traffic_probe saw from outside, or nothing.
    """
    found: dict[str, dict[str, int]] = {}

    def add(client: str, probed: Mapping[str, Any]) -> None:
        if (probed.get("service") or "").startswith(f"{service}:"):
            counts = found.setdefault(client, {})
            for name, count in probed["backends"].items():
                counts[name] = counts.get(name, 0) + count

    for node, result in results.items():
        for target in result.get("targets") or []:
            add(f"node {node}" if target["namespace"] == "host" else f"the pod on {node}", target)
    for path in outside.get("paths") or []:
        add(f"outside, by {path['address']}", path)
    return {client: counts for client, counts in found.items() if counts}


def judge(by_client: Mapping[str, Mapping[str, int]], backends: Iterable[str], others: Iterable[str] = ()) -> dict[str, Any]:
    """backends: those that should share the load; others: those that may answer, too, since they became ready, or ceased to be, meanwhile."""
    names, known = sorted(set(backends)), set(backends) | set(others)
    enough = {client: counts for client, counts in by_client.items() if _total(counts, names) >= FEWEST_EXPECTED * len(names)}
    threshold = IMPLAUSIBLE / (len(enough) + 1)
    together: dict[str, int] = {}
    for counts in by_client.values():
        for name, count in counts.items():
            together[name] = together.get(name, 0) + count
    result = judge_one(together, names, known, threshold)
    result["clients"] = {client: judge_one(counts, names, known, threshold) for client, counts in enough.items()}
    uneven = [f"{client}: {one['why']}" for client, one in result["clients"].items() if not one["plausible"]]
    if uneven and result["plausible"]:
        result.update(plausible=False, why="; ".join(uneven[:MAX_TOLD]) + (f"; and {len(uneven) - MAX_TOLD} more" if len(uneven) > MAX_TOLD else ""))
    return result


def judge_one(counts: Mapping[str, int], names: list[str], known: set[str], threshold: float) -> dict[str, Any]:
    strangers, total = sorted(set(counts) - known), _total(counts, names)
    result = {"counts": {name: counts.get(name, 0) for name in names}, "strangers": strangers, "p_value": None, "plausible": not strangers, "why": ""}
    if strangers:
        result["why"] = f"{', '.join(strangers)} answered, and should not have"
    elif len(names) < 2:
        result["why"] = "there is nothing to spread over: fewer than two backends"
    elif total < FEWEST_EXPECTED * len(names):
        result.update(
            plausible=False, why=f"{total} answers are too few to judge a spread over {len(names)} backends; send at least {FEWEST_EXPECTED * len(names)}"
        )
    else:
        share = total / len(names)
        chi_square = sum((count - share) ** 2 / share for count in result["counts"].values())
        result["p_value"] = chi_square_survival(chi_square, len(names) - 1)
        result["plausible"] = result["p_value"] >= threshold
        if not result["plausible"]:
            shares = ", ".join(f"{name} {count}" for name, count in result["counts"].items())
            result["why"] = f"{total} answers fell as {shares}; by chance that happens once in {1 / max(result['p_value'], 1e-300):.0e} times"
    return result


def _total(counts: Mapping[str, int], names: list[str]) -> int:
    return sum(counts.get(name, 0) for name in names)


def chi_square_survival(value: float, freedom: int) -> float:
    """The probability that a chi-square variable with so many degrees of freedom exceeds the value."""
    half = value / 2
    survival, start = (math.erfc(math.sqrt(half)), 1) if freedom % 2 else (math.exp(-half), 2)
    for step in range(start, freedom, 2):
        # log form: half ** (step / 2) overflows long before the probability is anything but 0
        survival += math.exp(step / 2 * math.log(half) - half - math.lgamma(step / 2 + 1)) if half else 0.0
    return min(survival, 1.0)
