# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm values leaf by leaf: what others laid over them change, how that is shown, and how it is put back. Pure.

A leaf is whatever is no mapping; its path is the list of keys that lead to it, because keys may have dots.
"""

from __future__ import annotations

import copy
import re

#: Last word of a key whose text is a secret. The key of a reference to a ConfigMap is a name.
SECRET = re.compile(r"(passw(or)?d|passphrase|token|secret|credentials?|key)$", re.IGNORECASE)
NO_SECRET = (("k8sServiceHostRef", "key"),)
HIDDEN, HIDDEN_OTHER = "(hidden)", "(hidden, another one)"


def former(values, laid):
    """Return {values, absent}: what these values are where others are laid over them, and the paths that they do not have.

    Secrets are left out: who keeps the answer need not guard it, and what was laid over a secret stays when the rest is put back.
    """
    kept, absent = {}, []
    for path, _new in _leaves(laid):
        _keep(values, path, kept, absent)
    return {"values": kept, "absent": absent}


def _keep(values, path, kept, absent):
    for depth, key in enumerate(path):
        if not isinstance(values, dict):
            path = path[:depth]
            break
        if key not in values:
            absent.append(list(path))
            return
        values = values[key]
    if masked(values, path) == values:
        put(kept, path, copy.deepcopy(values))


def known(found, more):
    """Return the first {values, absent} with those leaves of the second one that it does not speak of: what was kept first stays."""
    result = copy.deepcopy(found)
    told = [*map(tuple, result["absent"]), *(path for path, _value in _leaves(found["values"]))]
    for path, value in _leaves(more["values"]):
        if not _spoken_of(path, told):
            put(result["values"], path, value)
    result["absent"] += [path for path in more["absent"] if not _spoken_of(tuple(path), told)]
    return result


def _spoken_of(path, told):
    return any(path[:len(one)] == one[:len(path)] for one in told)


def without(values, paths):
    """Return the values without these leaves, and without the mappings that have become empty by that. A text is a top-level key."""
    result = copy.deepcopy(values)
    for path in paths:
        _drop(result, [path] if isinstance(path, str) else path)
    return result


def _drop(values, path):
    if not isinstance(values, dict) or path[0] not in values:
        return
    if len(path) > 1:
        _drop(values[path[0]], path[1:])
    if len(path) == 1 or values[path[0]] == {}:
        del values[path[0]]


def changed(before, after):
    """Return {before, after}: the leaves that differ, by their path with dots. Nothing that stays is shown, and no secret."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    told = {"before": {}, "after": {}}
    for path in sorted(path for path in {*old, *new} if path not in old or path not in new or old[path] != new[path]):
        name = ".".join(path)
        if path in old:
            told["before"][name] = masked(old[path], path)
        if path in new:
            told["after"][name] = masked(new[path], path, HIDDEN_OTHER if path in old else HIDDEN)
    return told


def masked(value, path=(), instead=HIDDEN):
    """Return the value without the secrets in it: text whose key looks like one, and the value of an environment variable whose name does."""
    if isinstance(value, dict):
        named = SECRET.search(str(value.get("name", ""))) and "value" in value
        return {key: instead if named and key == "value" else masked(one, (*path, str(key)), instead) for key, one in value.items()}
    if isinstance(value, list):
        return [masked(one, path, instead) for one in value]
    return instead if isinstance(value, str) and value and is_secret(path) else value


def is_secret(path):
    """Whether the text at the end of a path would be one."""
    return bool(path) and tuple(path) not in NO_SECRET and bool(SECRET.search(path[-1]))


def _leaves(values, path=()):
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*path, str(key)))
        else:
            yield (*path, str(key)), value


def put(values, path, value):
    """Set the leaf at a path."""
    for key in path[:-1]:
        values = values.setdefault(key, {})
    values[path[-1]] = value
