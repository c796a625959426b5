# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at a kernel: made-up files, and the one that runs these tests."""

from __future__ import annotations

import ctypes
import errno
import gzip
import os
import struct

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kernel import judge, probe, rules, system_calls

NAME = os.uname().release


@pytest.fixture
def files(monkeypatch, tmp_path):
    """Maps absolute paths into a folder, for the texts that probe reads."""
    read = probe._text

    def write(path, text):
        target = tmp_path / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith(".gz"):
            target.write_bytes(gzip.compress(text.encode()))
        else:
            target.write_text(text)

    monkeypatch.setattr(probe, "_text", lambda path: read(str(tmp_path / path.lstrip("/"))))
    return write


def test_the_first_configuration_that_can_be_read_is_taken(files):
    assert probe._config(NAME) == (None, None, [])
    files(f"/lib/modules/{NAME}/config", "CONFIG_BPF=y\n")
    assert probe._config(NAME) == ({"BPF": "y"}, f"/lib/modules/{NAME}/config", [])
    files("/proc/config.gz", "CONFIG_BPF=m\nwhat\n")
    assert probe._config(NAME) == ({"BPF": "m"}, "/proc/config.gz", [{"place": "line 2", "text": "what"}])


def test_a_configuration_that_is_no_gzip_is_passed_over(files, tmp_path):
    files("/proc/config.gz", "")
    (tmp_path / "proc/config.gz").write_bytes(b"no gzip at all")
    files(f"/boot/config-{NAME}", "CONFIG_BPF=y\n")
    assert probe._config(NAME)[1] == f"/boot/config-{NAME}"


def test_modules_need_both_lists(files):
    files(f"/lib/modules/{NAME}/modules.dep", "kernel/net/sched/cls_bpf.ko.zst: \nkernel/net/netfilter/xt_TPROXY.ko: kernel/net/a.ko\n")
    assert probe._modules(NAME) is None
    files(f"/lib/modules/{NAME}/modules.builtin", "kernel/drivers/net/vxlan/vxlan.ko\nkernel/net/ip-set.ko\n")
    files("/proc/modules", "wireguard 94208 0 - Live 0x0\n")
    assert probe._modules(NAME) == {"cls_bpf", "xt_TPROXY", "vxlan", "ip_set", "wireguard"}


def test_distribution(files):
    files("/etc/os-release", 'ID="rocky"\nVERSION_ID="8.10"\nPRETTY_NAME="Rocky Linux 8.10 (Green Obsidian)"\n# comment\n')
    assert probe._distribution(probe._text("/etc/os-release")) == {"id": "rocky", "version_id": "8.10", "pretty_name": "Rocky Linux 8.10 (Green Obsidian)"}


def test_the_kernel_that_runs_this_can_be_judged():
    kernel = probe.look()
    found = judge.verdicts(kernel, kernel["parsed"], "1.19.1", rules.FEATURES)
    assert kernel["release"] == NAME
    assert {one["status"] for one in found} <= set(judge.ORDER)
    assert all(one["found"] is not None for one in found)


def test_bpf_answers_without_being_root():
    assert system_calls.has_bpf() in (True, None)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_socket_destroy_is_what_the_configuration_says():
    kernel = probe.look()
    if kernel["config"] is None:
        pytest.skip("this kernel's configuration cannot be read")
    assert system_calls.has_socket_destroy() is (kernel["config"].get("INET_DIAG_DESTROY") == "y")


def load(name):
    """A program for connect4 that allows everything; returns its file descriptor."""
    code = ctypes.create_string_buffer(struct.pack("=BBhiBBhi", 0xB7, 0, 0, 1, 0x95, 0, 0, 0), 16)
    licence = ctypes.create_string_buffer(b"GPL")
    attributes = struct.pack("=IIQQIIQII16sII", 18, 2, ctypes.addressof(code), ctypes.addressof(licence), 0, 0, 0, 0, 0, name, 0, 10)
    return system_calls._bpf(5, ctypes.create_string_buffer(attributes, len(attributes)))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize(("flags", "multi", "status"), [(2, True, "note"), (0, False, "blocker")])
def test_programs_of_others_are_found(flags, multi, status):
    """A real program on a cgroup of the test's own."""
    places = [path for path, kind in probe._mounts() if kind == "cgroup2"]
    if not places:
        pytest.skip("no cgroup2 is mounted")
    folder = os.path.join(places[0], f"kubeproxy-free-test-{os.getpid()}")
    try:
        os.mkdir(folder)
    except OSError as error:
        pytest.skip(f"no cgroup can be made: {error}")
    try:
        assert system_calls.programs_of_cgroup(folder) == []
        program, cgroup = load(b"spy"), os.open(folder, os.O_RDONLY)
        try:
            system_calls._bpf(8, ctypes.create_string_buffer(struct.pack("=IIII", cgroup, program, 10, flags), 16))
            found = system_calls.programs_of_cgroup(folder)
        finally:
            os.close(program)
            os.close(cgroup)
        assert [(one["name"], one["attach_type"], one["multi"]) for one in found] == [("spy", "connect4", multi)]
        assert judge.foreign_programs({"cgroup_programs": found})["status"] == status
    finally:
        os.rmdir(folder)


def test_programs_of_all_mounts_count_once(monkeypatch):
    """An agent mounts the hierarchy anew. A mount that cannot be asked matters only where no other tells anything."""
    one, two = {"id": 1, "attach_type": "connect4"}, {"id": 2, "attach_type": "sendmsg4"}
    told = {"/sys/fs/cgroup": [one], "/run/cilium/cgroupv2": [one, two]}

    def programs(path):
        if path not in told:
            raise OSError(errno.EACCES, "no")
        return told[path]

    monkeypatch.setattr(probe, "_mounts", lambda: [("/sys/fs/bpf", "bpf"), *((path, "cgroup2") for path in ("/sys/fs/cgroup", "/run/cilium/cgroupv2"))])
    monkeypatch.setattr(system_calls, "programs_of_cgroup", programs)
    assert probe.cgroup_programs() == ([one, two], None)
    del told["/sys/fs/cgroup"]
    assert probe.cgroup_programs() == ([one, two], None)
    told.clear()
    assert probe.cgroup_programs() == (None, "asking needs root")
    monkeypatch.setattr(probe, "_mounts", lambda: [])
    assert probe.cgroup_programs() == ([], None)
