# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a dictionary strictly: what is not as expected is an error with its place, and so is a key that nobody reads."""

from __future__ import annotations

import math
from typing import Any, Optional, TypeVar

Made = TypeVar("Made")


class DataError(ValueError):
    """The report's data are not as documented."""


class Reader:
    """Hands out the values of a dictionary by type and remembers which keys were asked for. A missing key and null are the same."""

    def __init__(self, data: Any, place: str) -> None:
        self.place = place
        if not isinstance(data, dict):
            raise DataError(f"{place}: found {_short(data)}, expected a dictionary")
        self._data = data
        self._seen: set[str] = set()

    def names(self) -> list[str]:
        return [str(name) for name in self._data]

    def text(self, key: str, default: str = "", required: bool = False) -> str:
        value = self._take(key)
        if value is None and not required:
            return default
        if not isinstance(value, str) or (required and not value):
            raise self._wrong(key, value, "a text")
        return value

    def number(self, key: str) -> Optional[float]:
        value = self._take(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value)):
            raise self._wrong(key, value, "a number")
        return value

    def flag(self, key: str, default: Optional[bool] = False) -> Optional[bool]:
        value = self._take(key)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(key, value, "true or false")
        return default if value is None else value

    def mapping(self, key: str) -> dict[str, Any]:
        """A dictionary that is read elsewhere."""
        value = self._take(key)
        if value is not None and not isinstance(value, dict):
            raise self._wrong(key, value, "a dictionary")
        return value or {}

    def child(self, key: str) -> Reader:
        value = self._take(key)
        return Reader({} if value is None else value, f"{self.place}.{key}")

    def items(self, key: str) -> list[Any]:
        value = self._take(key)
        if value is not None and not isinstance(value, list):
            raise self._wrong(key, value, "a list")
        return value or []

    def dicts(self, key: str) -> list[Reader]:
        return [Reader(entry, f"{self.place}.{key}[{number}]") for number, entry in enumerate(self.items(key))]

    def texts(self, key: str) -> list[str]:
        found = self.items(key)
        for number, entry in enumerate(found):
            if not isinstance(entry, str):
                raise self._wrong(f"{key}[{number}]", entry, "a text")
        return found

    def texts_by_name(self, key: str) -> dict[str, str]:
        child = self.child(key)
        return child.end({name: child.text(name) for name in child.names()})

    def skip(self, key: str) -> None:
        """The key may be there and is not shown."""
        self._seen.add(key)

    def finish(self) -> None:
        unread = [str(key) for key in self._data if key not in self._seen]
        if unread:
            raise DataError(f"{self.place}: found the key {unread[0]!r}, expected one of {', '.join(sorted(self._seen)) or 'none'}")

    def end(self, made: Made) -> Made:
        self.finish()
        return made

    def _take(self, key: str) -> Any:
        self._seen.add(key)
        return self._data.get(key)

    def _wrong(self, key: str, value: Any, expected: str) -> DataError:
        return DataError(f"{self.place}.{key}: found {_short(value)}, expected {expected}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
