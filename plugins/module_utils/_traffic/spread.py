# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the load spread over the backends as chance would spread it? Pearson's chi-square test against an even spread."""

from __future__ import annotations

import math
from typing import Any, Iterable, Mapping

# An even spread fails a test this strict once in a million runs. Of three backends, one that gets nothing is found out from about
# 20 requests per backend, one that gets half its share from about 75.
IMPLAUSIBLE = 1e-6
# the usual rule for the test to be valid: at least this many requests expected for each backend
FEWEST_EXPECTED = 5


def add_up(several: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for counts in several:
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    return total


def judge_spread(counts: Mapping[str, int], backends: Iterable[str]) -> dict[str, Any]:
    """counts: answers by backend; backends: those that should share the load."""
    names = sorted(set(backends))
    strangers = sorted(set(counts) - set(names))
    total = sum(counts.get(name, 0) for name in names)
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
        result["plausible"] = result["p_value"] >= IMPLAUSIBLE
        if not result["plausible"]:
            shares = ", ".join(f"{name} {count}" for name, count in result["counts"].items())
            result["why"] = f"{total} answers fell as {shares}; by chance that happens once in {1 / max(result['p_value'], 1e-300):.0e} times"
    return result


def chi_square_survival(value: float, freedom: int) -> float:
    """The probability that a chi-square variable with so many degrees of freedom exceeds the value."""
    half = value / 2
    survival, start = (math.erfc(math.sqrt(half)), 1) if freedom % 2 else (math.exp(-half), 2)
    for step in range(start, freedom, 2):
        # log form: half ** (step / 2) overflows long before the probability is anything but 0
        survival += math.exp(step / 2 * math.log(half) - half - math.lgamma(step / 2 + 1)) if half else 0.0
    return min(survival, 1.0)
