# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import agents


def test_agents_that_started_with_other_settings_are_recreated_too():
    def agent(pod, enabled, **settings):
        return {"pod": pod, "kube_proxy_replacement": {"enabled": enabled}, "settings": settings}

    found = {"a": agent("pod-a", True, port=" 0.0.0.0:10256\n"), "b": agent("pod-b", True), "c": agent("pod-c", False, port="0.0.0.0:10256"),
             "d": agent(None, None)}  # fmt: skip
    assert agents.agents_to_recreate(found, True) == {"c": "pod-c"}
    assert agents.agents_to_recreate(found, True, {"port": "0.0.0.0:10256"}) == {"b": "pod-b", "c": "pod-c"}
    assert agents.agents_to_recreate(found, False, {"port": "0.0.0.0:10256"}) == {"a": "pod-a", "b": "pod-b"}


def test_agents_that_were_restarted_are_named_with_how_often_before_and_now():
    def agent(uid, restarts):
        return {"pod": f"pod-{uid}", "pod_uid": uid, "restarts": restarts}

    before = {"a": agent("a1", 2), "b": agent("b1", 2), "c": agent("c1", 3), "d": agent("d1", 0)}
    now = {"a": agent("a1", 2), "b": agent("b1", 5), "c": agent("c2", 1), "d": agent("d2", 0), "e": agent(None, None)}
    assert agents.agents_restarted(now, before) == [
        {"node": "b", "pod": "pod-b1", "before": 2, "now": 5}, {"node": "c", "pod": "pod-c2", "before": 0, "now": 1}]
