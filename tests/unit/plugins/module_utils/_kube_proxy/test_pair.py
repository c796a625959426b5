# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.pair import together

UNLINKED = {
    "changed": True, "armed": True, "clean": False, "found": {"nft": "all"}, "backup": {"path": "/b"}, "diff": [1],
    "removed": {"by_table": {"a": {"chains": 0, "jumps": 3, "rules": 0}}, "chains": 0, "jumps": 3, "rules": 0, "tables": [], "sets": [], "interface": True},
}  # fmt: skip
CONFIRMED = {
    "changed": True, "armed": False, "clean": True, "found": {"nft": "rest"}, "diff": [2], "kept": ["k"],
    "removed": {
        "by_table": {"a": {"chains": 5, "jumps": 0, "rules": None}, "b": {"chains": 1, "jumps": 0, "rules": 2}},
        "chains": 6, "jumps": 0, "rules": None, "tables": ["ip kube-proxy"], "sets": ["S"], "interface": False,
    },
}  # fmt: skip


def test_what_both_did_and_how_it_is_then() -> None:
    assert together(UNLINKED, CONFIRMED) == {
        "changed": True, "armed": False, "clean": True, "found": {"nft": "all"}, "backup": {"path": "/b"}, "diff": [1, 2], "kept": ["k"],
        "removed": {
            "by_table": {"a": {"chains": 5, "jumps": 3, "rules": None}, "b": {"chains": 1, "jumps": 0, "rules": 2}},
            "chains": 6, "jumps": 3, "rules": None, "tables": ["ip kube-proxy"], "sets": ["S"], "interface": True,
        },
    }  # fmt: skip


def test_the_second_changed_nothing() -> None:
    assert together(UNLINKED, {**CONFIRMED, "changed": False})["changed"]


def test_the_second_failed() -> None:
    assert together(UNLINKED, {"failed": True, "msg": "no"}) == {"failed": True, "msg": "no", "changed": True, "backup": {"path": "/b"}}
