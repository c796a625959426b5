# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of Cilium's releases that connections through Services meet once Cilium serves them: data.

Sources: the issue that each line names, pkg/maps/ctmap of the releases on both sides, and a capture on both ends of such a connection at 1.19.1.
To add a fault, add a line.
"""

from __future__ import annotations

import dataclasses

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import compat


@dataclasses.dataclass(frozen=True)
class Fault:
    """first: the release that has it first; fixed: the first one without it; sees: what users see of it; issue: Cilium's own."""

    first: tuple
    fixed: tuple
    sees: str
    issue: str


FAULTS = (
    Fault(
        (1, 19, 0), (1, 19, 3),
        "Under many short connections from outside through one node to a backend elsewhere (ten thousand a minute), the node's agent forgets how open ones "
        "are translated, and whichever server speaks next has its connection reset. With bpf.masquerade so are pods' connections out of the cluster.",
        "cilium/cilium#44727",
    ),
)  # fmt: skip


def of(version):
    """The faults of a release, by its version as text; none of a text that names no single release."""
    release = compat.release(version)
    return [one for one in FAULTS if release and one.first <= release < one.fixed]
