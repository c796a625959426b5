# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets out of what goes to others: too much is masked rather than too little. Pure."""

from __future__ import annotations

import re
from typing import Any

MASKED = "(masked)"
#: Words in a key whose value may be a secret.
SECRET = re.compile(r"token|passw|passphrase|secret|credential|private|bearer|authorization|api[-_]?key|access[-_]?key|psk", re.IGNORECASE)
#: Values that cannot be one.
PLAIN = re.compile(r"true|false|", re.IGNORECASE)
# key=value, key: value, "key":"value", also within a text in quotes
KEY = re.compile(r"""(?<![\w.-])([\w.-]+)\\?["']?\s*[=:]\s*""")
VALUE = re.compile(r"""\\?"(?:[^"\\]|\\[^"])*\\?"|'[^']*'|[^\s,;"'{}\[\]\\]+""")
TEXTS = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASKED),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), MASKED),  # a JSON web token, as those of service accounts
    (re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b"), MASKED),  # kubeadm's
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {MASKED}"),
    (re.compile(r"(\w://[^\s:/@]+:)[^\s/@]+@"), rf"\1{MASKED}@"),
)


def text(said: str) -> str:
    """A text without what looks like a token, a password or a key."""
    for pattern, instead in TEXTS:
        said = pattern.sub(instead, said)
    parts, done = [], 0
    for key in KEY.finditer(said):
        value = VALUE.match(said, key.end()) if SECRET.search(key[1]) and key.start() >= done else None
        if value and not PLAIN.fullmatch(value[0]):
            parts += [said[done : key.end()], MASKED]
            done = value.end()
    return "".join([*parts, said[done:]])


def document(value: Any, key: str = "") -> Any:
    """A document without the values of keys that may hold a secret."""
    if isinstance(value, dict):
        return {name: document(one, str(name)) for name, one in value.items()}
    if isinstance(value, list):
        return [document(one, key) for one in value]
    if isinstance(value, str):
        return MASKED if SECRET.search(key) and not PLAIN.fullmatch(value) else text(value)
    return value
