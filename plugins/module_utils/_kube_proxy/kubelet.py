# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does this node's kubelet need the chains that it shares with kube-proxy?

Until 1.26 kubelet makes them when it starts, and only then. In 1.27 it does so if the feature gate IPTablesOwnershipCleanup is
off (it then makes KUBE-MARK-DROP as well). From 1.28 on it never does (pkg/kubelet/kubelet_network_linux.go, pkg/features).
"""

from __future__ import annotations

import re
from typing import Collection, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import tools
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import processes

VERSION = re.compile(r"v?(\d+)\.(\d+)")


def ask_version() -> Optional[str]:
    """What the kubelet that runs here, or else the one that is installed, says of itself."""
    for program in [*(f"/proc/{pid}/exe" for pid in processes.in_this_network("kubelet")), tools.which("kubelet")]:
        try:
            return tools.run([program, "--version"]).split()[-1] if program else None
        except (tools.ToolFailed, OSError, IndexError):
            continue
    return None


def needs_shared(version: Optional[str], nat_chains: Collection[str]) -> Optional[str]:
    """Why the shared chains of a nat table with these chains have to stay, or None."""
    if version is None:
        return "the version of kubelet is not known, and until 1.26 it needs them; give kubelet_version"
    match = VERSION.match(version)
    if not match:
        return f"the version of kubelet ('{version}') cannot be read, and until 1.26 it needs them; give kubelet_version"
    number = int(match[1]), int(match[2])
    if number <= (1, 26):
        return f"kubelet {version} needs them and would not make them again"
    if number == (1, 27) and "KUBE-MARK-DROP" in nat_chains:
        return f"kubelet {version} may run without its feature gate IPTablesOwnershipCleanup, for KUBE-MARK-DROP is there, and then needs them"
    return None
