# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measuring with netperf: its words, its answer, and the way into the pod whose image has it."""

from __future__ import annotations

import os
import time

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import TrafficError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.netns import processes_of_pod

TESTS = ("TCP_RR", "TCP_CRR")
#: What netperf is asked to tell -> the figure, and by what it is divided (it tells microseconds).
FIGURES = {
    "MEAN_LATENCY": ("mean_ms", 1000), "P50_LATENCY": ("p50_ms", 1000), "P99_LATENCY": ("p99_ms", 1000), "MIN_LATENCY": ("min_ms", 1000),
    "TRANSACTION_RATE": ("rate", 1),
}  # fmt: skip
FOLDERS = ("usr/bin", "usr/local/bin", "bin", "usr/sbin")
COUNT, MOST = "/proc/sys/net/netfilter/nf_conntrack_count", "/proc/sys/net/netfilter/nf_conntrack_max"
#: TCP_CRR makes thousands of connections in a second, and the kernel remembers each for a while: never more than this share of its table, or others' fail.
ROOM, NEW_PER_SECOND, PATIENCE = 0.7, 20000, 180


def measure(targets, seconds, run, find=None):
    """Both tests with each target, one after the other; without targets, only whether there is room for them. run: AnsibleModule.run_command.

    A run that fails has an `error` in place of figures: what the others measured in all the time before is not lost for it.
    """
    found = []
    if not targets:
        wait_for_room(seconds)
    for target in targets:
        for test in TESTS:
            if test == "TCP_CRR":
                wait_for_room(seconds)
            command = (find or prefix)(target) + words(target, test, seconds)
            code, out, errors = run(command)
            figures = read(out, seconds, target["way"]) if code == 0 else {
                "requests": 1, "failed": 1, "error": f"{' '.join(command)} ended with {code}: {(errors or out).strip()[-300:]}"}  # fmt: skip
            found.append({"node": target["node"], "way": target["way"], "test": f"netperf {test}", **figures})
    return found


def words(target, test, seconds):
    """netperf's data connections use a port of their own, so the Service has both."""
    wanted = ",".join(FIGURES)
    return ["-H", target["address"], "-p", str(target["port"]), "-t", test, "-l", str(seconds), "-P", "0", "--", "-P", f",{target['data_port']}", "-k", wanted]


def read(text, seconds, way):
    told = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    try:
        figures = {name: round(float(told[key]) / divisor, 4) for key, (name, divisor) in FIGURES.items()}
    except (KeyError, ValueError) as error:
        wanted = ", ".join(FIGURES)
        raise TrafficError(f"{way}: netperf's answer has no {error}; expected {wanted}, as version 2.5 and later tell. It said: {text[:300]}") from None
    return {**figures, "requests": round(figures["rate"] * seconds), "failed": 0}


def prefix(target):
    """The words before netperf's own: its program alone, or the way into the image of the pod, and its network where that is asked from."""
    if not target.get("image_of"):
        return [target.get("program") or "netperf"]
    pid, program = inside(target["image_of"])
    return ["nsenter", "--target", str(pid), "--mount", *(["--net"] if target["namespace"] != "host" else []), program]


def inside(pod_uid, proc="/proc"):
    """A process of the pod whose root has netperf, and where it is there."""
    for process in processes_of_pod(pod_uid, proc):
        for folder in FOLDERS:
            if os.path.exists(f"{process}/root/{folder}/netperf"):
                return int(os.path.basename(process)), f"/{folder}/netperf"
    raise TrafficError(f"No process of pod {pod_uid} on this node has a program netperf; expected it in {', '.join('/' + one for one in FOLDERS)} of the image "
                       "that benchmark_netperf_image names. See that the pod runs here")  # fmt: skip


def wait_for_room(seconds, count=COUNT, most=MOST, patience=PATIENCE, pause=1):
    """Until the connections that come do not fill the kernel's table; not at all where it is too small for them. A kernel without one has room."""
    deadline, wanted = time.monotonic() + patience, seconds * NEW_PER_SECOND
    while True:
        try:
            with open(count, encoding="ascii") as now, open(most, encoding="ascii") as all_of_it:
                there, size = int(now.read()), int(all_of_it.read())
        except OSError:
            return
        if there + wanted <= ROOM * size:
            return
        if wanted > ROOM * size or time.monotonic() >= deadline:
            fitting = int((ROOM * size - there) / NEW_PER_SECOND)
            shorter = f"Set benchmark_seconds to {fitting} or less, raise" if fitting > 0 else "Raise"
            raise TrafficError(f"Connection tracking holds {there} of {size} connections here, and TCP_CRR may add {wanted} in {seconds} s; expected at most "
                               f"{ROOM:.0%} in all. {shorter} net.netfilter.nf_conntrack_max, or measure without netperf")  # fmt: skip
        time.sleep(pause)
