# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real kube-proxy made goes, exactly. The tests of a mode run in this order, on one node."""

from __future__ import annotations

import re
import subprocess
import time

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.slow]

#: Chains of a kubelet of 1.27 and later, in whatever table.
KUBELETS = {"KUBE-IPTABLES-HINT", "KUBE-KUBELET-CANARY", "KUBE-FIREWALL"}
RUNNING = "-f '[A]nsiballZ_kube_proxy_rules'"
#: Kills the module some time after its backup is there, with which the changes begin.
KILLER = f"until [ -e /tmp/saved/2* ]; do :; done; sleep {{delay}}; pkill -9 {RUNNING} || true; rm -r /tmp/saved"
#: Writes rules until it is stopped; tells how many, and after how many of them the module was running.
WRITER = f"""
number=0; during=0
until [ -e /tmp/stop ] || [ $number -eq 250 ]; do
    number=$((number + 1)); iptables -w 30 -A ADMIN -d 198.51.100.$number -j RETURN
    if pgrep {RUNNING} >/dev/null; then during=$((during + 1)); fi; sleep 0.1
done
echo $number $during"""


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


def sorted_lines(dump):
    """What is linked again goes in front of its chain, wherever it was."""
    return {place: sorted(lines) for place, lines in dump.items()}


def test_unconfirmed_the_node_heals_itself(filled, before):
    """By a timer of its own systemd."""
    stale = filled.rules(state="present", service=filled.address, timeout=1)
    assert "no kube-proxy that runs here has written them" in stale["msg"], stale
    unlinked = filled.rules(state="absent", confirm_timeout=10)
    assert unlinked["changed"] and unlinked["armed"] and not unlinked["clean"], unlinked
    assert "kubeproxy-free-relink-" in filled.sh("systemctl list-timers --all")
    assert filled.asleep() == before["nft"]
    assert not any("-j KUBE-SERVICES" in line for lines in filled.dump().values() for line in lines)
    deadline = time.monotonic() + 40
    while sorted_lines(filled.dump()) != sorted_lines(before) or filled.asleep():
        assert time.monotonic() < deadline, filled.sh("cat /run/kubeproxy-free/relink/log || true")
        time.sleep(1)
    late = filled.rules(state="absent", confirm=True)
    assert "the node has linked them again" in late["msg"], late


def test_everything_of_kube_proxy_goes_and_nothing_else_while_somebody_writes(filled, before):
    assert len(before["nft"]) == (2 if filled.mode == "nftables" else 0)
    owned = [line for place, lines in before.items() for line in lines if re.match(r":KUBE-(SVC|SEP|EXT|FW)-", line)]
    assert len(owned) > 300 or filled.mode == "nftables"
    if filled.mode == "iptables":
        fill(filled, {place: lines for place, lines in before.items() if filled.backend in place})
        before = filled.dump()
        assert all(any("KUBE-SVC" in line for line in before[f"iptables-{backend} *nat"]) for backend in ("nft", "legacy"))
    writer = subprocess.Popen(["podman", "exec", filled.container("cp1"), "bash", "-c", WRITER], text=True, stdout=subprocess.PIPE)
    try:
        result = filled.rules(state="absent", confirm=True, confirm_timeout=120)
    finally:
        filled.sh("touch /tmp/stop")
    written, during = map(int, writer.communicate(timeout=60)[0].split())
    assert not result.get("failed") and result["changed"] and result["clean"] and not result["armed"], result
    after = filled.dump()
    assert without_what_is_written(after) == without_kube_proxy(before)
    assert sum("198.51.100." in line and "ADMIN -d" in line for lines in after.values() for line in lines) == written
    assert during >= 3, "nobody has written while the module ran"
    again = filled.rules(state="absent")
    assert (again["changed"], again["clean"]) == (False, True)


def test_killed_half_way_and_run_again(filled, before):
    if filled.mode == "nftables":
        pytest.skip("a table of nftables goes in one transaction: there is no half-way")
    ours = {place: lines for place, lines in before.items() if filled.backend in place}
    counts, half_way = [], []
    # How long after its backup the module is killed: longer until everything is gone by then, then in the middle between too early and too late.
    early, late, delay = 0.0, None, 0.004
    for _turn in range(24):
        fill(filled, ours)
        full = filled.dump()
        killer = subprocess.Popen(["podman", "exec", filled.container("cp1"), "bash", "-c", KILLER.format(delay=delay)])
        filled.begin(state="absent", backup_dir="/tmp/saved").wait(60)
        assert killer.wait(60) == 0
        now = filled.dump()
        kept = without_kube_proxy(full)
        assert {place: [line for line in now[place] if line in set(lines)] for place, lines in kept.items()} == kept
        count, most, least = (sum(map(len, dump.values())) for dump in (now, full, kept))
        counts.append(count)
        if least < count < most:
            half_way.append(count)
            if len(half_way) == 3:
                break
        elif count == most:
            early = max(early, delay)
        else:
            late = delay if late is None else min(late, delay)
        if late is not None and early >= late:  # a busy machine takes now more, now less
            early, late = early / 2, late * 2
        delay = delay * 2 if late is None else (early + late) / 2
    result = filled.rules(state="absent")
    assert result["clean"], result
    assert filled.dump() == kept
    print(f"lines after each kill: {counts}; half-way: {half_way}")
    assert half_way, f"no kill came half-way; lines afterwards: {counts}"
