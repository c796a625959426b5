# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real kube-proxy made goes, exactly. The tests of a mode run in this order, on one node."""

from __future__ import annotations

import re
import subprocess

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.slow]

#: Chains of a kubelet of 1.27 and later, in whatever table.
KUBELETS = {"KUBE-IPTABLES-HINT", "KUBE-KUBELET-CANARY", "KUBE-FIREWALL"}
WRITTEN = 60
RUNNING = "-f '[A]nsiballZ_kube_proxy_rules'"
KILLER = f"until pgrep {RUNNING} >/dev/null; do sleep 0.01; done; sleep {{delay}}; pkill -9 {RUNNING} || true"
WRITER = f"for number in $(seq {WRITTEN}); do iptables -w 30 -A ADMIN -d 198.51.100.$number -j RETURN; done"


def without_kube_proxy(dump):
    """What has to stay, told from names alone and not with the module's help."""

    def stays(line):
        return all(name in KUBELETS for name in re.findall(r"(?:^:|^-A |-[jg] )(KUBE-\S+)", line))

    return {place: [] if place == "nft" else [line for line in lines if stays(line)] for place, lines in dump.items()}


def without_what_is_written(dump):
    return {place: [line for line in lines if "198.51.100." not in line or "KUBEADMIN" in line] for place, lines in dump.items()}


def fill(node, dump):
    """The same rules again, as a kube-proxy of an earlier life left them, in both backends."""
    for place, lines in dump.items():
        if place != "nft" and lines:
            program, table = place.split()
            text = "\n".join([table, *(line + " [0:0]" if line.startswith(":") else line for line in lines), "COMMIT", ""])
            for backend in ("nft", "legacy"):
                node.sh(f"{program.split('-')[0]}-{backend}-restore -w 30 <<'END'\n{text}END\n")


@pytest.fixture(scope="module")
def before(filled):
    """The rules of a kube-proxy that runs, and then of one that has gone."""
    dump = filled.dump()
    refused = filled.rules(state="absent")
    assert "kube-proxy" in refused.get("msg", "") and filled.dump() == dump
    filled.kubectl("-n", "kube-system", "delete", "daemonset", "kube-proxy")
    return filled.dump()


def test_everything_of_kube_proxy_goes_and_nothing_else_while_somebody_writes(filled, before):
    assert len(before["nft"]) == (2 if filled.mode == "nftables" else 0)
    owned = [line for place, lines in before.items() for line in lines if re.match(r":KUBE-(SVC|SEP|EXT|FW)-", line)]
    assert len(owned) > 300 or filled.mode == "nftables"
    if filled.mode == "iptables":
        fill(filled, {place: lines for place, lines in before.items() if filled.backend in place})
        before = filled.dump()
        assert all(any("KUBE-SVC" in line for line in before[f"iptables-{backend} *nat"]) for backend in ("nft", "legacy"))
    writer = subprocess.Popen(["podman", "exec", filled.container("cp1"), "bash", "-c", WRITER])
    result = filled.rules(state="absent")
    assert writer.wait(60) == 0
    assert not result.get("failed") and result["changed"] and result["clean"], result
    after = filled.dump()
    assert without_what_is_written(after) == without_kube_proxy(before)
    assert sum("198.51.100." in line and "ADMIN -d" in line for lines in after.values() for line in lines) >= WRITTEN
    again = filled.rules(state="absent")
    assert (again["changed"], again["clean"]) == (False, True)


def test_killed_half_way_and_run_again(filled, before):
    if filled.mode == "nftables":
        pytest.skip("a table of nftables goes in one transaction: there is no half-way")
    ours = {place: lines for place, lines in before.items() if filled.backend in place}
    counts = []
    for delay in range(0, 100, 8):
        fill(filled, ours)
        full = filled.dump()
        killer = subprocess.Popen(["podman", "exec", filled.container("cp1"), "bash", "-c", KILLER.format(delay=delay / 100)])
        filled.begin(state="absent", backup=False).wait(60)
        assert killer.wait(60) == 0
        now = filled.dump()
        kept = without_kube_proxy(full)
        assert {place: [line for line in now[place] if line in set(lines)] for place, lines in kept.items()} == kept
        counts.append(sum(map(len, now.values())))
    result = filled.rules(state="absent")
    assert result["clean"], result
    assert filled.dump() == kept
    half_way = [count for count in counts if sum(map(len, kept.values())) < count < sum(map(len, full.values()))]
    print(f"lines after each kill: {counts}; half-way: {half_way}")
    assert max(counts) > sum(map(len, kept.values())), "every kill came too late"
