# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Captured statuses of every version and shape."""

from __future__ import annotations

import json
import pathlib

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.captured import parse
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.rows import clean
from hypothesis import given
from hypothesis import strategies as st

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
STATUSES = sorted((FIXTURES / "status").glob("*.txt"))
DEVICES = [{"name": "eth0", "addresses": ["192.0.2.11", "2001:db8::11", "fe80::1c3d:e7ff:fe11:2233"]}, {"name": "TrueNAS", "addresses": ["198.51.100.5"]}]
ROW = "KubeProxyReplacement:   "


def kpr(text):
    return parse(text)["kube_proxy_replacement"]


def name(path):
    return path.stem


@pytest.mark.parametrize("path", STATUSES, ids=name)
def test_text_and_json_of_a_version_say_the_same(path):
    text, document = parse(path.read_text()), parse(path.with_suffix(".json").read_text())
    assert (text["shape"], document["shape"]) == ("text", "json")
    assert text["unread"] == document["unread"] == []
    off = path.stem.endswith(("-disabled", "-false"))
    for key in ("enabled", "mode", "devices", "direct_routing_device"):
        if not (off and key in ("devices", "direct_routing_device")):  # no version's text lists them for every word that means off
            assert text["kube_proxy_replacement"][key] == document["kube_proxy_replacement"][key], key
    told = {key: value for key, value in text["features"].items() if value is not None}
    assert told == {key: document["features"][key] for key in told}
    assert len(told) >= 5
    for key in ("health", "version", "masquerading"):
        assert text[key] == document[key], key
    assert [one["message"] for one in text["controllers_failing"]] == [one["message"] for one in document["controllers_failing"]]


@pytest.mark.parametrize("path", STATUSES, ids=name)
def test_every_version_has_its_mode_and_devices(path):
    minor, mode, *rest = path.stem.split("-")
    found = parse(path.with_suffix(".json").read_text())["kube_proxy_replacement"]
    assert found["mode"] == mode
    assert found["enabled"] is (mode in ("strict", "true"))
    assert found["devices"] == (DEVICES if minor != "1.9" else [{"name": one["name"], "addresses": []} for one in DEVICES])
    assert found["direct_routing_device"] == "eth0"


def test_fixtures_cover_the_minors():
    assert {path.stem.split("-")[0] for path in STATUSES} == {f"1.{minor}" for minor in range(9, 21)}


def test_a_real_agent():
    found = parse((FIXTURES / "captured" / "1.19.1-verbose.txt").read_text())
    assert found["unread"] == []
    assert found["kube_proxy_replacement"] == {"enabled": False, "mode": "false", "devices": [], "direct_routing_device": None}
    assert (found["version"], found["masquerading"]) == ("1.19.1", "iptables")
    assert found["routing"] == {"network": "tunnel", "protocol": "vxlan", "host": "legacy"}


def test_hybrid_features():
    assert parse((FIXTURES / "status" / "1.20-true-hybrid.txt").read_text())["features"] == {
        "node_port": True,
        "node_port_range": "30000-32767",
        "mode": "hybrid",
        "dsr_dispatch": "ip option/extension",
        "algorithm": "maglev",
        "table_size": 16381,
        "acceleration": "native",
        "host_port": True,
        "external_ips": True,
        "socket_lb": True,
        "socket_lb_coverage": "hostns-only",
        "session_affinity": True,
        "nat46_64": True,
    }


@pytest.mark.parametrize(
    ("row", "enabled", "mode", "devices", "direct"),
    [
        # 1.7 and 1.8 list features, 1.8 devices before them
        ("Strict   [NodePort (SNAT, 30000-32767), ExternalIPs, HostReachableServices (TCP, UDP)]", True, "strict", [], None),
        ("Strict   [NodePort, ExternalIPs, HostReachableServicesTCP, HostReachableServicesUDP]", True, "strict", [], None),
        ("Partial   [eth0 (DR), eth1]   [NodePort (SNAT, 30000-32767, XDP: NONE), HostPort]", False, "partial", ["eth0", "eth1"], "eth0"),
        ("Probe   []", False, "probe", [], None),
        ("Strict\t[eth0 (Direct Routing), eth1]", True, "strict", ["eth0", "eth1"], "eth0"),
        ("Probe   [wlp3s0 192.168.1.89, virbr0 192.168.122.1 (Direct Routing)]", False, "probe", ["wlp3s0", "virbr0"], "virbr0"),
        ("True", True, "true", [], None),
        ("  True   ", True, "true", [], None),
        ("False   ", False, "false", [], None),
        ("Disabled   [TrueNAS 192.0.2.1]", False, "disabled", ["TrueNAS"], None),
        ("True   [eth0      192.0.2.1 fe80::1%eth0 2001:db8::1 (Direct Routing)]", True, "true", ["eth0"], "eth0"),
    ],
)
def test_rows(row, enabled, mode, devices, direct):
    found = parse(ROW + row)
    assert found["unread"] == []
    assert found["kube_proxy_replacement"]["enabled"] is enabled
    assert found["kube_proxy_replacement"]["mode"] == mode
    assert [one["name"] for one in found["kube_proxy_replacement"]["devices"]] == devices
    assert found["kube_proxy_replacement"]["direct_routing_device"] == direct


def test_devices_that_only_the_details_list():
    found = kpr("KubeProxyReplacement:   True\nKubeProxyReplacement Details:\n  Status:   True\n  Devices:   eth0 192.0.2.1 (Direct Routing)\n")
    assert found == {"enabled": True, "mode": "true", "devices": [{"name": "eth0", "addresses": ["192.0.2.1"]}], "direct_routing_device": "eth0"}


def test_features_that_the_row_of_1_8_lists():
    features = parse(ROW + "Strict   []   [NodePort (Hybrid, 30000-32767, XDP: NATIVE), HostPort, HostReachableServices (TCP, UDP)]")["features"]
    assert (features["node_port_range"], features["mode"], features["acceleration"]) == ("30000-32767", "hybrid", "native")
    assert (features["host_port"], features["socket_lb"], features["external_ips"]) == (True, True, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\n\n   KubeProxyReplacement:   True   [eth0 192.0.2.1]\n", True),
        ('Defaulted container "cilium-agent" out of: cilium-agent, config (init)\nKubeProxyReplacement:   False   \n', False),
        ("\x1b[1mKubeProxyReplacement:\x1b[0m   \x1b[32mTrue\x1b[0m   [eth0 192.0.2.1]\r\nCilium:   Ok   1.16.4 (v1.16.4-16240f6b)\r\n", True),
        ("KubeProxyReplacement Details:\n  Status:   Strict\n  Services:\n  - NodePort:  Enabled (Range: 30000-32767) \n", True),
    ],
)
def test_ways_to_capture(text, expected):
    assert kpr(text)["enabled"] is expected
    assert parse(text)["unread"] == []


@pytest.mark.parametrize(
    ("text", "unread", "enabled"),
    [
        (ROW + "Perhaps   [eth0 192.0.2.1]", "Perhaps", None),
        (ROW + "True   [eno1 $NODE_IP (Direct Routing)]", "eno1 $NODE_IP (Direct Routing)", True),
        (ROW + "True   (eBPF)", "(eBPF)", True),
        (ROW, "", None),
        ("kube-proxy replacement is on", "kube-proxy replacement is on", None),
        ("KubeProxyReplacement Details:\n  Status:   True\n  Quantum LB:   Enabled", "  Quantum LB:   Enabled", True),
        ("KubeProxyReplacement Details:\n  Status:   True\n  Session Affinity:   Sometimes", "Sometimes", True),
        (ROW + "True\n" + ROW + "False", ROW + "False", None),
        (ROW + "True\nKubeProxyReplacement Details:\n  Status:   False", "KubeProxyReplacement Details:", None),
        ("OK", "OK", None),
    ],
)
def test_what_cannot_be_read_is_returned(text, unread, enabled):
    found = parse(text)
    assert [one["text"] for one in found["unread"]] == [unread]
    assert found["kube_proxy_replacement"]["enabled"] is enabled


def test_the_place_is_the_line_of_the_captured_text():
    assert parse("\n\nKVStore: Ok\nNonsense: yes\n")["unread"] == [{"place": "line 4", "text": "Nonsense: yes"}]


def test_fleet_text():
    found = parse((FIXTURES / "captured" / "fleet.txt").read_text())
    assert (found["shape"], found["unread"]) == ("fleet text", [])
    assert found["components"] == {
        "cilium": "ok",
        "operator": "ok",
        "envoy_daemonset": "disabled (using embedded mode)",
        "hubble_relay": "1 errors, 2 warnings",
        "clustermesh": "disabled",
    }
    assert found["kube_proxy_replacement"]["enabled"] is None


def fleet(*names):
    return {"cilium_status": {f"cilium-{index}": json.loads((FIXTURES / "status" / f"{one}.json").read_text()) for index, one in enumerate(names)}}


def test_fleet_json():
    alike, different = parse(json.dumps(fleet("1.16-true", "1.16-true"))), parse(fleet("1.16-true", "1.16-false"))
    assert alike["shape"] == "fleet json"
    assert alike["kube_proxy_replacement"] == {"enabled": True, "mode": "true", "devices": DEVICES, "direct_routing_device": "eth0"}
    assert [agent["kube_proxy_replacement"]["mode"] for agent in different["agents"].values()] == ["true", "false"]
    assert (different["kube_proxy_replacement"]["enabled"], different["kube_proxy_replacement"]["mode"]) == (None, None)
    assert parse({"cilium_status": {"cilium-1": None}})["unread"] == [{"place": "$.cilium_status.cilium-1", "text": "null"}]


def test_json_of_the_wrong_shape():
    found = parse(
        {
            "controllers": [{"status": {"consecutive-failure-count": True}}],
            "kube-proxy-replacement": {"mode": 1, "deviceList": ["eth0", {"name": "eth1", "ip": ["no address", "192.0.2.1", 7]}]},
        }
    )
    assert {(one["place"], one["text"]) for one in found["unread"]} == {
        ("$.controllers[0].status.consecutive-failure-count", "true"),
        ("$.kube-proxy-replacement.mode", "1"),
        ("$.kube-proxy-replacement.deviceList[0]", "eth0"),
        ("$.kube-proxy-replacement.deviceList[1].ip", "no address"),
        ("$.kube-proxy-replacement.deviceList[1].ip[2]", "7"),
    }
    assert found["kube_proxy_replacement"] == {
        "enabled": None,
        "mode": None,
        "devices": [{"name": "eth1", "addresses": ["192.0.2.1"]}],
        "direct_routing_device": None,
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            [
                "kube-proxy-replacement",
                "mode",
                "deviceList",
                "ip",
                "name",
                "features",
                "nodePort",
                "enabled",
                "cilium",
                "msg",
                "controllers",
                "status",
                "cilium_status",
                "consecutive-failure-count",
                "masquerading",
                "routing",
            ]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=3) | st.sampled_from(["kube-proxy-replacement", "cilium_status", "cilium"]), JSON, max_size=4))
def test_any_json_is_survived(document):
    assert parse(document)["kube_proxy_replacement"]["enabled"] in (None, True, False)


@given(st.data())
def test_mutated_text_never_turns_into_another_answer(data):
    """Whatever is cut out of, or put into, a status: it is read as before or reported, never as the opposite."""
    path = data.draw(st.sampled_from(STATUSES))
    text = path.read_text()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    inserted = data.draw(st.text(alphabet="[](),: \n\t-x0True%\x1b", max_size=6))
    mutated = text[:start] + inserted + text[end:]
    found = parse(mutated)
    known = {parse(text)["kube_proxy_replacement"]["enabled"], None}
    assert found["kube_proxy_replacement"]["enabled"] in known | ({True} if "True" in inserted else set())
    lines = [line.text for line in clean(mutated)]
    assert all(any(one["text"] in line for line in lines) for one in found["unread"] if one["text"])
