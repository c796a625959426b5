# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import once
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import Attempt, parse_path


def test_what_is_asked_from_a_pod_leaves_from_ports_of_its_own_and_a_nodes_ports_are_left_to_its_programs(monkeypatch):
    own = {}

    async def attempt(path, _timeout, _conntrack, own_port):
        own[path.name] = own_port
        return Attempt("ok", 0.0)

    monkeypatch.setattr(once, "attempt", attempt)
    monkeypatch.setattr(once, "enter_pod", lambda _uid: None)
    host = {"kind": "http", "address": "10.0.0.1", "port": 80}
    paths = [parse_path({"name": "host", **host}), parse_path({"name": "pod", "namespace": {"pod_uid": "0adffff5-9b61-414c-b82e-b49023141fd2"}, **host})]
    found, problems = once.probe(paths, {"host": 1, "pod": 1}, 1.0, set())
    assert own == {"host": False, "pod": True} and problems == [] and [len(found[name]) for name in ("host", "pod")] == [1, 1]
