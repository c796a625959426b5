# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a failed task says, in one sentence that names what it was about. Pure; private to this collection."""

from __future__ import annotations

import re

# what ansible-core puts before a module's own words
PREFIX = re.compile(r"^Task failed: (Module failed: |Action failed: )?")


def _name(item):
    return item.get("name") or str(item) if isinstance(item, dict) else str(item)


def _printed(result):
    """What the program of a command that failed has to say."""
    return next(filter(None, (str(result.get(stream) or "").strip() for stream in ("stderr", "stdout"))), "")


def _words(result, name, secret):
    message = result.get("msg") or ""
    message = PREFIX.sub("", " ".join(map(str, message)) if isinstance(message, list) else str(message)).strip()
    if secret:
        return message or f"{name}: what it said is not shown"
    said = _printed(result)
    if not message:
        message = f"{name}: {said or 'no reason was given'}"
    elif result.get("rc") and said not in message:
        message = f"{message.rstrip('.')}: {said}"
    return message if not result.get("url") or str(result["url"]) in message else f"{result['url']}: {message}"


def failure(result, task=None):
    """
    Return the words of a failed task's result; of a loop, those of each item that failed, behind the item's name. The task's own name, where it is given, is
    told where the result has no message. Of a task under no_log nothing but messages is told, which Ansible shows, too.
    """
    task = task or {}
    name, secret = task.get("name") or "failed", bool(task.get("no_log"))
    failed = [one for one in result.get("results") or [] if one.get("failed") or one.get("unreachable")]
    if not failed:
        return _words(result, name, secret)
    if secret:
        return "; ".join(dict.fromkeys(_words(one, name, secret) for one in failed))
    return "; ".join(f"{_name(one.get(one.get('ansible_loop_var', 'item'), 'an item'))}: {_words(one, 'failed', secret)}" for one in failed)
