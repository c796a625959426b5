# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.paths import paths


def target(**changes):
    return {"name": "host to demo/web ClusterIP 10.0.0.1:80", "kind": "http", "address": "10.0.0.1", "port": 80, "namespace": "host", "service": "demo/web",
            "requests": 10, "by_kube_proxy": True, **changes}


def test_http_gets_a_stream_beside_it():
    assert [(path["name"], path["kind"]) for path in paths([target()])] == [
        ("host to demo/web ClusterIP 10.0.0.1:80", "http"), ("stream host to demo/web ClusterIP 10.0.0.1:80", "stream")]


def test_streams_can_be_left_out_and_are_for_http_only():
    assert len(paths([target()], streams=False)) == 1
    assert [path["kind"] for path in paths([target(kind="udp")])] == ["udp"]


def test_what_only_a_single_probe_knows_is_dropped():
    path = paths([target(expect={"status": 200, "same_backend": True})])[0]
    assert "requests" not in path and "by_kube_proxy" not in path
    assert path["expect"] == {"status": 200}


def test_the_same_target_twice_is_one_path():
    assert len(paths([target(), target()])) == 2
