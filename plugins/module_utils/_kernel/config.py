# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a kernel has an option: from its configuration, else from what it shows otherwise. Pure."""

from __future__ import annotations

import re

LINE = re.compile(r"CONFIG_(?P<option>[A-Za-z0-9_]+)=(?P<value>.*)")
UNSET = re.compile(r"# CONFIG_(?P<option>[A-Za-z0-9_]+) is not set")
PRESENT, ABSENT, UNKNOWN = "present", "absent", "unknown"

# Options that can be modules -> the names that the module has had. A module that is not listed anywhere is not there.
MODULES = {
    "NET_CLS_BPF": ("cls_bpf",), "NET_SCH_INGRESS": ("sch_ingress",), "NET_SCH_FQ": ("sch_fq",), "CRYPTO_SHA1": ("sha1_generic", "sha1"),
    "CRYPTO_USER_API_HASH": ("algif_hash",), "NETFILTER_XT_SET": ("xt_set",), "IP_SET": ("ip_set",), "IP_SET_HASH_IP": ("ip_set_hash_ip",),
    "NETFILTER_XT_MATCH_COMMENT": ("xt_comment",), "NETFILTER_XT_MATCH_MARK": ("xt_mark",), "NETFILTER_XT_TARGET_MARK": ("xt_mark",),
    "NETFILTER_XT_MATCH_SOCKET": ("xt_socket",), "NETFILTER_XT_TARGET_TPROXY": ("xt_TPROXY",), "NETFILTER_XT_TARGET_CT": ("xt_CT",),
    "VXLAN": ("vxlan",), "GENEVE": ("geneve",), "WIREGUARD": ("wireguard",), "INET_DIAG": ("inet_diag",), "INET_TCP_DIAG": ("tcp_diag",),
    "INET_UDP_DIAG": ("udp_diag",),
}


def parse(text):
    """(options, unread) of a kernel configuration; an option that is not set is "n"."""
    options, unread = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        match = LINE.fullmatch(line) or UNSET.fullmatch(line)
        if match:
            options[match["option"]] = match.groupdict().get("value", "n")
        elif line and not line.startswith("#"):
            unread.append({"place": f"line {number}", "text": line})
    return options, unread


def state(option, kernel):
    """(present, absent or unknown, the evidence) of one option.

    kernel is what probe.look returns. A configuration is believed about what is built in; a module must also be installed or loaded.
    """
    probed = kernel["probed"].get(option)
    if probed is not None:
        return (PRESENT if probed["found"] else ABSENT), probed["how"]
    names, listed = MODULES.get(option), kernel["modules"]
    installed = names is not None and listed is not None and any(name in listed for name in names)
    if kernel["config"] is None:
        if names is None or listed is None:
            return UNKNOWN, "the kernel's configuration cannot be read"
        return (PRESENT, f"module {names[0]}") if installed else (ABSENT, f"no module {names[0]} is built in, installed or loaded")
    value, origin = kernel["config"].get(option, "n"), kernel["config_source"]
    if value == "n":
        return ABSENT, f"CONFIG_{option} is not set ({origin})"
    if value == "m" and names is not None and listed is not None and not installed:
        return ABSENT, f"CONFIG_{option}=m ({origin}), but module {names[0]} is neither installed nor loaded"
    return PRESENT, f"CONFIG_{option}={value} ({origin})"
