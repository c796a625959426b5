# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading JSON that may have any shape: what does not fit is noted with its place and never guessed."""

from __future__ import annotations

import json


class Node:
    """One place in a JSON document. A missing key reads as nothing, a value of the wrong type as nothing plus a note."""

    def __init__(self, value, place="$", unread=None):
        self.value = value
        self.place = place
        self.unread = [] if unread is None else unread

    def _get(self, key, kind):
        value = self.value.get(key) if isinstance(self.value, dict) else None
        if value is None:
            return None
        fits = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
        if not fits:
            self.note(value, f".{key}")
            return None
        return value

    def note(self, value, below=""):
        """Report a value, verbatim, that could not be read."""
        self.unread.append({"place": self.place + below, "text": value if isinstance(value, str) else json.dumps(value)})

    def text(self, key):
        """A string without surrounding blanks, or None."""
        value = self._get(key, str)
        return value.strip() if value is not None else None

    def flag(self, key):
        """A boolean; Cilium leaves false ones out."""
        return bool(self._get(key, bool))

    def number(self, key):
        """An integer, or None."""
        return self._get(key, int)

    def child(self, key):
        """The object at a key; an empty one if there is none."""
        return Node(self._get(key, dict) or {}, f"{self.place}.{key}", self.unread)

    def has(self, key):
        """True if there is an object at the key."""
        return isinstance(self.value, dict) and isinstance(self.value.get(key), dict)

    def objects(self, key):
        """The objects of a list at a key."""
        for index, value in enumerate(self._get(key, list) or []):
            if isinstance(value, dict):
                yield Node(value, f"{self.place}.{key}[{index}]", self.unread)
            else:
                self.note(value, f".{key}[{index}]")

    def texts(self, key):
        """The strings of a list at a key, empty ones left out."""
        found = []
        for index, value in enumerate(self._get(key, list) or []):
            if isinstance(value, str):
                found += [value.strip()] if value.strip() else []
            else:
                self.note(value, f".{key}[{index}]")
        return found
