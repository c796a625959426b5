# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts about kernels."""

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import compat
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kernel import config, judge, release, rules
from hypothesis import given
from hypothesis import strategies as st

EVERY_OPTION = {option: "y" for rule in rules.OPTIONS for option in rule.options}
EL8_10, EL8_6, EL8_4 = "4.18.0-553.8.1.el8_10.x86_64", "4.18.0-372.9.1.el8.x86_64", "4.18.0-305.el8.x86_64"


def kernel(**changes):
    return {
        "release": "6.8.0",
        "config": EVERY_OPTION,
        "config_source": "/proc/config.gz",
        "modules": None,
        "probed": {},
        "mounts": [("/sys/fs/cgroup", "cgroup2"), ("/sys/fs/bpf", "bpf")],
        "filesystems": {"cgroup2", "bpf"},
        "jit": "1",
        "cgroup_programs": [],
        "cgroup_programs_error": None,
        **changes,
    }


def status(text, cilium, subject="kernel", features=(), **changes):
    found = judge.verdicts(kernel(**changes), release.parse(text), cilium, features)
    return next(one for one in found if one["subject"] == subject)["status"]


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        # the newest minor that the kernel is good for; None if there is none
        ("4.19.56", None),
        ("4.19.57", "1.15"),
        ("5.3.18-150300.59.93-default", "1.15"),
        ("5.4.0-187-generic", "1.17"),
        ("5.9.16", "1.17"),
        ("5.10.0", "1.20"),
        ("5.10.205-195.807.amzn2.x86_64", "1.20"),
        ("6.1.77-flatcar", "1.20"),
        ("5.14.0-70.el9.x86_64", "1.20"),
        ("5.4.17-2136.el8uek.x86_64", "1.17"),
        ("4.18.0-20-generic", None),
        (EL8_4, "1.15"),
        (EL8_6, "1.18"),
        ("4.18.0-552.el8.x86_64", "1.18"),
        ("4.18.0-553.el8_10.x86_64", "1.20"),
        (EL8_10, "1.20"),
        ("4.18.0-79.el8.x86_64", None),
        ("3.10.0-1160.el7.x86_64", None),
        ("4.14.336-257.562.amzn2.x86_64", None),
    ],
)
def test_the_least_kernel_of_every_minor(text, passes):
    good = [f"1.{minor}" for minor in range(13, 21) if status(text, f"1.{minor}.2") == "ok"]
    bad = [f"1.{minor}" for minor in range(13, 21) if status(text, f"1.{minor}") == "blocker"]
    expected = [f"1.{minor}" for minor in range(13, int(passes.split(".")[1]) + 1)] if passes else []
    assert good == expected
    assert len(good) + len(bad) == 8


def test_a_blocker_names_what_would_do():
    found = judge.verdicts(kernel(), release.parse("5.4.0-187-generic"), "1.19.1", [])[0]
    assert found["found"] == "5.4.0-187-generic (5.4.0)"
    assert found["expected"].startswith(">= 5.10 for Cilium 1.19")
    assert "upgrade the kernel" in found["remedy"] and found["remedy"].endswith("or choose Cilium 1.17")


@pytest.mark.parametrize("cilium", ["1.12", "1.21.0", "2.0"])
def test_a_cilium_that_no_table_knows_is_unknown(cilium):
    assert status("6.8.0", cilium) == "unknown"


def test_a_name_that_cannot_be_read_is_unknown_everywhere():
    found = judge.verdicts(kernel(), release.parse("weird"), "1.19", rules.FEATURES)
    by_version = [one for one in found if one["expected"].startswith(">=") or one["feature"] == "service_mounts"]
    assert len(by_version) == 1 + sum(map(len, rules.VERSIONS.values())) + 1
    assert {one["status"] for one in by_version} == {"unknown"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4.19.57", "ok"),
        ("4.20.17", "blocker"),
        ("5.0.21", "blocker"),
        ("5.1.15", "blocker"),
        ("5.1.16", "ok"),
        ("5.2.0", "ok"),
        (EL8_4, "ok"),
        ("4.18.0-79.el8.x86_64", "blocker"),
    ],
)
def test_udp_sockets(text, expected):
    assert status(text, "1.15", "kernel version for translation of UDP sockets", ["kube_proxy_replacement"]) == expected


@pytest.mark.parametrize(
    ("text", "feature", "expected"),
    [
        ("6.2.0", "big_tcp_ipv4", "blocker"),
        ("6.3.0", "big_tcp_ipv4", "ok"),
        ("5.14.0-427.31.1.el9_4.x86_64", "big_tcp_ipv4", "unknown"),
        (EL8_10, "big_tcp_ipv6", "unknown"),
        (EL8_10, "bpf_host_routing", "ok"),
        (EL8_4, "bpf_host_routing", "unknown"),
        ("5.9.0", "bpf_host_routing", "warning"),
        ("6.7.9", "netkit", "blocker"),
        ("6.8.0", "netkit", "ok"),
    ],
)
def test_features_by_version(text, feature, expected):
    found = [one for one in judge.verdicts(kernel(), release.parse(text), "1.18", [feature]) if one["feature"] == feature]
    assert judge.by_feature(found)[feature] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (EL8_10, "ok"),
        ("4.18.0-553.5.1.el8_10.x86_64", "warning"),
        ("5.14.0-427.31.1.el9_4.x86_64", "ok"),
        ("5.14.0-427.30.1.el9_4.x86_64", "warning"),
        ("5.15.0-113-generic", "ok"),
        ("5.15.0-112-generic", "warning"),
        ("5.15.0-112-lowlatency", "warning"),
        ("5.15.0-1063-aws", "unknown"),
        ("6.5.0-41-generic", "ok"),
        ("6.2.0-39-generic", "unknown"),
        ("6.1.77-flatcar", "unknown"),
        ("6.7.0", "ok"),
        ("6.12.0-55.el10_0.x86_64", "ok"),
    ],
)
def test_mounts_through_services(text, expected):
    assert judge.service_mounts(release.parse(text))["status"] == expected


@pytest.mark.parametrize("rule", rules.OPTIONS, ids=lambda rule: rule.subject)
def test_every_rule_notices_every_missing_option(rule):
    minor = compat.dotted(max(rule.first, compat.FIRST))
    for option in rule.options:
        missing = kernel(config={**EVERY_OPTION, option: "n"})
        found = [
            one
            for one in judge.verdicts(missing, release.parse("6.8.0"), minor, rules.FEATURES)
            if (one["feature"], one["subject"]) == (rule.feature, rule.subject)
        ]
        assert [one["status"] for one in found] == [rule.missing]
        assert f"CONFIG_{option} is not set (/proc/config.gz)" in found[0]["found"]
        assert found[0]["remedy"] and found[0]["source"]


def test_a_kernel_that_has_everything_has_no_finding():
    found = judge.verdicts(kernel(), release.parse("6.8.0"), "1.19.1", rules.FEATURES)
    assert {one["status"] for one in found} == {"ok"}
    assert {one["remedy"] for one in found} == {None}


def test_rules_end_and_begin_with_their_minors():
    def subjects(cilium):
        return {one["subject"] for one in judge.verdicts(kernel(config=None), release.parse("6.8.0"), cilium, rules.FEATURES)}

    assert {"hashes from user space", "scheduler statistics"} <= subjects("1.19") and "type information" not in subjects("1.19")
    assert "type information" in subjects("1.20") and "hashes from user space" not in subjects("1.20")
    assert "ending of UDP sockets to dead backends" not in subjects("1.14")


def test_a_config_that_cannot_be_read_is_never_fine():
    found = judge.verdicts(kernel(config=None, config_source=None), release.parse("6.8.0"), "1.19", rules.FEATURES)
    assert {one["status"] for one in found if "CONFIG_" in one["expected"]} == {"unknown"}


@pytest.mark.parametrize(
    ("option", "changes", "expected"),
    [
        ("VXLAN", {"config": {"VXLAN": "m"}, "modules": None}, "present"),
        ("VXLAN", {"config": {"VXLAN": "m"}, "modules": {"vxlan"}}, "present"),
        ("VXLAN", {"config": {"VXLAN": "m"}, "modules": {"dummy"}}, "absent"),
        ("VXLAN", {"config": {"VXLAN": "y"}, "modules": {"dummy"}}, "present"),
        ("VXLAN", {"config": {}, "modules": {"vxlan"}}, "absent"),
        ("VXLAN", {"config": None, "modules": {"vxlan"}}, "present"),
        ("VXLAN", {"config": None, "modules": {"dummy"}}, "absent"),
        ("VXLAN", {"config": None, "modules": None}, "unknown"),
        ("CRYPTO_SHA1", {"config": {"CRYPTO_SHA1": "m"}, "modules": {"sha1"}}, "present"),
        ("BPF_JIT", {"config": None, "modules": {"vxlan"}}, "unknown"),
        ("BPF_SYSCALL", {"config": None, "probed": {"BPF_SYSCALL": {"found": True, "how": "it answers"}}}, "present"),
        ("INET_DIAG_DESTROY", {"config": {"INET_DIAG_DESTROY": "y"}, "probed": {"INET_DIAG_DESTROY": {"found": False, "how": "it does not"}}}, "absent"),
    ],
)
def test_evidence_for_an_option(option, changes, expected):
    assert config.state(option, kernel(**changes))[0] == expected


@pytest.mark.parametrize(
    ("subject", "changes", "expected"),
    [
        ("mount of cgroup2", {"mounts": []}, "note"),
        ("mount of cgroup2", {"mounts": [], "filesystems": set()}, "blocker"),
        ("mount of bpf", {"mounts": [("/x", "cgroup2")]}, "note"),
        ("compiler of eBPF (JIT)", {"jit": "0"}, "warning"),
        ("compiler of eBPF (JIT)", {"jit": ""}, "unknown"),
        ("programs of others on the root cgroup", {"cgroup_programs": None, "cgroup_programs_error": "asking needs root"}, "unknown"),
        (
            "programs of others on the root cgroup",
            {"cgroup_programs": [{"id": 1, "name": "cil_sock4_connec", "attach_type": "connect4", "multi": True}]},
            "ok",
        ),
        ("programs of others on the root cgroup", {"cgroup_programs": [{"id": 1, "name": "spy", "attach_type": "connect4", "multi": True}]}, "note"),
        ("programs of others on the root cgroup", {"cgroup_programs": [{"id": 1, "name": "spy", "attach_type": "connect4", "multi": False}]}, "blocker"),
    ],
)
def test_the_state_of_the_node(subject, changes, expected):
    assert status("6.8.0", "1.19", subject, **changes) == expected


def test_a_configuration_is_read_line_by_line():
    options, unread = config.parse(
        '#\n# Linux/x86 6.1\n#\nCONFIG_BPF=y\nCONFIG_VXLAN=m\n# CONFIG_NETKIT is not set\nCONFIG_HZ=250\nCONFIG_X="a=b"\n\nrubbish\n'
    )
    assert options == {"BPF": "y", "VXLAN": "m", "NETKIT": "n", "HZ": "250", "X": '"a=b"'}
    assert unread == [{"place": "line 10", "text": "rubbish"}]


@given(st.text(alphabet='CONFIG_BPF=ymn# is not set\n"x', max_size=80))
def test_no_configuration_raises_and_no_line_is_lost(text):
    options, unread = config.parse(text)
    assert all(any(line.strip() == one["text"] for line in text.splitlines()) for one in unread)
