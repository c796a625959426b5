# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import netns
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import TrafficError

UID = "0f1e2d3c-1111-2222-3333-444455556666"
SPELLED = UID.replace("-", "_")


@pytest.mark.parametrize(
    "line",
    [
        f"0::/kubepods/burstable/pod{UID}/8d3f",
        f"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{SPELLED}.slice/cri-containerd-8d3f.scope",
        f"0::/kubepods.slice/kubepods-pod{SPELLED}.slice/cri-containerd-8d3f.scope",
        f"4:memory:/kubepods/besteffort/pod{UID}/8d3f",
        f"0::/../kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod{SPELLED}.slice/x",
        f"9:name=systemd:/system.slice/containerd.service/kubepods-burstable-pod{SPELLED}.slice:cri-containerd:8d3f",
    ],
)
def test_every_spelling_of_the_cgroup_is_known(line):
    assert netns.cgroup_names_pod("12:pids:/\n" + line + "\n", UID)


@pytest.mark.parametrize("line", ["0::/", f"0::/kubepods/pod{UID}9", f"0::/x{UID}", f"0::/kubepods/pod{UID[:-1]}", f"0::/kubepods/xpod{UID}"])
def test_other_groups_are_not_the_pod(line):
    assert not netns.cgroup_names_pod(line, UID)


def fake_process(proc, pid, cgroup, net):
    (proc / pid / "ns").mkdir(parents=True)
    (proc / pid / "cgroup").write_text(cgroup)
    (proc / net).touch()
    os.link(proc / net, proc / pid / "ns" / "net")


@pytest.fixture
def proc(tmp_path):
    fake_process(tmp_path, "self", "0::/\n", "host")
    fake_process(tmp_path, "1", "0::/init.scope\n", "host")
    return tmp_path


def test_the_pods_process_is_found(proc):
    fake_process(proc, "77", f"0::/kubepods/pod{UID}/a\n", "pod")
    assert netns.find_pod_netns(UID, str(proc)) == f"{proc}/77/ns/net"


def test_a_pod_in_the_hosts_network_is_refused(proc):
    fake_process(proc, "77", f"0::/kubepods/pod{UID}/a\n", "host")
    with pytest.raises(TrafficError, match="namespace: host"):
        netns.find_pod_netns(UID, str(proc))


def test_a_pod_of_another_node_is_named(proc):
    with pytest.raises(TrafficError, match=f"No process of pod {UID} runs on this node"):
        netns.find_pod_netns(UID, str(proc))
