# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook as these tests start it."""

from __future__ import annotations

import pathlib
import subprocess

#: As group.yml does it for the playbooks: without, each task on each host loads all filters of the collection, which takes longer than what is tested.
PRELOAD = pathlib.Path(__file__).with_name("preload.yml")
#: What ansible-core says before any play, when a thread of their own has not begun within a fixed 5 s: the machine was busy, nothing has run yet.
NOT_STARTED = "Local RPC server did not start."


def ansible_playbook(*words, cwd, env, first=(PRELOAD,)) -> subprocess.CompletedProcess:
    """Run it with these words in the folder cwd, the playbooks in first before its own; once more where Ansible itself did not start.

    Its output is text, its exit code is the caller's to judge.
    """
    playbook = next(place for place, word in enumerate(words) if str(word).endswith(".yml"))
    for _attempt in range(2):
        command = ["ansible-playbook", *words[:playbook], *first, *words[playbook:]]
        done = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, text=True, capture_output=True, check=False)
        if NOT_STARTED not in done.stderr:
            break
    return done
