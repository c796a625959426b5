# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps for tests: marked ones from files, made-up ones from a random number, and what becomes of a text when a plan is carried out."""

from __future__ import annotations

import collections
import pathlib
import random
import re
from typing import NamedTuple, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import save
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import kubelet
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.plan import TablePlan, interest, plan

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
# A match on an object that kube-proxy makes; rules with it cannot be loaded without.
NFACCT = re.compile(r"-m nfacct --nfacct-name +\S+ ")


class Marked(NamedTuple):
    """A dump whose lines say whether they go ("- ") or stay ("  "), and notes ("#: refused CHAIN")."""

    name: str
    before: list[str]
    after: list[str]
    notes: list[tuple[str, str]]

    @property
    def kubelet(self) -> Optional[str]:
        return dict(self.notes).get("kubelet")

    def noted(self, what: str) -> set[str]:
        return {value for key, value in self.notes if key == what}


def marked(path: pathlib.Path) -> Marked:
    lines = path.read_text(encoding="utf-8").splitlines()
    body = [line for line in lines if not line.startswith("#:")]
    assert all(line[:2] in ("- ", "  ") for line in body), path
    notes = [tuple(line.split(" ", 2)[1:]) for line in lines if line.startswith("#:")]
    return Marked(path.stem, [line[2:] for line in body], [line[2:] for line in body if line[0] == " "], notes)


def plans(lines: list[str], kubelet_version: Optional[str], family: str = "ip") -> dict[str, TablePlan]:
    """The plan of each table of the dump."""
    found = {}
    for text in _split(lines):
        name = text[0][1:]
        table = save.read(text, "legacy", family, interest(name))[name]
        found[name] = plan(table, kubelet.needs_shared(kubelet_version, table.chains))
    return found


def carried_out(lines: list[str], planned: dict[str, TablePlan]) -> list[str]:
    """What is left of the dump."""
    left = []
    for text in _split(lines):
        made = planned[text[0][1:]]
        chains, jumps = set(made.chains), collections.Counter(rule.text for _chain, rule in made.jumps)
        for line in text:
            if jumps[line] > 0:
                jumps[line] -= 1
            elif _chain(line) not in chains:
                left.append(line)
    return left


def _split(lines: list[str]) -> list[list[str]]:
    found: list[list[str]] = []
    for line in lines:
        if line.startswith("*"):
            found.append([])
        if not line.startswith("#"):
            found[-1].append(line)
    return found


def _chain(line: str) -> Optional[str]:
    if line.startswith(":"):
        return line[1:].split()[0]
    return line.split()[1] if line.startswith("-A") else None


def without_nfacct(lines: list[str]) -> list[str]:
    """The kernel takes such a rule only where kube-proxy has made the object; see the tests in the lab."""
    return [NFACCT.sub("", line) for line in lines]


REAL = {family: marked(FIXTURES / f"iptables-1.34-nft-ipv{version}.marked") for family, version in (("ip", 4), ("ip6", 6))}
#: One table, with a chain of an administrator.
SMALL = [
    "*nat",
    ":PREROUTING ACCEPT [0:0]",
    ":KUBE-SERVICES - [0:0]",
    ":KUBE-SVC-UCJAHX4E4XCGRRJS - [0:0]",
    ":MINE - [0:0]",
    '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    "-A PREROUTING -p udp -j MINE",
    '-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-UCJAHX4E4XCGRRJS',
    "-A MINE -p udp -m udp --dport 53 -j RETURN",
    "COMMIT",
]
SMALL_AFTER = [line for line in SMALL if "KUBE-" not in line]


# ---- made-up dumps ---------------------------------------------------------------------------------------------------------------

BUILTIN = {
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
}
KUBE_PROXYS = {
    "mangle": ["KUBE-PROXY-CANARY"],
    "filter": [
        "KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-NODEPORTS", "KUBE-FORWARD", "KUBE-PROXY-FIREWALL", "KUBE-PROXY-CANARY", "KUBE-NODE-PORT",
        "KUBE-IPVS-FILTER", "KUBE-IPVS-OUT-FILTER", "KUBE-SOURCE-RANGES-FIREWALL", "KUBE-NODEPORT-NON-LOCAL",
    ],
    "nat": [
        "KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ", "KUBE-PROXY-CANARY", "KUBE-FIREWALL", "KUBE-LOAD-BALANCER",
        "KUBE-PORTALS-CONTAINER", "KUBE-PORTALS-HOST", "KUBE-NODEPORT-CONTAINER", "KUBE-NODEPORT-HOST",
    ],
}
OTHERS = {
    "mangle": ["KUBE-IPTABLES-HINT", "KUBE-KUBELET-CANARY", "KUBE-SERVICES", "KUBE-VIP-EGRESS", "CILIUM_PRE_mangle", "KUBE-SVC-AAAAAAAAAAAAAAAA"],
    "filter": ["KUBE-FIREWALL", "KUBE-KUBELET-CANARY", "KUBE-ROUTER-INPUT", "KUBE-POD-FW-4NQZ5MN5URT3RHBX", "DOCKER-USER", "KUBE-MARK-MASQ", "cali-FORWARD"],
    "nat": ["CNI-HOSTPORT-DNAT", "DOCKER", "KUBE-HOSTPORTS", "KUBE-PROXY-FIREWALL", "KUBE-SVC-short", "OVN-KUBE-NODEPORT", "kube-services"],
}
JUMPS = {
    "mangle": [],
    "filter": [
        ("INPUT", "KUBE-NODEPORTS", "", "kubernetes health check service ports"),
        ("INPUT", "KUBE-EXTERNAL-SERVICES", "-m conntrack --ctstate NEW ", "kubernetes externally-visible service portals"),
        ("FORWARD", "KUBE-FORWARD", "", "kubernetes forwarding rules"),
        ("OUTPUT", "KUBE-SERVICES", "-m conntrack --ctstate NEW ", "kubernetes service portals"),
        ("OUTPUT", "KUBE-PROXY-FIREWALL", "-m conntrack --ctstate NEW ", "kubernetes load balancer firewall"),
        # of IPVS and userspace mode
        ("INPUT", "KUBE-NODE-PORT", "", "kubernetes health check rules"),
        ("FORWARD", "KUBE-PROXY-FIREWALL", "", "kube-proxy firewall rules"),
        ("INPUT", "KUBE-IPVS-FILTER", "", "kubernetes ipvs access filter"),
        ("OUTPUT", "KUBE-IPVS-OUT-FILTER", "", "kubernetes ipvs access filter"),
        ("INPUT", "KUBE-NODEPORT-NON-LOCAL", "", "Ensure that non-local NodePort traffic can flow"),
    ],
    "nat": [
        ("PREROUTING", "KUBE-SERVICES", "", "kubernetes service portals"),
        ("OUTPUT", "KUBE-SERVICES", "", "kubernetes service portals"),
        ("POSTROUTING", "KUBE-POSTROUTING", "", "kubernetes postrouting rules"),
        ("PREROUTING", "KUBE-PORTALS-CONTAINER", "", "handle ClusterIPs; NOTE: this must be before the NodePort rules"),
        ("OUTPUT", "KUBE-PORTALS-HOST", "", "handle ClusterIPs; NOTE: this must be before the NodePort rules"),
        ("PREROUTING", "KUBE-NODEPORT-CONTAINER", "-m addrtype --dst-type LOCAL ", "handle service NodePorts; NOTE: this must be the last rule in the chain"),
        ("OUTPUT", "KUBE-NODEPORT-HOST", "-m addrtype --dst-type LOCAL ", "handle service NodePorts; NOTE: this must be the last rule in the chain"),
    ],
}
#: What leads to a chain of kube-proxy's and is not one of its own jumps, with the name for {}.
REFERENCES = (
    "-p tcp -m tcp --dport 8080 -j {}",
    '-m comment --comment "kubernetes service portal" -j {}',
    '-m comment --comment "kubernetes service portals" -g {}',
    '-s 192.0.2.0/24 -m comment --comment "kubernetes forwarding rules" -j {}',
)
#: What only a dump has; the kernel does not take it, or not without more.
UNREADABLE = ('-m comment --comment "no end', '-m comment --comment "no end -j {}')
OWN_EXTRAS = (
    "-m nfacct --nfacct-name  ct_state_invalid_dropped_pkts -j DROP",
    "-m set --match-set KUBE-CLUSTER-IP dst,dst -j RETURN",
    '-m comment --comment "no end',
)
COMMENTS = ('"KUBE-SERVICES"', '"-j KUBE-SERVICES"', "-j", '"kubernetes service portals"', '"say \\"KUBE\\" and \\\\"', "plain", '"it\\\'s ours"', '"a  b"')
KUBELETS = ("v1.24.17", "v1.27.16", "v1.30.14", "v1.34.4")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def made_up(seed: int, kernel: bool = True, kubelet_version: Optional[str] = None) -> Marked:
    """Who owns a line is known from how it was made, not from how it reads. For the kernel: a dump that it takes, and that is not to be refused."""
    dice = random.Random(seed)
    lines: list[tuple[bool, str]] = []
    notes = [("kubelet", kubelet_version or dice.choice(KUBELETS))]
    for table in dice.sample(list(BUILTIN), dice.randint(1, 3)):
        lines += _made_up_table(dice, table, kernel, notes)
    return Marked(f"seed {seed}", [line for _goes, line in lines], [line for goes, line in lines if not goes], notes)


def _made_up_table(dice: random.Random, table: str, kernel: bool, notes: list[tuple[str, str]]) -> list[tuple[bool, str]]:
    keep_shared = ("kubelet", "v1.24.17") in notes
    ours = dice.sample(KUBE_PROXYS[table], dice.randint(0, len(KUBE_PROXYS[table])))
    if table == "nat":
        kinds = ("SVC", "SVL", "SEP", "FW", "EXT", "XLB")
        ours += [f"KUBE-{dice.choice(kinds)}-{''.join(dice.choices(ALPHABET, k=16))}" for unused in range(dice.randint(0, 6))]
    others = dice.sample(OTHERS[table], dice.randint(0, len(OTHERS[table])))
    shared = [name for name in ours if table == "nat" and name in ("KUBE-MARK-MASQ", "KUBE-POSTROUTING")]
    referenced = shared and others and dice.random() < 0.3
    stays = set(shared) if keep_shared or referenced else set()
    ours, chains = [name for name in ours if name not in stays], [*ours, *others]
    dice.shuffle(chains)

    rules: list[tuple[bool, str]] = []
    for chain in [*BUILTIN[table], *others]:
        # Chains lead to later ones only, for the kernel refuses loops.
        later = others[others.index(chain) + 1 :] if chain in others else others
        rules += [(False, f"-A {chain} {_others_rule(dice, later)}") for unused in range(dice.randint(0, 3))]
    if referenced:
        chain = dice.choice(others)
        rules.append((False, f"-A {chain} -p tcp -m tcp --dport 8080 -j {dice.choice(shared)}"))
        notes += [("kept", name) for name in shared]
    for chain in ours:
        later = [*ours[ours.index(chain) + 1 :], *(name for name in sorted(stays) if name == "KUBE-MARK-MASQ")]
        rules += [(True, f"-A {chain} {_others_rule(dice, later)}") for unused in range(dice.randint(0, 3))]
    if not kernel:
        rules += _wild(dice, [*BUILTIN[table], *others], [name for name in ours if name not in shared], notes)
    for chain in sorted(stays):
        rules.append((False, f"-A {chain} -j MARK --set-xmark 0x4000/0x4000"))
    for chain, target, condition, comment in JUMPS[table]:
        if target in chains:
            for unused in range(dice.choice((0, 1, 1, 1, 2))):
                rules.append((target not in stays, f'-A {chain} {condition}-m comment --comment "{comment}" -j {target}'))
    dice.shuffle(rules)
    head = [(False, f"*{table}"), *((False, f":{name} ACCEPT [0:0]") for name in BUILTIN[table]), *((name in ours, f":{name} - [0:0]") for name in chains)]
    order = [*BUILTIN[table], *chains]
    return [*head, *sorted(rules, key=lambda rule: order.index(rule[1].split()[1])), (False, "COMMIT")]


def _wild(dice: random.Random, theirs: list[str], ours: list[str], notes: list[tuple[str, str]]) -> list[tuple[bool, str]]:
    """Rules of others that lead to kube-proxy's chains, lines that nobody can read, and rules of its own that take more than a kernel to load."""
    rules = []
    for chain in ours:
        if dice.random() < 0.2:
            rules.append((True, f"-A {chain} {dice.choice(OWN_EXTRAS)}"))
    if dice.random() < 0.2:
        rules.append((False, f"-A {dice.choice(theirs)} {UNREADABLE[0]}"))
    if ours and dice.random() < 0.2:
        name = dice.choice(ours)
        rules.append((False, f"-A {dice.choice(theirs)} {dice.choice([*REFERENCES, UNREADABLE[1]]).format(name)}"))
        notes.append(("refused", name))
    return rules


def _others_rule(dice: random.Random, chains: list[str]) -> str:
    match = dice.choice(("", "-p tcp -m tcp --dport 80 ", "-s 192.0.2.0/24 ", "-m mark --mark 0x4000/0x4000 ", "-m conntrack --ctstate NEW "))
    comment = f"-m comment --comment {dice.choice(COMMENTS)} " if dice.random() < 0.4 else ""
    target = f"{dice.choice(('-j', '-j', '-g'))} {dice.choice(chains)}" if chains and dice.random() < 0.6 else dice.choice(("-j RETURN", "-j ACCEPT"))
    return f"{match}{comment}{target}"
