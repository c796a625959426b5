# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hostPorts that the CNI plugin portmap serves by rules of its own. Pure."""
from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import words

# plugins/meta/portmap/portmap_iptables.go of containernetworking/plugins: one rule per pod and protocol in this chain.
CHAIN = "-A CNI-HOSTPORT-DNAT "
PORTS = ("--dport", "--dports")


def host_ports(dump):
    """Return the ports, sorted, from the text of `iptables-save -t nat`."""
    found = set()
    for line in dump.splitlines():
        if line.startswith(CHAIN):
            found.update(_ports(line))
    return sorted(found)


def _ports(rule):
    try:
        given = words.split(rule)
    except words.Unreadable:  # the survey of all rules tells it
        return []
    return [int(port) for option, value in zip(given, given[1:]) if option in PORTS for port in value.split(",") if port.isdigit()]
