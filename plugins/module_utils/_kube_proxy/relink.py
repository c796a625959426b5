# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it takes to link again what was unlinked, and the commands that do it. Nothing is run here.

Rules come first, then nftables mode's tables and IPVS: what serves comes back when what translates and masquerades for it is there.
"""

from __future__ import annotations

import collections
import json
import shlex
import sys
from typing import Iterable, Iterator, NamedTuple

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import legacy, tools
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import ipvs, nftables_mode
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.plan import TablePlan
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._nftables import netlink, ruleset

# A program that another one keeps from its work tries again.
AGAIN = """\
again() {
    tries=0
    until printf '%s\\n' "$text" | "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 10 ] || return
        sleep 3
    done
}"""
# A program of its own for the one message to nf_tables, which a host of nftables mode need not have a program for. Prints what the kernel says against it.
SEND = (
    "import os, socket, struct, sys; nf = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, {protocol}); nf.send(bytes.fromhex(sys.stdin.read())); "
    "code = -struct.unpack_from('=i', nf.recv(65536), 16)[0]; sys.exit(os.strerror(code) if code else 0)"
)


class Link(NamedTuple):
    """A rule to put back, in front of its chain, where kube-proxy puts it too."""

    backend: str
    family: str
    table: str
    # "-A CHAIN ..."
    rule: str


class Pending(NamedTuple):
    links: list[Link]
    # families of nftables mode's tables that were made dormant
    tables: list[str]
    # of the interface of IPVS mode
    addresses: list[str]
    # lines for ipvsadm
    servers: list[str]

    def __bool__(self) -> bool:
        return any(self)

    def text(self) -> str:
        return json.dumps(self._asdict())

    def together(self, other: Pending) -> Pending:
        """What either needs. A rule that both have is the same one, seen twice; only one alone knows how often it was there."""
        parts = ((collections.Counter(one) | collections.Counter(another)).elements() for one, another in zip(self, other))
        return Pending(*map(list, parts))


NOTHING = Pending([], [], [], [])


def from_text(text: str) -> Pending:
    content = json.loads(text)
    return Pending(**{**content, "links": [Link(*link) for link in content["links"]]})


def pending(plans: Iterable[TablePlan], tables: Iterable[str], leftovers: ipvs.Leftovers) -> Pending:
    """What it takes to link again what the plans unlink, the tables, and servers and interface of IPVS mode."""
    links = [Link(made.table.backend, made.table.family, made.table.name, rule.text or "") for made in plans for _chain, rule in made.jumps]
    return Pending(links, list(tables), leftovers.addresses, ipvs.saved_servers(leftovers.servers))


def commands(wanted: Pending) -> Iterator[str]:
    """Lines for /bin/sh. A command that fails does not keep the others from their work. Raises tools.Missing."""
    yield AGAIN
    for backend, family, table in dict.fromkeys(link[:3] for link in wanted.links):
        rules = [link.rule for link in wanted.links if link[:3] == (backend, family, table)]
        # each goes in front of those before it, so the last one first
        yield _again(_restore(backend, tools.need_all(backend, family)), [f"*{table}", *(f"-I {rule[3:]}" for rule in reversed(rules)), "COMMIT"])
    if wanted.tables:
        awake = netlink.batch(ruleset.set_dormant(family, nftables_mode.TABLE, False) for family in wanted.tables)
        yield _again([sys.executable, "-c", SEND.format(protocol=netlink.NETLINK_NETFILTER)], [awake.hex()])
    if wanted.addresses:
        ip = tools.need("ip")
        yield shlex.join([ip, "link", "add", ipvs.INTERFACE, "type", ipvs.KIND])
        yield _again([ip, "-force", "-batch", "-"], [f"address add {address} dev {ipvs.INTERFACE}" for address in wanted.addresses])
    if wanted.servers:
        yield _again([tools.need("ipvsadm"), "-R"], wanted.servers)


def _restore(backend: str, programs: tools.Programs) -> list[str]:
    """The command; it waits for the lock of legacy, which old programs do not take by themselves."""
    command = [*programs.restore, "--noflush"]
    if backend != "legacy":
        return command
    if programs.version >= legacy.TAKES_LOCK:
        return [*command, "-w", str(legacy.LOCK_SECONDS)]
    return [tools.need("flock"), "-w", str(legacy.LOCK_SECONDS), legacy.LOCK, *command]


def _again(command: list[str], text: list[str]) -> str:
    whole = "\n".join(text)
    return f"text={shlex.quote(whole)}\nagain {shlex.join(command)}"
