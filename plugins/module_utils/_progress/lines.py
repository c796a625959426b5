# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events of a run as lines for people. Pure; private to this collection."""

from __future__ import annotations

from typing import Any, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.words import duration, plural, some

#: Short steps that say nothing about where a run stands; shown when they fail.
QUIET = ("lock", "read", "recorded", "whole", "unlock", "begin", "look", "plan")
BAR = 20


def line(event: dict[str, Any], with_bar: bool = False) -> Optional[str]:
    """One line for an event, or None where there is nothing to show. with_bar: with a bar of the nodes that have arrived."""
    said = _SAID[event["event"]](event)
    if said is None:
        return None
    filled = BAR * event["arrived"] // event["total"] if event["total"] else 0
    return " ".join([_clock(event["elapsed"]), *(["[" + "#" * filled + "-" * (BAR - filled) + "]"] if with_bar else []), f"{event['cluster']}: {said}"])


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _plan(event: dict[str, Any]) -> str:
    if not event["total"]:
        return "no node is left to move"
    waves = [plural(len(nodes), "node") + f" ({some(nodes)})" for nodes in event["planned"]]
    return f"{plural(event['total'], 'node')} in {plural(event['waves'], 'wave')}: " + some(waves, 5)


def _began(event: dict[str, Any]) -> Optional[str]:
    return None if event["step"] in QUIET else f"{_wave(event)}{event['step']} on {some(event['nodes'])}"


def _ended(event: dict[str, Any]) -> Optional[str]:
    if not event["ok"]:
        said = "; ".join(dict.fromkeys(failed["error"] for failed in event["failed"]))  # one of a whole phase is every node's
        return f"{_wave(event)}{event['step']} FAILED after {duration(event['seconds'])}: {said}"
    if event["step"] in QUIET:
        return None
    parts = [f"{_wave(event)}{event['step']} done in {duration(event['seconds'])}"]
    if event["total"]:
        parts.append(f"{event['arrived']:,} of {plural(event['total'], 'node')}")
    if event["remaining"]:
        parts.append(f"about {duration(event['remaining'])} left")
    return ", ".join(parts)


def _end(event: dict[str, Any]) -> str:
    said = f"{'halted' if event['halted'] else 'ended'} after {duration(event['elapsed'])}"
    return f"{said}, {event['arrived']:,} of {plural(event['total'], 'node')}" if event["total"] else said


def _wave(event: dict[str, Any]) -> str:
    return "" if event["wave"] is None else f"wave {event['wave'] + 1} of {event['waves']}, "


_SAID = {"plan": _plan, "step_began": _began, "step_ended": _ended, "end": _end}
