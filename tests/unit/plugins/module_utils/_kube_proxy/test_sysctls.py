# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import sysctls


def test_those_that_this_kernel_has(tmp_path: pathlib.Path) -> None:
    for name, value in (("net/ipv4/conf/all/route_localnet", "1\n"), ("net/netfilter/nf_conntrack_max", "131072\n"), ("net/ipv4/tcp_rmem", "4096\n")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(value)
    assert sysctls.read(str(tmp_path)) == {"net.ipv4.conf.all.route_localnet": "1", "net.netfilter.nf_conntrack_max": "131072"}
