# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an agent is asked about Services in one exec, and the reading of the answers.

A table of thousands of Services is megabytes of JSON, so it is asked for in rows, and where only some Services are looked at, the others stay there.
"""

from __future__ import annotations

import functools
import json
from typing import Any, NamedTuple

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.ask import MARK
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose.services import joined
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._monitoring import metrics

#: A flag in the kernel's map: the agent's own proxy (Envoy) gets the connections, and what backends there are is its matter.
PROXY = "l7-load-balancer"
# The agent's own table: service, type, address, port, protocol, scope, and its backends, each as address,port,state.
ROWS = r'{range [*]}{.status.realized.flags.namespace}{"/"}{.status.realized.flags.name}{"\t"}{.status.realized.flags.type}{"\t"}' \
       r'{.status.realized.frontend-address.ip}{"\t"}{.status.realized.frontend-address.port}{"\t"}{.status.realized.frontend-address.protocol}{"\t"}' \
       r'{.status.realized.frontend-address.scope}{"\t"}{range .status.realized.backend-addresses[*]}{.ip}{","}{.port}{","}{.state}{" "}{end}{"\n"}{end}'
# The kernel's map has a line for each backend: the frontend (perhaps with its protocol, and /i for its internal scope) with its slot, in older versions without
# and only before the first backend; then the backend, 0.0.0.0:0 for the frontend itself. Here they come together: frontend, tab, backends. Other lines stay.
TOGETHER = rf"""/^{MARK}/ {{ for (f in b) print f "\t" b[f]; print; next }}
/^SERVICE ADDRESS/ || !NF {{ next }}
/^[^ \t]/ {{ f = $1; at = $2 ~ /^\([0-9]+\)$/ ? 3 : 2 }}
/^[ \t]/ {{ at = 1 }}
$at != "backend" && $at !~ /:[0-9]+(\/[A-Z]+)?$/ {{ print; next }}
{{ b[f] = b[f] ($at ~ /^(0\.0\.0\.0|\[::\]):0$/ ? "" : $at " ") (/{PROXY}/ ? "{PROXY} " : "") }}"""
# Only these are kept. From 1.18 on the counters of Services' events (cilium_services_*) stand still, so they are not read.
METRICS = "|".join(one.name for one in (metrics.PRESSURE, metrics.DROPS, metrics.DRIFT))
# (where the answer is put, what is asked, what of it stays there). $1: Services, $2: their addresses, a line each; empty for all.
ASKED = (
    ("frontends", f"service list -o jsonpath='{ROWS}'", f"""grep -F -e '{MARK}' -e "$1" """),
    ("maps", "bpf lb list", f"""awk '{TOGETHER}' | grep -F -e '{MARK}' -e "$2" """),
    # from 1.17 on: what of the table has reached the map
    ("unfinished", "shell -- db/show frontends", r"sed '/ Done  *[0-9][^ ]* *$/d'"),
    ("metrics", f"metrics list -p '^({METRICS})$' -o json", "cat"),
    ("status", "status -o json", "cat"),
)
SCRIPT = "c=$(command -v cilium-dbg || command -v cilium) || { echo 'neither cilium-dbg nor cilium is in this container' >&2; exit 127; }\n" + "".join(
    f"{{ \"$c\" {words}; printf '\\n%s %s\\n' '{MARK}' $?; }} | {keep}\n" for _name, words, keep in ASKED
)
#: What an entry leads to that names a backend which is not in the map of backends.
GONE = "a backend that is gone"


class Row(NamedTuple):
    """A frontend in the agent's table: to where new connections go, and all that it knows."""

    service: str
    type: str
    active: frozenset
    all: frozenset


def command(services: Any = (), addresses: Any = ()) -> list[str]:
    """What is run in an agent's container. Of many Services all are told: what is run has to find room in a URL."""
    few = 0 < len(services) <= 20 and len(addresses) <= 200
    return ["sh", "-c", SCRIPT, "sh", "\n".join(services) if few else "", "\n".join(addresses) if few else ""]


def read(output: Any) -> dict[str, Any]:
    """The answers by what was asked; each is read, or told among unread with why it could not be.

    frontends: address with port and protocol -> Row; maps: the same -> the backends in the kernel's map; of the outer scope both.
    """
    first, *others = f"\n{output.stdout}".split(f"\n{MARK} ")
    cut = [other.partition("\n") for other in others]  # each begins with the exit code of what was asked before
    parts = list(zip([first, *(text for _code, _end, text in cut)], (code for code, _end, _text in cut)))
    found: dict[str, Any] = {"frontends": {}, "maps": {}, "unfinished": [], "metrics": [], "status": {}, "unread": []}
    if len(parts) != len(ASKED):
        found["unread"].append(f"exit code {output.code}, said: {(output.stderr or output.stdout)[:300]}")
        return found
    for (said, code), (name, words, _keep) in zip(parts, ASKED):
        try:
            if code != "0":
                raise ValueError(f"exit code {code}")
            found[name] = READERS[name](said)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            found["unread"].append(f"cilium-dbg {' '.join(words.split()[:4])}: {error!r}; said: {' '.join(said.split())[:200]}")
    return found


# Most lines are the same on every node, and the backends of a Service for each of its addresses: what was read once is kept.
MANY = 1 << 17


def _frontends(said: str) -> dict[str, Row]:
    rows = map(_row, filter(None, said.split("\n")))
    return {address: row for address, row in rows if not address.endswith("/i")}


@functools.lru_cache(maxsize=MANY)
def _row(line: str) -> tuple[str, Row]:
    service, kind, address, port, protocol, scope, backends = line.split("\t")
    states = [backend.split(",") for backend in backends.split()]
    every = {joined(host, number): state for host, number, state in states}
    active = frozenset(backend for backend, state in every.items() if state in ("", "active"))
    name = joined(address, port) + (f"/{protocol}" if protocol not in ("", "NONE") else "") + ("/i" if scope == "internal" else "")
    return name, Row(service, kind, active, frozenset(every))


def _maps(said: str) -> dict[str, frozenset]:
    found = {}
    for line in filter(None, said.split("\n")):
        address, tab, backends = line.partition("\t")
        if not tab:
            raise ValueError(f"cannot read the entry {line!r}")
        if not address.endswith("/i"):
            found[address] = _addresses(backends)
    return found


@functools.lru_cache(maxsize=MANY)
def _addresses(backends: str) -> frozenset:
    """backend is what is said of one that is not in the kernel's map of backends."""
    return frozenset(GONE if backend == "backend" else backend.partition("/")[0] for backend in backends.split())


def _unfinished(said: str) -> list[dict[str, str]]:
    """Rows of the frontends table that are not done. The columns begin where their heads do."""
    lines = [line for line in said.splitlines() if line.strip()]
    head = lines[0] if lines else ""
    starts = {name: head.find(name) for name in ("Address", "ServiceName", "Status", "Since", "Error")}
    if min(starts.values()) < 0:
        raise ValueError("there is no table")
    return [
        {"address": line.split(" ", 1)[0], "service": line[starts["ServiceName"] :].split(" ", 1)[0],
         "status": line[starts["Status"] : starts["Since"]].strip(), "error": line[starts["Error"] :].strip()}
        for line in lines[1:]
    ]  # fmt: skip


def _metrics(said: str) -> list[dict[str, Any]]:
    return [{"name": one["name"], "labels": one.get("labels") or {}, "value": one.get("value") or 0.0} for one in json.loads(said) or []]


def _status(said: str) -> dict[str, Any]:
    return dict(json.loads(said))


READERS = {"frontends": _frontends, "maps": _maps, "unfinished": _unfinished, "metrics": _metrics, "status": _status}
