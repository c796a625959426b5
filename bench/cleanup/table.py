# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From runs to ratios and a table. Pure."""

from __future__ import annotations

import statistics
from typing import Any

BASE = "full read"
BY_KUBE_PROXY = "kube-proxy --cleanup"
# What the module was meant to reach on nft at this size: times one full read, and how much faster than kube-proxy's own way.
GOAL_CHAINS = 24000
GOALS = (("module, with backup", 1.5, 10), ("module, without backup", 0.3, 10))
MEMORY_CHAINS, MEMORY = 50000, 150
NOTES = """Figures of other machines or runs cannot be compared with these; the ratios within a run can.

The rules are those that the real kube-proxy 1.34 has made for a small dual-stack cluster, copied until there are as many chains of both IP versions together.

- `full read`: iptables-save and then ip6tables-save. `one-liner`: `iptables-save | grep -v KUBE | iptables-restore`, and the same for IPv6, which takes other
  people's rules too where they say KUBE.
- `module`: with the look at processes, IPVS and sysctls, the plan, the proof that the rest is the same, and a second look. What it takes at 1,000 chains is for
  the most part the start of Python with Ansible's code, which takes as long at any size.
- Memory: of the largest process of a way, which with a backup is iptables-save, on legacy iptables-restore; and of the module's own process, goal at most
  150 MiB at 50,000 chains.
"""


def summary(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each backend, size and way; ratio is of the medians, to one full read of the same rules.

    runs: {backend, chains, way, seconds, mebibytes, own, left}, left being how many of kube-proxy's chains were there afterwards.
    """
    groups: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault((run["backend"], run["chains"], run["way"]), []).append(run)
    medians = {key: statistics.median(run["seconds"] for run in group) for key, group in groups.items()}
    return [
        {
            "backend": backend,
            "chains": chains,
            "way": way,
            "runs": len(group),
            "least": min(run["seconds"] for run in group),
            "median": medians[backend, chains, way],
            "most": max(run["seconds"] for run in group),
            "ratio": medians[backend, chains, way] / medians[backend, chains, BASE],
            "mebibytes": max(run["mebibytes"] for run in group),
            "own": max((run["own"] for run in group if run.get("own")), default=None),
            "left": max(run["left"] for run in group),
        }
        for (backend, chains, way), group in groups.items()
    ]


def table(entries: list[dict[str, Any]]) -> str:
    lines = [
        "| backend | chains | way | runs | ratio to one full read | seconds: least, median, most | MiB: largest process, module itself | chains left |",
        "|---|--:|---|--:|--:|--:|--:|--:|",
    ]
    for one in entries:
        seconds = ", ".join(f"{one[name]:.2f}" for name in ("least", "median", "most"))
        memory = f"{one['mebibytes']:.0f}" + (f", {one['own']:.0f}" if one["own"] else "")
        lines.append(
            f"| {one['backend']} | {one['chains']:,} | {one['way']} | {one['runs']} | {one['ratio']:.2f} | {seconds} | {memory} "
            f"| {one['left']:,} |"
        )
    return "\n".join(lines) + "\n"


def goals(entries: list[dict[str, Any]]) -> list[str]:
    """Whether they were reached, a sentence each; none if that size was not measured."""
    size = min((one["chains"] for one in entries if one["backend"] == "nft" and one["chains"] >= GOAL_CHAINS), default=None)
    at = {one["way"]: one for one in entries if one["backend"] == "nft" and one["chains"] == size}
    found = []
    for way, times, faster in GOALS if at else ():
        found.append(f"{way}: {at[way]['ratio']:.2f} times one full read, goal at most {times}: {_word(at[way]['ratio'] <= times)}")
        if BY_KUBE_PROXY in at:
            factor = at[BY_KUBE_PROXY]["median"] / at[way]["median"]
            found.append(f"{way}: {factor:.1f} times faster than {BY_KUBE_PROXY}, goal at least {faster}: {_word(factor >= faster)}")
    return found + _memory(entries)


def _memory(entries: list[dict[str, Any]]) -> list[str]:
    """Of the module's own process, at the size that its goal is for."""
    own = [one["own"] for one in entries if one["own"] and one["chains"] >= MEMORY_CHAINS]
    return [f"the module's own memory at {MEMORY_CHAINS:,} chains: {max(own):.0f} MiB, goal at most {MEMORY}: {_word(max(own) <= MEMORY)}"] if own else []


def _word(reached: bool) -> str:
    return "reached" if reached else "missed"


def floor(entries: list[dict[str, Any]]) -> str:
    """What the module's goals in times of a full read cannot go below on this machine; empty if that was not measured."""
    least = min((one for one in entries if one["way"] == "module, without backup"), key=lambda one: one["chains"], default=None)
    base = next((one for one in entries if (one["backend"], one["way"]) == ("nft", BASE) and one["chains"] >= GOAL_CHAINS), None)
    if least is None or base is None or least["chains"] >= GOAL_CHAINS:
        return ""
    start = least["median"] / base["median"]
    return (
        f"\nOf that, {least['median']:.2f} s, {start:.2f} times one full read, is what the module takes at {least['chains']:,} chains, most of it the start of "
        f"Python and Ansible's code: no size is too small for it. So the goal without a backup is {'within' if start <= GOALS[1][1] else 'out of'} reach here, "
        f"and with one, which has a full read in it, that of {GOALS[0][1]} leaves {GOALS[0][1] - 1 - start:.2f} for everything else. The faster the machine "
        "reads, the harder both are.\n"
    )


def page(machine: str, entries: list[dict[str, Any]]) -> str:
    reached = "".join(f"- {sentence}\n" for sentence in goals(entries))
    told = f"\nGoals on nft at {GOAL_CHAINS:,} chains:\n\n{reached}{floor(entries)}" if reached else ""
    return f"# Clean-up of kube-proxy's rules\n\nOn {machine}. {NOTES}{told}\n{table(entries)}"
