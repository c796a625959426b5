# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an agent is asked about Services in one exec, and the reading of the answers.

cilium-dbg service list -o json has the agent's own table, bpf lb list -o json the kernel's map, shell -- db/show frontends (from 1.17 on) what of
the table has reached the map, metrics list -o json the agent's metrics.
"""

from __future__ import annotations

import json
import re

MARK = "@@kubeproxy_free"
ASKED = ("service list -o json", "bpf lb list -o json", "shell -- db/show frontends", "metrics list -o json")
SCRIPT = "c=$(command -v cilium-dbg || command -v cilium) || { echo 'neither cilium-dbg nor cilium is in this container' >&2; exit 127; }\n" + "".join(
    f"\"$c\" {words}; printf '\\n%s %s\\n' '{MARK}' $?\n" for words in ASKED
)
COMMAND = ["sh", "-c", SCRIPT]
#: Only these are kept. From 1.18 on the counters of Services' events (cilium_services_*) stand still, so they are not read.
METRICS = re.compile(r"cilium_(bpf_map_pressure|drop_count_total|drift_checker_config_delta)")
# An entry of the map: frontend, perhaps its protocol, perhaps /i for its internal scope, and the slot.
FRONTEND = re.compile(r"(?P<address>\S+:\d+)(?:/(?P<protocol>[A-Z]+))?(?P<scope>/i)? \((?P<slot>\d+)\)")
BACKEND = re.compile(r"(?P<address>\S+:\d+)(?:/[A-Z]+)? ")


def read(output):
    """The answers by what was asked; each is read, or told among unread with why it could not be."""
    parts, text = [], []
    for line in output.stdout.splitlines():
        if line.startswith(MARK + " "):
            parts.append(("\n".join(text), line[len(MARK) + 1 :].strip()))
            text = []
        else:
            text.append(line)
    found = {"frontends": [], "maps": {}, "unfinished": [], "metrics": [], "unread": []}
    if len(parts) != len(ASKED):
        found["unread"].append(f"exit code {output.code}, said: {(output.stderr or output.stdout)[:300]}")
        return found
    readers = (("frontends", _frontends), ("maps", _maps), ("unfinished", _unfinished), ("metrics", _metrics))
    for (said, code), words, (name, reader) in zip(parts, ASKED, readers):
        try:
            if code != "0":
                raise ValueError(f"exit code {code}")
            found[name] = reader(said)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            found["unread"].append(f"cilium-dbg {words}: {error!r}; said: {' '.join(said.split())[:200]}")
    return found


def _frontends(said):
    """The agent's table: address (as in the map), protocol, type, service, and backends with their states."""
    found = []
    for one in json.loads(said) or []:
        spec = (one.get("status") or {}).get("realized") or one["spec"]
        front, flags = spec["frontend-address"], spec.get("flags") or {}
        found.append({
            "address": _joined(front), "protocol": (front.get("protocol") or "").upper(), "internal": front.get("scope") == "internal",
            "type": flags.get("type") or "", "service": f"{flags.get('namespace')}/{flags.get('name')}" if flags.get("name") else "",
            "backends": sorted(_joined(backend) for backend in spec.get("backend-addresses") or [] if (backend.get("state") or "active") == "active"),
        })  # fmt: skip
    return found


def _joined(entry):
    return f"[{entry['ip']}]:{entry['port']}" if ":" in entry["ip"] else f"{entry['ip']}:{entry['port']}"


def _maps(said):
    """The kernel's map: frontend (address, with /PROTOCOL where the version has it) -> its backends."""
    found = {}
    for key, entries in (json.loads(said) or {}).items():
        matched = FRONTEND.fullmatch(key.strip())
        if not matched:
            raise ValueError(f"cannot read the entry {key!r}")
        name = matched["address"] + (f"/{matched['protocol']}" if matched["protocol"] else "") + (matched["scope"] or "")
        backends = found.setdefault(name, [])
        if matched["slot"] != "0":
            backends += [BACKEND.match(entry)["address"] for entry in entries]
    return {name: sorted(backends) for name, backends in found.items()}


def _unfinished(said):
    """Rows of the frontends table that are not done: address, status, error. The columns begin where their heads do."""
    lines = [line for line in said.splitlines() if line.strip()]
    head = lines[0] if lines else ""
    starts = {name: head.find(name) for name in ("Address", "Status", "Since", "Error")}
    if min(starts.values()) < 0:
        raise ValueError("there is no table")
    found = []
    for line in lines[1:]:
        status, error = line[starts["Status"] : starts["Since"]].strip(), line[starts["Error"] :].strip()
        if status != "Done" or error:
            found.append({"address": line[starts["Address"] :].split(" ", 1)[0], "status": status, "error": error})
    return found


def _metrics(said):
    return [
        {"name": one["name"], "labels": one.get("labels") or {}, "value": one.get("value") or 0.0}
        for one in json.loads(said) or []
        if METRICS.fullmatch(one["name"])
    ]
