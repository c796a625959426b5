# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where kube-proxy answers whether it is well, and so the agent in its place. Pure.

Source: healthzBindAddress of KubeProxyConfiguration, and ProxyHealthzPort in pkg/cluster/ports/ports.go of Kubernetes.
"""

from __future__ import annotations

PORT = 10256
ADDRESS = f"0.0.0.0:{PORT}"


def port(address: str) -> int:
    """The port of ADDRESS:PORT, kube-proxy's own where nothing else is said."""
    said = str(address).rpartition(":")[2]
    return int(said) if said.isdecimal() else PORT
