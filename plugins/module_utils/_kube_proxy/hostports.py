# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the CNI's plugin portmap told to mark what it serves by a chain of kube-proxy's?

Its rules name that chain only as long as there is a pod with a hostPort; without the chain, the next such pod does not start. Many guides have
"externalSetMarkChain": "KUBE-MARK-MASQ" (containernetworking/plugins, plugins/meta/portmap; their issue 770).
"""

from __future__ import annotations

import glob
import re
from typing import Collection, Optional

FOLDER = "/etc/cni/net.d"
SETTING = re.compile(r'"externalSetMarkChain"\s*:\s*"([^"]+)"')


def needs_shared(nat_chains: Collection[str], folder: Optional[str] = None) -> Optional[str]:
    """Why the shared chains of a nat table with these chains have to stay, or None."""
    for path in sorted(glob.glob(f"{folder or FOLDER}/*.conf*") + glob.glob(f"{folder or FOLDER}/*.json")):
        with open(path, encoding="utf-8", errors="replace") as file:
            for chain in SETTING.findall(file.read()):
                if chain in nat_chains:
                    return f"{path} tells the CNI to mark hostPorts by {chain}; pods with one would not start without it"
    return None
