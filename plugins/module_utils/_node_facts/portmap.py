# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hostPorts that the CNI plugin portmap serves by rules of its own. Pure."""
from __future__ import annotations

import re

# pkg plugins/meta/portmap/portmap_iptables.go of containernetworking/plugins: one rule per pod and protocol in this chain.
RULE = re.compile(r"^-A CNI-HOSTPORT-DNAT .*?--dports? (\d+(?:,\d+)*)\b")


def host_ports(dump):
    """Return the ports, sorted, from the text of `iptables-save -t nat`."""
    return sorted({int(port) for match in map(RULE.match, dump.splitlines()) if match for port in match.group(1).split(",")})
