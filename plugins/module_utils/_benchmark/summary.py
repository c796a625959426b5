# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rounds of measurements become a table, and two tables a comparison. Pure. Times are milliseconds."""

from __future__ import annotations

import math
import statistics

FIGURES = ("mean_ms", "p50_ms", "p99_ms", "rate")
#: What two runs must have alike to be compared; and the number of Services that were there already, which may differ by a tenth.
SETTINGS = (
    "cluster", "nodes", "rounds", "requests", "seconds", "replicas", "image", "netperf_image", "outside_host", "kubernetes", "cilium", "kernels", "encryption",
)  # fmt: skip
EXISTING, TOLERANCE, FEW = "existing_services", 0.1, 5
#: The one way that is not a request: what programming.measure tells.
NEW_SERVICE = "new Service until its NodePort answers"
#: With fewer rounds, ranges that do not meet say nothing.
ROUNDS = 3


def differences(before, now):
    """Why an earlier run's settings are not comparable with those of this one, in sentences."""
    found = [f"{name}: found {before.get(name)!r} before and {now[name]!r} now" for name in SETTINGS if before.get(name) != now[name]]
    former = before.get(EXISTING, 0)
    if abs(former - now[EXISTING]) > max(FEW, TOLERANCE * former):
        found.append(f"{EXISTING}: found {former} before and {now[EXISTING]} now, expected no more than a tenth more or less")
    return found


def rows(measured):
    """Return a row for each number of Services, way, node and test. measured: [{services, round, measured}], as service_timing measures."""
    found = {}
    for one in measured:
        for entry in one["measured"]:
            key = (one["services"], entry["test"], entry["way"], entry["node"])
            found.setdefault(key, {}).setdefault(one["round"], []).append(entry)
    return [_row(*key, rounds) for key, rounds in sorted(found.items())]


def _row(services, test, way, node, rounds):
    entries = [entry for several in rounds.values() for entry in several]
    figures = [figures_of(several) for several in rounds.values()]
    return {
        "services": services, "test": test, "way": way, "node": node, "rounds": len(rounds),
        "requests": sum(entry["requests"] for entry in entries), "failed": sum(entry["failed"] for entry in entries),
        "errors": sorted({entry["error"] for entry in entries if "error" in entry}),
        **{name: _range([one[name] for one in figures]) for name in FIGURES},
    }  # fmt: skip


def figures_of(entries):
    """One round of one way: requests to several servers are taken together, netperf's figures of several servers are averaged."""
    if "samples_us" not in entries[0]:
        told = [entry for entry in entries if "error" not in entry]
        return {name: statistics.fmean(entry[name] for entry in told) if told else None for name in FIGURES}
    samples = sorted(sample for entry in entries for sample in entry["samples_us"])
    if not samples:
        return dict.fromkeys(FIGURES)
    mean = statistics.fmean(samples)
    # a client that makes new Services one after the other would have no such rate
    rate = None if entries[0]["way"] == NEW_SERVICE else 1e6 / mean
    return {"mean_ms": mean / 1000, "p50_ms": percentile(samples, 50) / 1000, "p99_ms": percentile(samples, 99) / 1000, "rate": rate}


def percentile(samples, percent):
    """The smallest sample that so many in a hundred do not exceed. samples are sorted."""
    return samples[math.ceil(len(samples) * percent / 100) - 1]


def _range(values):
    """None where nothing answered."""
    values = [value for value in values if value is not None]
    if not values:
        return None
    return {"median": round(statistics.median(values), 3), "least": round(min(values), 3), "most": round(max(values), 3)}


def compared(before, after):
    """Return a row for each that both have: for each figure the ratio of medians, and whether the rounds' ranges lie apart."""
    former = {_key(row): row for row in before["rows"]}
    return [
        {**dict(zip(("services", "test", "way", "node"), _key(row))), **{name: _judged(former[_key(row)], row, name) for name in FIGURES}}
        for row in after["rows"]
        if _key(row) in former
    ]


def _key(row):
    return row["services"], row["test"], row["way"], row["node"]


def _judged(before, after, name):
    """None where one of them has no answers."""
    old, new = before[name], after[name]
    if old is None or new is None:
        return None
    meet = old["least"] <= new["most"] and new["least"] <= old["most"]
    ratio = round(new["median"] / old["median"], 2) if old["median"] else None
    return {"before": old["median"], "after": new["median"], "ratio": ratio, "apart": not meet and min(before["rounds"], after["rounds"]) >= ROUNDS}


def lines(result):
    """The tables as Markdown."""
    settings = result["settings"]
    said = [
        f"# Benchmark of {settings['cluster']}: {settings['served_by']}", "",
        f"Kubernetes {settings['kubernetes']}, Cilium {settings['cilium']}, encryption {settings['encryption']}, Linux {', '.join(settings['kernels'])}; "
        f"{settings['existing_services']} Services beside those of the benchmark. {settings['replicas']} servers, {settings['rounds']} rounds. "
        "Each figure: median of the rounds (least to most). Figures of other settings or another machine are not comparable.", "",
        f"- `request over a new connection`: {settings['requests']} HTTP requests in a round, one at a time, from a small program of ours; what that program "
        "and the server take is in the times. `to pod` is the same request without a Service.",
    ]  # fmt: skip
    if settings["netperf_image"]:
        said.append(f"- `netperf`: {settings['seconds']} s for each server, test and round, each server behind its own Service; the mean of the servers.")
    said += ["- Per second: requests or transactions of one client that has one under way at a time.", "", *_table(result["rows"])]
    errors = [f"- {_place(row).replace(' | ', ', ')}: `{error}`" for row in result["rows"] for error in row["errors"]]
    said += ["", "Failed, and part of no figure:", "", *errors] if errors else []
    if result.get("compared"):
        rounds = settings["rounds"]
        chance = f"With {rounds} rounds each, chance alone does that to one figure in {math.comb(2 * rounds, rounds) // 2}." if rounds >= ROUNDS else (
            f"With fewer than {ROUNDS} rounds no difference is called one.")  # fmt: skip
        said += ["", f"## Compared with {result['compared_with']}", "",
                 f"**Bold**: the ranges of the rounds do not meet. Other differences may be chance. {chance}",
                 "", "| Services | way | node | measured by | mean, ms | p50, ms | p99, ms | per second |", "|--:|---|---|---|---|---|---|---|"]  # fmt: skip
        said += [f"| {_place(row)} | {' | '.join(_told(row[name]) for name in FIGURES)} |" for row in result["compared"]]
    return "\n".join(said) + "\n"


def _table(found):
    yield "| Services | way | node | measured by | mean, ms | p50, ms | p99, ms | per second | failed |"
    yield "|--:|---|---|---|---|---|---|---|---|"
    for row in found:
        none = "no answer" if row["failed"] == row["requests"] else "-"
        figures = [_shown(row[name]) if row[name] else none for name in FIGURES]
        yield f"| {_place(row)} | {' | '.join(figures)} | {row['failed']} of {row['requests']} |"


def _place(row):
    return f"{row['services']:,} | {row['way']} | {row['node']} | {row['test']}"


def _shown(spread):
    return f"{_number(spread['median'])} ({_number(spread['least'])} to {_number(spread['most'])})"


def _told(judged):
    if judged is None:
        return "-"
    text = f"{_number(judged['before'])} to {_number(judged['after'])}, x {judged['ratio']}"
    return f"**{text}**" if judged["apart"] else text


def _number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
