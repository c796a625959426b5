# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What probers saw in the last seconds, Service by Service, and whether that is more failure than is allowed. Pure."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Iterable

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import OUTCOMES
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.series import SERIES_COLUMNS, Row

PERCENTAGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")
FAILURES = OUTCOMES[1:]
NAMED = 3  # Services in a sentence


def service_of(path: dict[str, Any]) -> str | None:
    """What a path's requests count for: its Service, or itself where it has none. A stream's reset is no failed request, so streams count for nothing."""
    return None if path["kind"] == "stream" else path.get("service") or path["name"]


def of_services(paths: list[dict[str, Any]], rows: dict[str, list[Row]], answered: dict[str, int | None]) -> dict[str, list[Row]]:
    """The rows that count for each Service: those of its paths, of each from its first answer on.

    What has not answered yet may be out of reach from where it is asked, and then its failures say nothing of what a wave has done.
    answered: by path, the second of its first answer.
    """
    services: dict[str, list[Row]] = {}
    for path in paths:
        service, first = service_of(path), answered[path["name"]]
        if service and first is not None:
            services.setdefault(service, []).extend(row for row in rows[path["name"]] if row[0] >= first)
    return services


def window(summary: dict[str, Any], rows: dict[str, list[Row]], since: float) -> dict[str, Any]:
    """The counts of a prober's run since a Unix time by that host's clock, by Service, and how many of its paths have never answered, and so do not count.

    summary: what the run has measured so far. rows: of each Service's requests, as of_services has them.
    """
    services = {service: dict.fromkeys(OUTCOMES, 0) for path in summary.get("paths", []) if (service := service_of(path))}
    for service, counts in services.items():
        for row in rows.get(service, []):
            seen = dict(zip(SERIES_COLUMNS, row))
            if seen["second"] >= since:
                for outcome in OUTCOMES:
                    counts[outcome] += seen[outcome]
    silent = Counter(service for path in summary.get("paths", []) if path["requests"] and not path["ok"] and (service := service_of(path)))
    return {key: summary[key] for key in ("running", "ended_by") if key in summary} | {"services": services, "never_answered": dict(silent)}


def beyond(max_failed: str, asked: dict[str, dict[str, Any]], others: Iterable[dict[str, Any]] = ()) -> list[str]:
    """Sentences for each Service of whose requests a larger share failed, and for each prober that was to be heard and was not.

    asked: origin: result of traffic_probe with `last`. others: such results of a loop over hosts, which count as far as they are there.
    """
    limit = percentage(max_failed)
    blind = [sentence for origin, result in asked.items() for sentence in _blind(origin, result)]
    services: dict[str, dict[str, dict[str, int]]] = {}
    for origin, result in _heard(asked, others).items():
        for service, counts in ((result.get("traffic") or {}).get("services") or {}).items():
            services.setdefault(service, {})[origin] = counts
    if not blind and not any(sum(counts.values()) for seen in services.values() for counts in seen.values()):
        silent = "; ".join(unanswered(asked, others))
        blind = [f"no request was counted{f' (never answered: {silent})' if silent else ''}; expected some of every Service in kpr_traffic_namespaces. "
                 "Is there a Service with a ready endpoint?"]  # fmt: skip
    return blind + [sentence for service, seen in sorted(services.items()) for sentence in _failing(service, seen, limit)]


def unanswered(asked: dict[str, dict[str, Any]], others: Iterable[dict[str, Any]] = ()) -> list[str]:
    """From where which paths have never answered, and so are left out by beyond, which takes the same."""
    found = []
    for origin, result in _heard(asked, others).items():
        silent = (result.get("traffic") or {}).get("never_answered") or {}
        if silent:
            number, names = sum(silent.values()), sorted(silent)
            found.append(f"from {origin} {number} path{'s' if number > 1 else ''} to {', '.join(names[:NAMED])}{', ...' if names[NAMED:] else ''}")
    return found


def percentage(text: Any) -> float:
    """0.1 from "0.1%"."""
    match = PERCENTAGE.fullmatch(str(text))
    if not match or float(match[1]) > 100:
        raise ValueError(f"max_failed is {text!r}; expected a percentage of the requests from 0% to 100%, such as 0.1%")
    return float(match[1])


def _heard(asked: dict[str, dict[str, Any]], others: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {**{one.get("item", "?"): one for one in others}, **asked}


def _blind(origin: str, result: dict[str, Any]) -> list[str]:
    traffic = result.get("traffic") or {}
    if traffic.get("running"):
        return []
    ended = f"the prober there has ended ({traffic['ended_by']})" if traffic.get("ended_by") else result.get("msg") or "there is no prober"
    return [f"nothing is watched from {origin}: {ended}; expected it to run since before the wave (traffic_max_duration is its longest time)"]


def _failing(service: str, seen: dict[str, dict[str, int]], limit: float) -> list[str]:
    requests = sum(sum(counts.values()) for counts in seen.values())
    by_kind = {kind: sum(counts[kind] for counts in seen.values()) for kind in FAILURES}
    failed = sum(by_kind.values())
    if not requests or 100 * failed <= limit * requests:
        return []
    kinds = ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in by_kind.items() if number)
    worst = max(seen, key=lambda origin: sum(seen[origin][kind] for kind in FAILURES))
    at_worst = sum(seen[worst][kind] for kind in FAILURES)
    share = _rounded(100 * failed / requests)
    return [f"{service}: {failed} of {requests} requests failed, {share}% ({kinds}; most from {worst}, {at_worst}); expected at most {limit:g}%"]


def _rounded(percent: float) -> str:
    return f"{percent:.0f}" if percent >= 10 else f"{percent:.2g}"
