# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import xml.etree.ElementTree as ET

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._benchmark import plot

SVG = "{http://www.w3.org/2000/svg}"
SPREAD = {"median": 2.0, "least": 1.0, "most": 10.0}


def drawn(result):
    """{class: circles}, and the text."""
    root = ET.fromstring(plot.picture({"settings": {"cluster": "a<b", "served_by": "cilium"}, **result}))
    circles = {}
    for one in root.iter(f"{SVG}circle"):
        circles.setdefault(one.get("class"), []).append(float(one.get("cx")))
    return circles, "".join(root.itertext())


def test_medians_now_and_before_on_one_axis():
    rows = [{"way": "pod to ClusterIP", "node": "n1", "test": "request", "services": 10, "p50_ms": SPREAD}]
    circles, text = drawn({"rows": rows, "before": [{**rows[0], "p50_ms": {**SPREAD, "median": 4.0}}], "compared_with": "kube-proxy"})
    assert circles["now"][0] < circles["before"][0] and "a<b" in text and "kube-proxy, before" in text and "pod to ClusterIP, n1, request, 10 Services" in text


def test_what_has_no_answers_is_left_out():
    assert drawn({"rows": [{"way": "x", "node": "n1", "test": "t", "services": 1, "p50_ms": None}]})[0] == {}
