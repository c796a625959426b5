# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of an agent's endpoints. Pure."""

from __future__ import annotations

HOST_IDENTITY = 1  # reserved:host, pkg/identity/numericidentity.go
READY = "ready"
# api/v1/models/endpoint_state.go; "creating" is of versions before 1.9
STATES = frozenset({"creating", "waiting-for-identity", "not-ready", "waiting-to-regenerate", "regenerating", "restoring", READY,
                    "disconnecting", "disconnected", "invalid"})


def from_rows(text):
    """Endpoints from rows of id, state, identity and namespace/pod between tabs."""
    found, unread = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) != 4 or not cells[0].isdigit() or cells[1] not in STATES:
            unread.append({"place": f"endpoint list, line {number}", "text": line})
            continue
        identity = int(cells[2]) if cells[2].isdigit() else None
        found.append({"id": int(cells[0]), "state": cells[1], "identity": identity, "pod": cells[3].strip("/") or None})
    return summary(found, unread)


def summary(found, unread):
    """Counts, the state of the host's own endpoint, and who is not ready. A line that could not be read counts as not ready."""
    not_ready = [{"id": item["id"], "state": item["state"], "pod": "the host itself" if item["identity"] == HOST_IDENTITY else item["pod"]}
                 for item in found if item["state"] != READY]
    not_ready += [{"id": None, "state": "unknown", "pod": None} for line in unread]
    host = next((item["state"] for item in found if item["identity"] == HOST_IDENTITY), None)
    total = len(found) + len(unread)
    return {"total": total, "ready": total - len(not_ready), "not_ready": not_ready, "host": host, "unread": unread}
