# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a failed task says, in one sentence that names what it was about. Pure; private to this collection."""

from __future__ import annotations

import re

# what ansible-core puts before a module's own words
PREFIX = re.compile(r"^Task failed: (Module failed: |Action failed: )?")
# messages that say nothing without the program's own words
BARE = ("non-zero return code", "")


def _name(item):
    return item.get("name") or str(item) if isinstance(item, dict) else str(item)


def _words(result):
    message = result.get("msg") or ""
    message = PREFIX.sub("", " ".join(map(str, message)) if isinstance(message, list) else str(message))
    if message in BARE:
        said = result.get("stderr") or result.get("stdout") or "no reason was given"
        message = f"{message or 'failed'}: {said.strip()}"
    return message if not result.get("url") or str(result["url"]) in message else f"{result['url']}: {message}"


def failure(result):
    """Return the words of a failed task's result; of a loop, those of each item that failed, behind the item's name."""
    failed = [one for one in result.get("results") or [] if one.get("failed") or one.get("unreachable")]
    if not failed:
        return _words(result)
    return "; ".join(f"{_name(one[one.get('ansible_loop_var', 'item')])}: {_words(one)}" for one in failed)
