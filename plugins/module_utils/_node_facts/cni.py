# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which CNI the container runtime uses: the first configuration file in order of names."""
from __future__ import annotations

import json
import os

FOLDER = "/etc/cni/net.d"
ENDINGS = (".conf", ".conflist", ".json")


def configurations(folder=FOLDER):
    """Return {file, name, plugins, unread} of each file that a runtime looks at, the used one first."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(ENDINGS))
    except OSError:
        return []
    found = []
    for name in names:
        try:
            with open(os.path.join(folder, name), encoding="utf-8") as handle:
                found.append({"file": name, **described(handle.read())})
        except (OSError, UnicodeDecodeError) as error:
            found.append({"file": name, "name": None, "plugins": [], "unread": str(error)})
    return found


def described(text):
    """Return {name, plugins, unread} of one file's text. Pure."""
    try:
        document = json.loads(text)
        plugins = [plugin["type"] for plugin in document["plugins"]] if "plugins" in document else [document["type"]]
        if plugins and all(isinstance(plugin, str) for plugin in plugins):
            return {"name": document.get("name"), "plugins": plugins, "unread": None}
    except (ValueError, KeyError, TypeError):
        pass
    return {"name": None, "plugins": [], "unread": f"no CNI configuration: {text[:80]}"}
