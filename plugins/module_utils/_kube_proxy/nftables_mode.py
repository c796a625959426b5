# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kube-proxy's nftables mode (since 1.29): everything it has is in one table per family, and nobody else has anything there.

Source: pkg/proxy/nftables/proxier.go and cleanup.go of Kubernetes.
"""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables.model import FAMILIES
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables.nft import Session
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._nftables import ruleset

TABLE = "kube-proxy"


def tables(session: Session) -> dict[str, bool]:
    """Family -> does the table see packets? Of each family that has the table."""
    return {family: not table.dormant for family in FAMILIES for table in ruleset.tables(session.kernel, family) if table.name == TABLE}


def unlink(session: Session, families: list[str]) -> None:
    """The tables keep all they have and see no packet any more."""
    session.commit(ruleset.set_dormant(family, TABLE, True) for family in families)


def link(session: Session, families: list[str]) -> None:
    """They see packets again."""
    session.commit(ruleset.set_dormant(family, TABLE, False) for family in families)


def remove(session: Session, families: list[str]) -> None:
    session.commit(ruleset.delete_table(family, TABLE) for family in families)
