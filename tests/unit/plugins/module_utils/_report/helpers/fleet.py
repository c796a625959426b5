# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the report's data of a large cluster: made-up numbers in the shapes that the modules return, the same on every call."""

from __future__ import annotations

import random

BEGAN = 1767340800.0
STEPS = (("take_over", 14.0), ("prove", 9.0), ("retire", 6.0), ("clean", 4.0), ("prove_again", 9.0), ("accept", 0.6))


def found(chance):
    services = chance.randint(180, 260)
    nat = {"kube-proxy": {"chains": 3 * services, "rules": 7 * services, "jumps": 4}, "shared": {"chains": 2, "rules": 4, "jumps": 1},
           "kubelet": {"chains": 1, "rules": 0}, "foreign": {"chains": 12, "rules": 31}}
    filter_table = {"kube-proxy": {"chains": 5, "rules": 9, "jumps": 8}, "kubelet": {"chains": 2, "rules": 1}, "foreign": {"chains": 9, "rules": 20}}
    return {"nft": {family: {"nat": nat, "filter": filter_table} for family in ("ipv4", "ipv6")}}


def removed(what):
    counts = [owners[name] for family in what["nft"].values() for owners in family.values() for name in ("kube-proxy", "shared") if name in owners]
    return {"by_table": {}, "tables": [], "sets": [], "virtual_servers": 0, "interface": False,
            **{key: sum(count[key] for count in counts) for key in ("chains", "rules", "jumps")}}


def node(chance, began, fails=False):
    steps = []
    for name, usual in STEPS:
        seconds = round(usual * chance.uniform(0.7, 1.6), 1)
        broken = fails and name == "prove"
        error = "prove on this node: 4 of 20 requests failed (4 x timed out); expected every request to be answered." if broken else ""
        steps.append({"name": name, "began": began, "seconds": seconds, "ok": not broken, "error": error})
        began += 16 if name == "take_over" else seconds + 1
        if broken:
            steps.append({"name": "give_back", "began": began + 3, "seconds": 41.0, "ok": True, "error": ""})
            break
    what = found(chance)
    return {"kernel": chance.choice(["5.15.0-130-generic", "6.1.0-32-amd64", "6.8.0-51-generic"]), "found": what,
            "removed": {} if fails else removed(what), "takeover_seconds": steps[0]["seconds"], "steps": steps, "error": steps[1]["error"],
            "status_before": "false", "status_after": "false" if fails else "true",
            "kept": [{"backend": "nft", "family": "ipv4", "table": "nat", "chain": f"CILIUM_{number}", "why": "Cilium's"} for number in range(5)]
            + [{"backend": "nft", "family": "ipv4", "table": "filter", "chain": "KUBE-FIREWALL", "why": "kubelet's"}]}


def path(chance, origin, number, waves, ended):
    """Every fifth path sees something go wrong, while a wave takes over."""
    rows = [[second, 5, 0, 0, 0, 0, 0, round(chance.uniform(1, 9), 2)] for second in range(int(BEGAN), int(ended))]
    trouble = 0 if number % 5 else 1 + number % 7
    for _again in range(trouble):
        row = rows[int(chance.choice(waves)["started"] - BEGAN) + chance.randint(8, 14)]
        column = chance.choice([2, 3, 4, 6])
        row[column] += 1
        row[-1] = 1200.0
    counts = dict(zip(("ok", "refused", "timed_out", "reset", "other", "slow"), map(sum, list(zip(*rows))[1:7])))
    return {"name": f"host to shop/service-{number}:http ClusterIP IPv4", "from": origin, "service": f"shop/service-{number}", **counts,
            "latency": {"p50_ms": 1.5, "p90_ms": 3.0, "p99_ms": 8.5, "max_ms": 1200.0 if trouble else 9.0}, "series": rows}


def fleet(nodes, sizes, failing=0, paths=40):
    """Data of a cluster with so many nodes in waves of these sizes; in the last wave some fail and are given back."""
    chance, names = random.Random(nodes), [f"worker-{number:04}" for number in range(1, nodes + 1)]
    waves, by_name, began = [], {}, BEGAN + 20
    for size in sizes:
        batch, names = names[:size], names[size:]
        broken = set(batch[:failing]) if not names else set()
        by_name.update({name: node(chance, began, name in broken) for name in batch})
        waves.append({"nodes": batch, "started": began, "finished": max(step["began"] + step["seconds"] for name in batch for step in by_name[name]["steps"])})
        began = waves[-1]["finished"] + 8
    return {
        "cluster": "prod-eu-1",
        "action": "migrate",
        "check_mode": False,
        "started": BEGAN,
        "finished": began,
        "state": "halted" if failing else "settled",
        "reason": "4 of 20 requests failed" if failing else "",
        "versions": {"Kubernetes": "v1.34.4", "Cilium": "1.19.1"},
        "findings": [
            {
                "id": "kube-proxy-ipvs",
                "severity": "warning",
                "object": "node worker-0001",
                "found": "strictARP is set",
                "why": "MetalLB needs it with IPVS only.",
                "remedy": "Nothing.",
                "accepted": False,
            }
        ],
        "waves": waves,
        "nodes": by_name,
        "traffic": {
            "paths": [path(chance, f"worker-{1 + number % nodes:04}", number, waves, began) for number in range(paths)],
            "left_out": 0,
            "max_lag_ms": 4.0,
        },
        "next_steps": ["Run the same command again; it goes on with the nodes that are left."],
    }
