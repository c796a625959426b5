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
import os
import secrets
import shlex
import shutil
import subprocess
from typing import Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import tools
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import relink
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.relink import Pending

RELINK_DIR = "/run/kubeproxy-free/relink"
UNIT = "kubeproxy-free-relink"


class NotConfirmed(Exception):
    """The switch has fired."""


def is_armed() -> bool:
    return bool(glob.glob(f"{RELINK_DIR}/armed-*"))


def armed() -> Optional[Pending]:
    """What the switch would link again, if it is armed."""
    if not is_armed():
        return None
    with open(f"{RELINK_DIR}/pending.json", encoding="utf-8") as file:
        return relink.from_text(file.read())


def arm(wanted: Pending, seconds: int) -> None:
    """Arms it for this and for whatever it is armed for already, from now on for that many seconds."""
    together = (armed() or relink.NOTHING).together(wanted)
    if os.path.exists(f"{RELINK_DIR}/fired"):
        disarm()
    token = secrets.token_hex(8)
    script = "\n".join(["#!/bin/sh", f"cd {shlex.quote(RELINK_DIR)} || exit", f"mv armed-{token} fired 2>/dev/null || exit 0", "exec >log 2>&1",
                        *relink.commands(together), "exit 0", ""])  # fmt: skip
    # The new one first, so that at no time there is none; the old one, which links less, is then taken away.
    old = glob.glob(f"{RELINK_DIR}/armed-*")
    os.makedirs(RELINK_DIR, mode=0o700, exist_ok=True)
    _write(f"{RELINK_DIR}/pending.json", together.text())
    _write(f"{RELINK_DIR}/relink-{token}.sh", script)
    _write(f"{RELINK_DIR}/armed-{token}", "")
    _start_timer(["/bin/sh", f"{RELINK_DIR}/relink-{token}.sh"], seconds, token)
    for path in old:
        _disarm(path)


def confirm() -> None:
    """Disarms it. Raises NotConfirmed if it has fired."""
    complain_if_fired()
    for path in glob.glob(f"{RELINK_DIR}/armed-*"):
        _disarm(path)
    complain_if_fired()
    shutil.rmtree(RELINK_DIR, ignore_errors=True)


def complain_if_fired() -> None:
    if not os.path.exists(f"{RELINK_DIR}/fired"):
        return
    log = ""
    if os.path.exists(f"{RELINK_DIR}/log"):
        with open(f"{RELINK_DIR}/log", encoding="utf-8", errors="replace") as file:
            log = file.read().strip()
    raise NotConfirmed(
        "nobody confirmed in time that this node is well without kube-proxy's rules, expected that before the time was over; the node has linked them again"
        + (f" (the programs said: {log})" if log else "")
        + ". Find out why the node was not reached, or give it more time with confirm_timeout (kube_proxy_cleanup_confirm_timeout), "
        "then call with state=absent again"
    )


def disarm() -> None:
    """Whether it has fired or not: it is not wanted any more."""
    for path in glob.glob(f"{RELINK_DIR}/armed-*"):
        _disarm(path)
    shutil.rmtree(RELINK_DIR, ignore_errors=True)


def _disarm(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    token = path.rpartition("-")[2]
    if _has_systemd():
        # Whether the timer was still there does not matter.
        command = [tools.need("systemctl"), "stop", f"{UNIT}-{token}.timer"]
        subprocess.run(command, capture_output=True, check=False)  # pylint: disable=ansible-bad-function


def _start_timer(command: list[str], seconds: int, token: str) -> None:
    if _has_systemd():
        unit = [f"--unit={UNIT}-{token}", f"--on-active={seconds}", "--timer-property=AccuracySec=100ms"]
        try:
            tools.run([tools.need("systemd-run"), "--quiet", *unit, *command])
            return
        except tools.ToolFailed:
            # It cannot be asked from here; a process keeps the time as well.
            pass
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
