# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.jumps import is_known

PORTALS = '-m comment --comment "kubernetes service portals"'


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("nat", f"-A PREROUTING {PORTALS} -j KUBE-SERVICES"),
        ("filter", f"-A FORWARD -m conntrack --ctstate NEW {PORTALS} -j KUBE-SERVICES"),
        ("filter", f"-A FORWARD {PORTALS} -m conntrack --ctstate NEW -j KUBE-SERVICES"),
        ("filter", '-A INPUT -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL'),
    ],
)
def test_kube_proxys_own(table: str, text: str) -> None:
    assert is_known(table, text)


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("mangle", f"-A PREROUTING {PORTALS} -j KUBE-SERVICES"),
        ("nat", f"-A POSTROUTING {PORTALS} -j KUBE-SERVICES"),
        ("nat", f"-A PREROUTING {PORTALS} -j KUBE-NODEPORTS"),
        ("nat", f"-A PREROUTING {PORTALS} -g KUBE-SERVICES"),
        ("nat", f"-A PREROUTING {PORTALS} -j KUBE-SERVICES -s 192.0.2.1/32"),
        ("nat", f"-A PREROUTING {PORTALS} {PORTALS} -j KUBE-SERVICES"),
        ("nat", f"-A PREROUTING -i eth0 {PORTALS} -j KUBE-SERVICES"),
        ("nat", f"-A PREROUTING -m conntrack --ctstate RELATED {PORTALS} -j KUBE-SERVICES"),
        ("nat", f"-A PREROUTING -m conntrack ! --ctstate NEW {PORTALS} -j KUBE-SERVICES"),
        ("nat", '-A PREROUTING -m comment --comment "kubernetes service portals "-j KUBE-SERVICES'),
        ("nat", "-A PREROUTING -j KUBE-SERVICES"),
        ("nat", "-A PREROUTING -m comment --comment"),
        ("nat", '-A PREROUTING -m comment --comment "no end -j KUBE-SERVICES'),
        ("nat", "-A PREROUTING"),
        ("nat", None),
    ],
)
def test_others(table: str, text: str | None) -> None:
    assert not is_known(table, text)
