# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dead man's switch: the node itself links again what was unlinked, if nobody confirms in time that all is well.

    RELINK_DIR/armed-TOKEN       as long as it is there, the switch may fire
    RELINK_DIR/pending.json      what it would link again
    RELINK_DIR/relink-TOKEN.sh   how it does that
    RELINK_DIR/fired             it has done so; log has what the programs said

Whoever moves armed-TOKEN away has decided: the script by making it "fired", the confirmation by deleting it. Everything lies in /run, so that a
reboot, after which no rule is left to link, forgets it as well.
"""

from __future__ import annotations

import glob
import json
import os
import secrets
import shlex
import shutil
import subprocess
from typing import Iterable, NamedTuple, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import tools
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables.legacy import LOCK_SECONDS, TAKES_LOCK
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.plan import TablePlan

RELINK_DIR = "/run/kubeproxy-free/relink"
UNIT = "kubeproxy-free-relink"


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

    def __bool__(self) -> bool:
        return bool(self.links or self.tables)


def pending(plans: Iterable[TablePlan], tables: Iterable[str]) -> Pending:
    """What it takes to link again what the plans unlink."""
    links = [Link(made.table.backend, made.table.family, made.table.name, rule.text or "") for made in plans for _chain, rule in made.jumps]
    return Pending(links, list(tables))


class NotConfirmed(Exception):
    """The switch has fired."""


def armed() -> Optional[Pending]:
    """What the switch would link again, if it is armed."""
    if not glob.glob(f"{RELINK_DIR}/armed-*"):
        return None
    with open(f"{RELINK_DIR}/pending.json", encoding="utf-8") as file:
        content = json.load(file)
    return Pending([Link(*link) for link in content["links"]], content["tables"])


def arm(wanted: Pending, seconds: int) -> Pending:
    """Arms it for this and for whatever it is armed for already, from now on for that many seconds. What it is armed for then."""
    before = armed() or Pending([], [])
    if os.path.exists(f"{RELINK_DIR}/fired"):
        disarm()
    together = Pending([*before.links, *wanted.links], sorted({*before.tables, *wanted.tables}))
    token = secrets.token_hex(8)
    script = relink_script(together, token)
    # The new one first, so that at no time there is none; the old one, which links less, is then taken away.
    old = glob.glob(f"{RELINK_DIR}/armed-*")
    os.makedirs(RELINK_DIR, mode=0o700, exist_ok=True)
    _write(f"{RELINK_DIR}/pending.json", json.dumps({"links": together.links, "tables": together.tables}))
    _write(f"{RELINK_DIR}/relink-{token}.sh", script)
    _write(f"{RELINK_DIR}/armed-{token}", "")
    _start_timer(["/bin/sh", f"{RELINK_DIR}/relink-{token}.sh"], seconds, token)
    for path in old:
        _disarm(path)
    return together


def confirm() -> bool:
    """Disarms it; was it armed? Raises NotConfirmed if it has fired."""
    _complain_if_fired()
    disarmed = [path for path in glob.glob(f"{RELINK_DIR}/armed-*") if _disarm(path)]
    _complain_if_fired()
    shutil.rmtree(RELINK_DIR, ignore_errors=True)
    return bool(disarmed)


def _complain_if_fired() -> None:
    if not os.path.exists(f"{RELINK_DIR}/fired"):
        return
    with open(f"{RELINK_DIR}/log", encoding="utf-8", errors="replace") as file:
        log = file.read().strip()
    raise NotConfirmed(
        "nobody confirmed in time that this node is well without kube-proxy's rules, so the node has linked them again"
        + (f" (the programs said: {log})" if log else "")
    )


def disarm() -> None:
    """Whether it has fired or not: it is not wanted any more."""
    for path in glob.glob(f"{RELINK_DIR}/armed-*"):
        _disarm(path)
    shutil.rmtree(RELINK_DIR, ignore_errors=True)


def relink_script(pending: Pending, token: str) -> str:
    """The commands. One that fails does not keep the others from their work."""
    lines = ["#!/bin/sh", f"cd {shlex.quote(RELINK_DIR)} || exit 1", f"mv armed-{token} fired 2>/dev/null || exit 0", "exec >log 2>&1"]
    for backend, family, table in dict.fromkeys(link[:3] for link in pending.links):
        rules = [link.rule for link in pending.links if link[:3] == (backend, family, table)]
        # each goes in front of those before it, so the last one first
        text = [f"*{table}", *(f"-I {rule[3:]}" for rule in reversed(rules)), "COMMIT"]
        programs = tools.find(backend, family)
        if programs:
            wait = ["-w", str(LOCK_SECONDS)] if backend == "legacy" and programs.version >= TAKES_LOCK else []
            lines += [f"{shlex.join([*programs.restore, '--noflush', *wait])} <<'END'", *text, "END"]
    nft = tools.which("nft")
    lines += [shlex.join([nft or "nft", "add", "table", family, "kube-proxy"]) for family in pending.tables]
    return "\n".join([*lines, ""])


def _disarm(path: str) -> bool:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    token = path.rpartition("-")[2]
    if _has_systemd():
        # Whether the timer was still there does not matter.
        command = [tools.which("systemctl") or "systemctl", "stop", f"{UNIT}-{token}.timer"]
        subprocess.run(command, capture_output=True, check=False)  # pylint: disable=ansible-bad-function
    return True


def _start_timer(command: list[str], seconds: int, token: str) -> None:
    if _has_systemd():
        unit = f"--unit={UNIT}-{token}"
        tools.run(
            [
                tools.which("systemd-run") or "systemd-run",
                "--quiet",
                "--collect",
                unit,
                f"--on-active={seconds}",
                "--timer-property=AccuracySec=100ms",
                *command,
            ]
        )
        return
    # A process of its own that outlives this one and the session. Disarmed, it ends without doing anything.
    nothing = subprocess.DEVNULL
    # run_command would wait for it.
    subprocess.Popen(  # pylint: disable=ansible-bad-function
        ["/bin/sh", "-c", f"sleep {seconds}; exec {shlex.join(command)}"], stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True, cwd="/"
    )


def _has_systemd() -> bool:
    return os.path.isdir("/run/systemd/system") and bool(tools.which("systemd-run"))


def _write(path: str, text: str) -> None:
    """In one step: a script that begins meanwhile sees the whole."""
    with open(os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(f"{path}.new", path)
