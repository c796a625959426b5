# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A large cluster's facts: those that a worker of the lab has left, over and over, at other times. The same on every call."""

from __future__ import annotations

import random

NODE_STEPS = ("take_over", "prove", "retire", "clean", "prove_again", "check", "accept", "give_back")


def fleet(run, halted, nodes, sizes, failing=0, paths=18):
    """Arguments of gather. run and halted: what a good run and a halted one have left. In the last wave so many nodes fail as the halted run's did."""
    chance, worker, broken = random.Random(nodes), _worker(run), _worker(halted)
    hosts, number, names = [], {}, [f"worker-{index:04}" for index in range(1, nodes + 1)]
    began = next(step["began"] for step in worker["handover_steps"] if step["name"] in NODE_STEPS)
    for wave, size in enumerate(sizes):
        batch, names = names[:size], names[size:]
        number |= {f"host-{name}": wave for name in batch}
        good = len(batch) - failing if not names else len(batch)
        hosts += _moved([worker] * good + [broken] * (len(batch) - good), batch, began, chance)
        began = 8 + max(step["began"] + step["seconds"] for host in hosts[-size:] for step in host["handover_steps"])
    for host in hosts:
        host["traffic_seen"] = {"traffic": _seen(worker["traffic_seen"]["traffic"], run["run"]["kpr_began"], began, paths)}
    _whole_cluster(run["hosts"], hosts[0], began - run["finished"])
    facts, agent = run["leader"]["preflight_cluster_facts"], next(iter(run["agents"].values()))
    leader = {
        **run["leader"],
        "preflight_findings": [{**one, "object": f"node {host['kpr_node_name']}"} for one in run["leader"]["preflight_findings"][:1] for host in hosts],
        "preflight_cluster_facts": {**facts, "nodes": {}, "agents": {host["kpr_node_name"]: next(iter(facts["agents"].values())) for host in hosts}},
        **({"handover_halted": halted["leader"]["handover_halted"], "handover_record": halted["leader"]["handover_record"]} if failing else {}),
    }
    return {**run, "hosts": hosts, "leader": leader, "run": {**run["run"], "kpr_plan": {"number": number}}, "finished": began + 30, "calls": None,
            "cluster": "prod-eu-1", "agents": {host["kpr_node_name"]: agent for host in hosts}}  # fmt: skip


def _worker(left):
    """The lab's node that was first to move."""
    return next(host for host in left["hosts"] if left["run"]["kpr_plan"]["number"].get(host["inventory_hostname"]) == 0)


def _moved(hosts, names, began, chance):
    """A wave: each step begins on all its nodes when the one before has ended on all of them, and takes some nodes a little longer."""
    moved = [{**host, "inventory_hostname": f"host-{name}", "kpr_node_name": name, "handover_steps": [],
              "preflight_node_facts": {"kernel": chance.choice(["5.15.0-130-generic", "6.1.0-32-amd64", "6.8.0-51-generic"])}}
             for host, name in zip(hosts, names)]  # fmt: skip
    for wanted in NODE_STEPS:
        ends = []
        for host, one in zip(hosts, moved):
            for step in host["handover_steps"]:
                if step["name"] == wanted:
                    seconds = round(step["seconds"] * chance.uniform(1, 1.4), 1)
                    one["handover_steps"].append({**step, "began": began, "seconds": seconds})
                    ends.append(began + seconds + 0.3)
        began = max(ends, default=began)
    return moved


def _seen(traffic, began, ended, paths):
    """Its traffic once, and then without anything wrong until the end."""
    bucket = traffic["bucket_seconds"] * 8
    first, fine = traffic["series"][0][0], max(row[1] for row in traffic["series"])
    times = range(int(began) // bucket * bucket, int(ended), bucket)
    quiet = [[time, fine, 0, 0, 0, 0, 0] for time in times]

    def shifted(rows):
        return [[row[0] - first + times[0], *row[1:]] for row in rows]

    return {**traffic, "bucket_seconds": bucket, "series": quiet + shifted(traffic["series"]),
            "paths": [{**path, "series": shifted(path["series"])} for path in traffic["paths"][:paths]]}  # fmt: skip


def _whole_cluster(lab, speaker, later):
    """The steps of the whole cluster are the first host's; those at the end come so much later."""
    steps = [step for host in lab for step in host["handover_steps"] if step["name"] not in NODE_STEPS]
    last = max(step["began"] for host in lab for step in host["handover_steps"] if step["name"] in NODE_STEPS)
    speaker["handover_steps"] = speaker["handover_steps"] + [{**step, "began": step["began"] + (later if step["began"] > last else 0)} for step in steps]
