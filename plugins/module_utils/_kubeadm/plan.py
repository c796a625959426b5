# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who begins a cluster, who joins it, and what is in the way. Pure.

A cluster begins at most once: only where no host of it, of this run or not, is a member of anything, nobody answers at its endpoint, and nothing at all is in
the way of any of its nodes. Otherwise a member lets the others join, wherever it stands in the inventory.

cluster: name, version, endpoint, api_server (a URL), networks, kubelet (KubeletConfiguration), image_repository (kubeadm's imageRepository, empty where
it has its default), kubeconfig (a path) with kubeconfig_exists, and installs, whether packages and what belongs to them are still to come. nodes: those of
this run that have not failed, each with host, name, control_plane, addresses, facts (of node.py) and kernel (blockers of kernel_check). hosts: all of this
run. others: its control planes out of this run, host -> facts, empty where they could not be read.
"""

from __future__ import annotations

from typing import Any, Iterable, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import config, endpoint, fitness, networks

Object = dict[str, Any]
RESET = "if nothing on it is needed any more: kubeadm reset"


def plan(cluster: Object, nodes: Iterable[Object], hosts: Iterable[str], others: dict[str, Object]) -> Object:
    """first: who begins, or lets others join; begin; joins: who joins; problems: by host, what stops it; needs: what kubeadm needs of the kernel."""
    run = {node["host"]: node for node in nodes}
    read = {**{host: node["facts"] for host, node in run.items()}, **{host: facts for host, facts in others.items() if facts}}
    members = {host: facts["member"] for host, facts in read.items() if facts["member"]}
    first = next((host for host, one in members.items() if one["admin"] and not one["fault"] and _leads_here(one, cluster)), "")
    begin = not members
    problems = {host: _of_member(members[host], members.get(first), cluster) if host in members else fitness.problems(node, cluster)
                for host, node in run.items()}  # fmt: skip
    whole = _of_settings(cluster)
    if begin:
        first = next((host for host, node in run.items() if node["control_plane"]), "")
        whole += _of_beginning(cluster, read, first, [host for host in hosts if host not in run], [host for host, facts in others.items() if not facts])
    elif not first:
        whole += _of_no_way_in(members)
    result = {
        "first": first,
        "begin": begin,
        "joins": [host for host in run if host not in members and not (begin and host == first)],
        "problems": {host: [f"Node {host}: {one}" for one in found] for host, found in problems.items() if found},
        "needs": fitness.kernel_needs(cluster),
    }
    return _stopped(result, cluster, list(run), whole) if whole or (begin and result["problems"]) else result


def _stopped(result: Object, cluster: Object, run: list[str], whole: list[str]) -> Object:
    """The cluster's own problems are told by one host; those that have none of their own name the others."""
    problems = result["problems"]
    if whole:
        problems[run[0]] = [f"Cluster {cluster['name']}: {one}" for one in whole] + problems.get(run[0], [])
    stopped = f"Node {{}}: nothing was done, because of {', '.join(problems)}; see what is told there."
    return {**result, "problems": {host: problems.get(host) or [stopped.format(host)] for host in run}}


def _leads_here(member: Object, cluster: Object) -> bool:
    return endpoint.of_url(member["server"]) in (endpoint.split(cluster["endpoint"]), endpoint.of_url(cluster["api_server"]))


def _of_member(member: Object, first: Optional[Object], cluster: Object) -> list[str]:
    if first and member["ca"] != first["ca"]:
        wanted = f"a member of cluster {cluster['name']} ({cluster['endpoint']}), whose certificate authority is another one"
    elif not first and not _leads_here(member, cluster):
        wanted = f"none, or one of the cluster at https://{cluster['endpoint']} (kpr_control_plane_endpoint)"
    elif member["fault"]:
        return [f"found a member that is no whole one ({member['fault']}), expected that kubeadm ended there. If it did, mend that; if not: kubeadm reset, "
                "and run again."]  # fmt: skip
    else:
        return []
    return [f"found a member of the cluster at {member['server']}, expected {wanted}. Correct the inventory, or, {RESET}"]


def _of_settings(cluster: Object) -> list[str]:
    found = []
    try:
        config.format_for(cluster["version"])
    except config.ConfigError as error:
        found.append(f"{error}. Set kpr_kubernetes_version.")
    if not endpoint.split(cluster["endpoint"]):
        found.append(
            f"found kpr_control_plane_endpoint {cluster['endpoint']}, expected HOST:PORT (an IPv6 address in brackets) under which every node reaches the API."
        )
    return found


def _of_no_way_in(members: dict[str, Object]) -> list[str]:
    found = ", ".join(f"{host} (of {one['server']})" for host, one in members.items())
    return [f"found members ({found}), and no whole control plane of this cluster with /etc/kubernetes/admin.conf among them, expected one that lets "
            "others join. See what is told of them, and that the inventory has the cluster's control planes, each with kpr_control_plane: true."]  # fmt: skip


def _of_beginning(cluster: Object, read: dict[str, Object], first: str, unread: list[str], unread_others: list[str]) -> list[str]:
    """What speaks against a new cluster, as a whole."""
    found = networks.overlaps(cluster["networks"])
    if not first:
        found.append("found no host with kpr_control_plane: true in this run, expected at least one, which begins the cluster. Set it in the inventory.")
    answering = [host for host, facts in read.items() if facts["api_server"]]
    if answering:
        found.append(
            f"found an API server at {cluster['endpoint']} (asked from {answering[0]}) and no member of its cluster in the inventory, expected nobody there "
            "before a cluster begins. Put its control planes into the inventory, or correct kpr_control_plane_endpoint."
        )
    if unread:
        found.append(
            f"{', '.join(unread)} could not be read or failed, expected all nodes of the run before a cluster begins. Mend them, or leave them out: --limit"
        )
    if unread_others:
        found.append(
            f"control planes that are not in this run could not be read ({', '.join(unread_others)}), so they may be members; expected to know before "
            "a cluster begins. Mend them, or take them out of the inventory."
        )
    if cluster["kubeconfig_exists"]:
        found.append(
            f"found {cluster['kubeconfig']} on the controller, expected none before a cluster begins: it leads to another one. Move it away, or set "
            "kpr_kubeconfig to another path."
        )
    return found
