# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of an agent in one exec, and the reading of the answer."""

from __future__ import annotations

import json

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import endpoints, status

CONTAINER = "cilium-agent"
MARK = "@@kubeproxy_free"
# A row per endpoint and not the whole JSON: a node with 110 pods would send megabytes of policy with every poll.
ROWS = r'{range [*]}{.id}{"\t"}{.status.state}{"\t"}{.status.identity.id}{"\t"}{.status.external-identifiers.k8s-namespace}' \
       r'{"/"}{.status.external-identifiers.k8s-pod-name}{"\n"}{end}'
# The program is cilium-dbg from 1.15 on and cilium before. Each part ends with a line that carries its exit code.
SCRIPT = f"""
c=$(command -v cilium-dbg || command -v cilium) || {{ echo "neither cilium-dbg nor cilium is in this container" >&2; exit 127; }}
"$c" status -o json; printf '\\n%s %s\\n' '{MARK}' $?
"$c" endpoint list -o jsonpath='{ROWS}'; printf '\\n%s %s\\n' '{MARK}' $?
"""
# What build-config has written when the pod started (Cilium 1.13 and later): the agent reads it once.
SETTINGS = f"""
for s in "$@"; do [ -e "/tmp/cilium/config-map/$s" ] && {{ printf '%s\\t' "$s"; cat "/tmp/cilium/config-map/$s"; echo; }}; done
printf '\\n%s %s\\n' '{MARK}' 0
"""


def command(settings):
    """What is run in an agent's container. settings: names of settings to be told, too."""
    return ["sh", "-c", SCRIPT + SETTINGS, "sh", *settings]


class Unanswered(Exception):
    """The agent did not answer. The message is what it said."""


def answer(stdout, stderr, code):
    """(status, endpoints, settings) in normal form from what command() wrote."""
    parts, text = [], []
    for line in stdout.splitlines():
        if line.startswith(MARK + " "):
            parts.append(("\n".join(text), line[len(MARK) + 1:].strip()))
            text = []
        else:
            text.append(line)
    if len(parts) != 3:
        raise Unanswered(f"exit code {code}, said: {_shortened(stderr or stdout)}")
    (document, status_code), (rows, rows_code), (settings, _always) = parts
    try:
        parsed = json.loads(document)
    except ValueError:
        raise Unanswered(f"cilium-dbg status -o json ended with {status_code} and wrote no JSON; said: {_shortened(stderr or document)}") from None
    if rows_code != "0":
        raise Unanswered(f"cilium-dbg endpoint list ended with {rows_code}; said: {_shortened(stderr or rows)}")
    started = dict(line.split("\t", 1) for line in settings.splitlines() if "\t" in line)
    return status.from_json(parsed), endpoints.from_rows(rows), started


def _shortened(text):
    text = " ".join(text.split())
    return text if len(text) <= 300 else text[:297] + "..."
