# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding a Service in what kube-proxy has written; see test_ipvs_in_kernel.py for IPVS mode."""

from __future__ import annotations

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import present, survey
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.apply import Busy
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.present import Found, Service, parse
from ansible_collections.fleetops.kubeproxy_free.tests.unit.plugins.module_utils._kube_proxy import dumps, network

NAME, ADDRESS = "default/kubernetes", "10.96.0.1:443/tcp"
RULE = '-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-UCJAHX4E4XCGRRJS'


@pytest.mark.parametrize(
    ("text", "service"),
    [
        (NAME, Service(NAME)),
        (ADDRESS, Service(None, "10.96.0.1", 443, "tcp")),
        ("[fd00:0:0::1]:53/udp", Service(None, "fd00::1", 53, "udp")),
    ],
)
def test_a_service_is_called_by_name_or_address(text: str, service: Service) -> None:
    assert parse(text) == service


@pytest.mark.parametrize("text", ["kubernetes", "10.96.0.1:443", "fd00::1:443/tcp", "10.96.0.1:443/icmp", "a/b/c", "10.96.0.999:1/tcp"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected NAMESPACE/NAME|does not appear to be"):
        parse(text)


@pytest.mark.parametrize(
    ("rule", "by_name", "by_address"),
    [
        (RULE, True, True),
        (RULE.replace("https cluster", "https external"), True, True),
        (RULE.replace("default/kubernetes:https", "x-default/kubernetes:https"), False, True),
        (RULE.replace("default/kubernetes:https", "default/kubernetes2:https"), False, True),
        (RULE.replace('-m comment --comment "default/kubernetes:https cluster IP" ', ""), False, True),
        (RULE.replace("10.96.0.1/32", "10.96.0.10/32"), True, False),
        (RULE.replace("443", "4430"), True, False),
        (RULE.replace("KUBE-SVC-UCJAHX4E4XCGRRJS", "KUBE-MARK-MASQ"), False, False),
    ],
)
def test_a_rule_of_iptables(rule: str, by_name: bool, by_address: bool) -> None:
    assert (present.is_rule_of(parse(NAME), rule), present.is_rule_of(parse(ADDRESS), rule)) == (by_name, by_address)


@pytest.mark.parametrize(
    ("chain", "found"),
    [
        ("service-2QRHZV4L-default/kubernetes/tcp/https", True),
        ("service-2QRHZV4L-x-default/kubernetes/tcp/https", False),
        ("service-2QRHZV4L-default/kubernetes-2/tcp/https", False),
    ],
)
def test_an_element_of_nftables_by_name(chain: str, found: bool) -> None:
    assert present.is_element_of(parse(NAME), b"", (chain,)) is found


def test_an_element_of_nftables_by_address() -> None:
    key = bytes([10, 96, 0, 1, 6, 0, 0, 0, 1, 187, 0, 0])
    assert present.is_element_of(parse(ADDRESS), key, ())
    assert not any(present.is_element_of(parse(text), key, ()) for text in ("10.96.0.1:443/udp", "10.96.0.1:80/tcp", "10.96.0.2:443/tcp", "[fd00::1]:443/tcp"))


NFTABLES = """
table {family} kube-proxy {{
    chain service-2QRHZV4L-default/kubernetes/tcp/https {{ }}
    map service-ips {{
        type {kind} . inet_proto . inet_service : verdict
        elements = {{ {address} . tcp . 443 : goto service-2QRHZV4L-default/kubernetes/tcp/https }}
    }}
    chain services {{ type nat hook prerouting priority -100; ip{six} daddr . meta l4proto . th dport vmap @service-ips; }}
}}
"""


@pytest.mark.usefixtures("own_network")
class TestInKernel:
    pytestmark = network.in_kernel

    @pytest.mark.parametrize("backend", ["nft", "legacy"])
    @pytest.mark.parametrize("text", [NAME, ADDRESS])
    def test_iptables(self, backend: str, text: str) -> None:
        assert present.served_by(parse(text)) is None
        network.load(backend, "ip", dumps.SMALL)
        assert present.served_by(parse(text)) == f"{backend} ip nat"
        assert [present.served_by(parse(other)) for other in ("default/other", "10.96.0.1:80/tcp")] == [None, None]

    @pytest.mark.parametrize("text", [NAME, ADDRESS])
    def test_a_jump_to_the_masquerade_leads_no_packet_there(self, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(survey.kubelet, "ask_version", lambda: "v1.34.4")
        lines = [line.replace(dumps.SMALL[5], '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING') for line in dumps.SMALL]
        network.load("nft", "ip", [lines[0], ":POSTROUTING ACCEPT [0:0]", ":KUBE-POSTROUTING - [0:0]", *lines[1:]])
        assert present.served_by(parse(text)) is None

    @pytest.mark.parametrize(("family", "kind", "six", "address", "text"), [
        ("ip", "ipv4_addr", "", "10.96.0.1", ADDRESS), ("ip", "ipv4_addr", "", "10.96.0.1", NAME), ("ip6", "ipv6_addr", "6", "fd00::1", "[fd00::1]:443/tcp"),
    ])  # fmt: skip
    def test_nftables(self, family: str, kind: str, six: str, address: str, text: str) -> None:
        network.sh("nft", "-f", "-", stdin=NFTABLES.format(family=family, kind=kind, six=six, address=address))
        assert present.served_by(parse(text)) == f"nft {family} kube-proxy"
        assert [present.served_by(parse(other)) for other in ("x-default/kubernetes", "10.96.0.1:443/udp")] == [None, None]
        # asleep, it serves nobody
        network.sh("nft", f"add table {family} kube-proxy {{ flags dormant; }}")
        assert present.served_by(parse(text)) is None
        assert present.wake() == [family]
        assert present.served_by(parse(text)) == f"nft {family} kube-proxy"
        assert present.wake() == []


def test_waiting_ends_with_rules_of_the_kube_proxy_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    synced, served = [False, True, True, True], iter(["nft ip nat", Busy("quiet, please"), None, "nft ip nat"])

    def serves(_service: Service) -> str | None:
        found = next(served)
        if isinstance(found, Busy):
            raise found
        return found

    monkeypatch.setattr(present.synced, "synced", lambda: synced.pop(0))
    monkeypatch.setattr(present, "served_by", serves)
    monkeypatch.setattr(present.time, "sleep", lambda seconds: None)
    assert present.wait(parse(NAME), 60) == Found("nft ip nat", True)
    assert synced == []


@pytest.mark.parametrize(
    ("told", "seconds", "synced"),
    [
        ([True], 0, True),
        # one that has just begun does not tell yet
        ([None] * 5 + [False, True], 6, True),
        # one that never does is not waited for without end, from when it began
        ([False] * 20 + [None] * 40, 20 + present.SILENT - 1, None),
        ([None] * 100, present.SILENT, None),
        # nor longer than is wanted
        ([False] * 50 + [None] * 40, 60, None),
        ([False] * 100, 60, False),
    ],
)
def test_how_long_it_is_waited_for_what_is_not_told(monkeypatch: pytest.MonkeyPatch, told: list[bool | None], seconds: int, synced: bool | None) -> None:
    clock = [100.0]
    monkeypatch.setattr(present.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(present.time, "sleep", lambda seconds: clock.append(clock.pop() + seconds))
    monkeypatch.setattr(present.synced, "synced", lambda: told.pop(0))
    monkeypatch.setattr(present, "served_by", lambda service: "ipvs")
    assert present.wait(parse(NAME), 60) == Found("ipvs", synced)
    assert clock[0] - 100 == seconds


def test_waiting_in_vain_is_told_with_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(present.synced, "synced", lambda: False)
    monkeypatch.setattr(present, "served_by", lambda service: "nft ip nat")
    found = present.wait(parse(NAME), 0)
    assert found == Found("nft ip nat", False)
    assert "rules in nft ip nat hold Service default/kubernetes, but after 7 s no kube-proxy" in present.complaint(NAME, found, 7)
