# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node has that is to become a member of a cluster, and of which cluster it is one already. Read, not judged."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
from typing import Any, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import api_server, member, needs
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm.files import read

# To connect a datagram socket asks for a route and sends nothing; these are networks for documentation.
SOMEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def facts(name: str, cri_socket: str, place: Optional[tuple[str, int]], root: str = "/") -> dict[str, Any]:
    """name: of the node in Kubernetes; place: host and port of the cluster's endpoint."""
    path = cri_socket.split("://", 1)[-1]
    config = containerd(_said("containerd", ("config", "dump")), root) if "containerd" in path else None
    return {
        "member": member.member(name, root),
        "other": next((other for other, folder in needs.OTHERS.items() if os.path.isdir(os.path.join(root, folder))), ""),
        "leftovers": member.leftovers(root),
        "programs": programs(),
        "runtime": {"path": path, "error": unreachable(path), "config": config},
        "sysctls": {one.name: (read(root, f"proc/sys/{one.name.replace('.', '/')}") or "missing").strip() for one in needs.SYSCTLS},
        "swap": [line.split()[0] for line in (read(root, "proc/swaps") or "").splitlines()[1:] if line.strip()],
        "addresses": addresses(),
        "api_server": bool(place) and api_server.answers(*place),
    }


def programs() -> dict[str, str]:
    """Versions by name; a program that is missing or does not answer is left out."""
    said = {name: re.search(r"v?(\d+\.\d+\.\d+\S*)", _said(name, words)) for name, words in needs.PROGRAMS.items()}
    return {name: version[1] for name, version in said.items() if version}


def containerd(text: str, root: str = "/") -> Optional[dict[str, Any]]:
    """What matters of containerd's configuration, as `containerd config dump` tells it with everything that it imports; None of nothing."""
    if not text.strip():
        return None
    table, values = "", {}
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            table = re.sub(r"[\"'\[\]\s]", "", line)
        elif "=" in line:
            key, _equals, value = line.partition("=")
            values[(table, key.strip())] = value.strip()
    runtime = _value(values, ".containerd", "default_runtime_name").strip("\"'") or "runc"
    image = (_value(values, ".pinned_images", "sandbox") or _value(values, ".cri", "sandbox_image")).strip("\"'")
    return {
        "version": int(values.get(("", "version"), "1")),
        "disabled": sorted(set(re.findall(r"[\"']([^\"']+)[\"']", values.get(("", "disabled_plugins"), ""))) & needs.CRI_PLUGINS),
        "cgroup_driver": "systemd" if _value(values, f".containerd.runtimes.{runtime}.options", "SystemdCgroup") == "true" else "cgroupfs",
        "cni_programs": re.findall(r"[\"']([^\"']+)[\"']", _value(values, ".cni", "bin_dirs") or _value(values, ".cni", "bin_dir")),
        "sandbox_image": image,
        "sandbox_mirrored": _mirrored(image, _value(values, ".registry", "config_path").strip("\"'"), root),
    }


def addresses() -> list[str]:
    """The node's address towards the default route, of each family that has one: what kubelet takes if it is told nothing."""
    found = []
    for family, target in SOMEWHERE:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((target, 9))
            found.append(probe.getsockname()[0])
    return found


def unreachable(path: str) -> str:
    """Why nobody listens at a socket; empty if somebody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(5)
        try:
            connection.connect(path)
        except OSError as error:
            return error.strerror or str(error)
    return ""


def _mirrored(image: str, folders: str, root: str) -> bool:
    """Whether the node says where else than there an image's registry is asked; folders: containerd's config_path."""
    registry = re.sub(r":(\d+)$", r"_\1_", image.partition("/")[0])  # so docs/hosts.md has a port
    return any(os.path.isdir(os.path.join(root, folder.lstrip("/"), name)) for folder in folders.split(":") if folder for name in (registry, "_default"))


def _value(values: dict[tuple[str, str], str], table: str, key: str) -> str:
    """Of the first table whose name ends so: the plugins' names differ by version."""
    return next((value for (where, name), value in values.items() if name == key and where.endswith(table)), "")


def _said(name: str, words: tuple[str, ...]) -> str:
    """What a program prints; nothing if it is not there."""
    path = shutil.which(name)
    if not path:
        return ""
    # There is no module object here.
    done = subprocess.run([path, *words], capture_output=True, check=False, encoding="utf-8", errors="replace")  # pylint: disable=ansible-bad-function
    return done.stdout
