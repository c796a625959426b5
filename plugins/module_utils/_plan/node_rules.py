# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on the nodes: whether they can be taken away when the time has come. Pure."""
from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan.picture import BLOCKER, NOTE, WARNING, finding, node, some

OURS = "kube-proxy"


def _surveyed(picture):
    return [(name, facts["rules"]) for name, facts in sorted(picture.read_nodes.items()) if facts["rules"]]


def _place(one):
    return f"{one['backend']} {one['family']} {one['table']}"


def references(picture):
    for name, rules in _surveyed(picture):
        if rules["foreign_references"]:
            first = rules["foreign_references"][0]
            more = f" ({len(rules['foreign_references'])} such in all)" if len(rules["foreign_references"]) > 1 else ""
            yield finding(
                "rule-leads-to-kube-proxy", BLOCKER, node(name), f"{_place(first)}, chain {first['chain']}: {first['rule']}{more}",
                "It is not kube-proxy's and leads to a chain of kube-proxy's, which could not be removed.",
                "Find out whose it is and take it away there. Of a CNI's hostPorts: recreate the pod that it belongs to.",
            )


def unknown(picture):
    for name, rules in _surveyed(picture):
        if rules["unknown"]:
            yield finding(
                "chains-unknown", NOTE, node(name), some({f"{_place(one)} {one['chain']}" for one in rules["unknown"]}),
                "Their names begin with KUBE-, and nobody known makes them. They stay.",
                "Nothing, or find out whose they are.",
            )


def unseen(picture):
    for name, rules in _surveyed(picture):
        for sentence in (*rules["unchecked"], *(f"{_place(one)}, line {one['line']}: {one['text']}" for one in rules["unread"])):
            yield finding(
                "rules-unseen", WARNING, node(name), sentence,
                "Rules of kube-proxy could hide there.",
                "Install the missing program, or look at the line by hand, then run the plan again.",
            )


def both_backends(picture):
    for name, rules in _surveyed(picture):
        backends = sorted(
            backend for backend, families in rules["found"].items()
            if any(OURS in owners for tables in families.values() for owners in tables.values())
        )
        if len(backends) > 1 and not picture.settled:
            yield finding(
                "rules-in-both-backends", NOTE, node(name), f"kube-proxy's chains are in {' and '.join(backends)}",
                "Those of one are left over from an older kube-proxy, and may still match packets. Both are removed.",
                "Nothing.",
            )


def left(picture):
    for name, rules in _surveyed(picture):
        moved = (picture.cluster["nodes"].get(name) or {}).get("moved")
        if (picture.settled or moved) and not rules["clean"]:
            yield finding(
                "rules-left", WARNING, node(name),
                f"there are rules of kube-proxy's, but {'the migration of this cluster has ended' if picture.settled else 'this node has moved'}",
                "Stale rules send packets to pods that are gone.",
                "Run migrate again: in a cluster that has settled it removes such rules, node by node, and does nothing else; before that, the node goes "
                "through its wave once more.",
            )


def foreign_ipvs(picture):
    for name, rules in _surveyed(picture):
        if rules["ipvs"]["foreign_servers"]:
            yield finding(
                "ipvs-foreign", NOTE, node(name), f"IPVS servers that are not kube-proxy's: {some(rules['ipvs']['foreign_servers'])}",
                "Somebody else (keepalived, kube-vip) balances with IPVS. They stay.",
                "Nothing.",
            )


RULES = (references, unknown, unseen, both_backends, left, foreign_ipvs)
