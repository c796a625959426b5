# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What options do on a node, seen from the node itself. Each function returns a sentence for what is missing or in the way, or None."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from pathlib import Path

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import health

SYSCTLS = Path("/proc/sys/net/ipv4")


def health_answer(address, timeout):
    """Whether somebody says on ADDRESS:PORT that the node serves, as kube-proxy did."""
    url = health.url(address)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=timeout) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
    except OSError as error:
        return f"health_address: found no answer from {url} ({error}), expected status 200"
    return None if status == 200 else f"health_address: found status {status} from {url}, expected 200"


def health_check_ports(numbers, wanted, timeout):
    """Whether the health check ports of Services are listened on, or not."""
    found = [number for number in numbers if _listens(number, timeout)]
    strange = [number for number in numbers if (number in found) is not wanted]
    if strange:
        shown = ", ".join(map(str, strange))
        return f"health_check_node_port: found {'nobody' if wanted else 'somebody'} on port {shown}, expected {'an answer' if wanted else 'nobody'}"
    return None


def _listens(number, timeout):
    try:
        socket.create_connection(("127.0.0.1", number), timeout).close()
    except OSError:
        return False
    return True


def bind_protection(number, wanted, ipv6=False):
    """Whether a program of the node is kept from a NodePort that a Service has, in a family that the Service has: the agent guards no other."""
    with socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_STREAM) as trial:
        if ipv6:
            trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            trial.bind(("::" if ipv6 else "0.0.0.0", number))  # nothing listens: it is closed at once
            refusal = None
        except OSError as error:
            refusal = error
    if (refusal is not None) is wanted:
        return None
    found, port = f"refused ({refusal})" if refusal else "free to bind", f"{'IPv6' if ipv6 else 'IPv4'} port {number}"
    return f"bind_protection: found {port} {found}, expected it {'refused' if wanted else 'free'}"


def _local_ports():
    """Ports that connections of the node leave from (first, last), what the kernel says is left out of them, and that as ranges."""
    low, high = map(int, (SYSCTLS / "ip_local_port_range").read_text(encoding="ascii").split())
    reserved = (SYSCTLS / "ip_local_reserved_ports").read_text(encoding="ascii").strip()
    return low, high, reserved, [(int(part.split("-")[0]), int(part.split("-")[-1])) for part in reserved.split(",") if part]


def reserved_ports(first, last):
    """Whether the kernel leaves the range out when it chooses ports for connections that begin on the node."""
    low, high, reserved, ranges = _local_ports()
    if last < low or first > high or _within(ranges, first, last):
        return None
    return (f"auto_protect_port_range: found net.ipv4.ip_local_reserved_ports {reserved or 'empty'}, expected {first}-{last} in it, because "
            f"net.ipv4.ip_local_port_range is {low} to {high}")  # fmt: skip


def refused_ports(first, last, protects):
    """Whether an agent that starts with this range would take it; protects: it may put it in ip_local_reserved_ports itself.

    As checkNodePortAndEphemeralPortRanges of Cilium 1.13 to 1.20 judges (daemon/cmd/kube_proxy_replacement.go, later pkg/kpr/initializer).
    """
    low, high, reserved, ranges = _local_ports()
    if first > high:
        return (f"node_port_range: found {first}-{last}, after net.ipv4.ip_local_port_range, {low} to {high}, expected it before or in that, as agents "
                f"refuse to start otherwise. Choose another, or on the node: sysctl -w net.ipv4.ip_local_port_range='{low} {last}'")  # fmt: skip
    if protects or last < low or _within(ranges, first, last):
        return None
    return (f"auto_protect_port_range: found net.ipv4.ip_local_port_range {low} to {high} and net.ipv4.ip_local_reserved_ports {reserved or 'empty'}, "
            f"expected {first}-{last} in the latter, as an agent that may not put it there refuses to start. Leave auto_protect_port_range on, or on the "
            f"node: sysctl -w net.ipv4.ip_local_reserved_ports={','.join(filter(None, [reserved, f'{first}-{last}']))}, and the same in a file in "
            "/etc/sysctl.d")  # fmt: skip


def fleeting_ports(first, last, protects):
    """What is to be known where agents may not put the range in ip_local_reserved_ports and it is there: the kernel forgets it when the node restarts."""
    low, _high, reserved, _ranges = _local_ports()
    if protects or last < low:
        return None
    return (f"found {first}-{last} in net.ipv4.ip_local_reserved_ports ({reserved}). Where the agent itself has put it there, it is gone when the node "
            "restarts, and then the agent refuses to start. See that a file sets it: grep -r ip_local_reserved_ports /etc/sysctl.d")  # fmt: skip


def _within(ranges, first, last):
    return any(begin <= first and last <= end for begin, end in ranges)
