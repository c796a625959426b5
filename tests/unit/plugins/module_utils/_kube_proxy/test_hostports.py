# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import pathlib

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import hostports

CHAINS = {"KUBE-MARK-MASQ", "KUBE-POSTROUTING"}


def portmap(**more: str) -> str:
    return json.dumps({"cniVersion": "0.4.0", "plugins": [{"type": "bridge"}, {"type": "portmap", "capabilities": {"portMappings": True}, **more}]})


def test_a_cni_that_marks_by_kube_proxys_chain_needs_it(tmp_path: pathlib.Path) -> None:
    (tmp_path / "05-cilium.conflist").write_text(portmap())
    (tmp_path / "10-net.conflist").write_text(portmap(externalSetMarkChain="KUBE-MARK-MASQ"))
    assert f"{tmp_path}/10-net.conflist tells the CNI to mark hostPorts by KUBE-MARK-MASQ" in (hostports.needs_shared(CHAINS, str(tmp_path)) or "")


@pytest.mark.parametrize("text", [portmap(), portmap(externalSetMarkChain="CNI-HOSTPORT-SETMARK"), "no JSON"])
def test_others_do_not(tmp_path: pathlib.Path, text: str) -> None:
    (tmp_path / "10-net.conf").write_text(text)
    (tmp_path / "99-old.conflist.cilium_bak~").write_text("")
    assert hostports.needs_shared(CHAINS, str(tmp_path)) is None


def test_nor_does_one_whose_chain_is_not_there(tmp_path: pathlib.Path) -> None:
    (tmp_path / "10-net.conflist").write_text(portmap(externalSetMarkChain="KUBE-MARK-MASQ"))
    assert hostports.needs_shared({"KUBE-POSTROUTING"}, str(tmp_path)) is None
    assert hostports.needs_shared(CHAINS, str(tmp_path / "nowhere")) is None
