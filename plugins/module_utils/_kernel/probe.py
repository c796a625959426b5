# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at the running kernel: files, mounts and a few harmless system calls. It changes nothing."""

from __future__ import annotations

import errno
import gzip
import os

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kernel import config, release, system_calls


def look():
    """Everything the judge needs, as plain data; what could not be read is None."""
    name = os.uname()
    options, origin, unread = _config(name.release)
    programs, error = cgroup_programs()
    return {
        "release": name.release,
        "parsed": release.parse(name.release, name.version, _text("/proc/version_signature") or ""),
        "distribution": _distribution(_text("/etc/os-release") or _text("/usr/lib/os-release") or ""),
        "config": options,
        "config_source": origin,
        "config_unread": unread,
        "modules": _modules(name.release),
        "probed": _probed(),
        "mounts": _mounts(),
        "filesystems": {line.split()[-1] for line in (_text("/proc/filesystems") or "").splitlines() if line.split()},
        "jit": (_text("/proc/sys/net/core/bpf_jit_enable") or "").strip(),
        "cgroup_programs": programs,
        "cgroup_programs_error": error,
    }


def node_name():
    """The name of the machine."""
    return os.uname().nodename


def _text(path):
    try:
        with (gzip.open(path, "rt", errors="replace") if path.endswith(".gz") else open(path, encoding="utf-8", errors="replace")) as file:
            return file.read()
    except (OSError, EOFError):
        return None


def config_paths(name):
    """Where distributions put the configuration of a kernel."""
    return ("/proc/config.gz", f"/boot/config-{name}", f"/lib/modules/{name}/config", f"/usr/lib/modules/{name}/config", f"/usr/lib/kernel/config-{name}",
            f"/usr/lib/ostree-boot/config-{name}", f"/lib/modules/{name}/build/.config")


def _config(name):
    for path in config_paths(name):
        text = _text(path)
        if text:
            options, unread = config.parse(text)
            if options:
                return options, path, unread
    return None, None, []


def _modules(name):
    """Names of all modules that are built in, installed or loaded; None if the lists of this kernel are not here."""
    lists = [_text(f"/lib/modules/{name}/{one}") for one in ("modules.builtin", "modules.dep")]
    if None in lists:
        return None
    installed = {line.split(":")[0].rsplit("/", 1)[-1].split(".ko")[0] for text in lists for line in text.splitlines()}
    loaded = {line.split()[0] for line in (_text("/proc/modules") or "").splitlines() if line}
    return {module.replace("-", "_") for module in installed | loaded}


def _probed():
    """Options that the kernel itself answers for: option -> {found, how}."""
    answers = {
        "BPF_SYSCALL": (system_calls.has_bpf(), "bpf() answers", "bpf() is not implemented"),
        "DEBUG_INFO_BTF": (True if os.path.exists("/sys/kernel/btf/vmlinux") else None, "/sys/kernel/btf/vmlinux is there", ""),
        "INET_DIAG_DESTROY": (system_calls.has_socket_destroy(), "SOCK_DESTROY answers", "SOCK_DESTROY is not supported"),
    }
    return {option: {"found": found, "how": yes if found else no} for option, (found, yes, no) in answers.items() if found is not None}


def _mounts():
    lines = [line.split() for line in (_text("/proc/self/mounts") or "").splitlines()]
    return [(cells[1], cells[2]) for cells in lines if len(cells) > 2 and cells[2] in ("cgroup2", "bpf")]


def cgroup_programs():
    """(programs at the root cgroup or None, why not). An agent may have mounted the hierarchy anew, from another root: all mounts count."""
    found, failed = {}, None
    places = [path for path, kind in _mounts() if kind == "cgroup2"]  # nothing can be attached to a hierarchy that nobody mounted
    for path in places:
        try:
            found.update({(one["id"], one["attach_type"]): one for one in system_calls.programs_of_cgroup(path)})
        except OSError as error:
            failed = "asking needs root" if error.errno in (errno.EPERM, errno.EACCES) else f"asking {path} failed: {error}"
    return (None, failed) if failed and not found else (list(found.values()), None)


def _distribution(text):
    values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {key.lower(): values.get(key, "").strip("\"'") for key in ("ID", "VERSION_ID", "PRETTY_NAME")}
