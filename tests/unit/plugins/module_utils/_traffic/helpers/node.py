# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node in a network namespace of its own: run with `unshare --net python3 node.py PROXY MODE PROGRAMS`, prints service_probe's result.

It has a Service (ClusterIP, NodePort, and UDP) with two backends, a pod with its own network namespace and cgroup, and PROXY's
rules in the kernel: iptables-nft, iptables-legacy or nftables in the shape of kube-proxy's. PROXY none stands for eBPF, which
cannot run here: the Service's addresses are then local ones that the backends listen on, so netfilter has no part in it.
PROGRAMS is the folder in which the node's iptables programs are looked for; empty: where this machine has them.
"""

from __future__ import annotations

import http.server
import json
import os
import pathlib
import socket
import socketserver
import subprocess
import sys
import threading
import uuid

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import tools
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import service_run

UID = str(uuid.uuid4())  # several nodes may be made at a time
NODE, POD, VIP = "192.168.77.1", "10.244.9.2", "10.96.7.7"
NODE6, VIP6 = "fd00:77::1", "fd00:96::7"
CHAIN = "KUBE-SVC-ABCDEFGHIJKLMNOP"

IPTABLES = f"""*nat
:KUBE-SERVICES - [0:0]
:KUBE-NODEPORTS - [0:0]
:{CHAIN} - [0:0]
:KUBE-SVC-OTHEROTHEROTHERO - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-SERVICES -d {VIP}/32 -p tcp -m comment --comment "demo/web:http cluster IP" -m tcp --dport 80 -j {CHAIN}
-A KUBE-SERVICES -d {VIP}/32 -p udp -m comment --comment "demo/echo:udp cluster IP" -m udp --dport 80 -j {CHAIN}
-A KUBE-SERVICES -d 10.96.7.8/32 -p tcp -m comment --comment "demo/other:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-OTHEROTHEROTHERO
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-NODEPORTS -p tcp -m comment --comment "demo/web:http" -m tcp --dport 30080 -j {CHAIN}
-A KUBE-NODEPORTS -p tcp -m comment --comment "demo/web:alt" -m tcp --dport 30081 -j {CHAIN}
-A KUBE-SVC-OTHEROTHEROTHERO -p tcp -m tcp -j DNAT --to-destination {NODE}:8001
-A {CHAIN} -m statistic --mode random --probability 0.5 -p tcp -j DNAT --to-destination {NODE}:8001
-A {CHAIN} -p tcp -j DNAT --to-destination {NODE}:8002
-A {CHAIN} -p udp -j DNAT --to-destination {NODE}:8001
COMMIT
"""
IP6TABLES = f"""*nat
:KUBE-SERVICES - [0:0]
:{CHAIN} - [0:0]
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-SERVICES -d {VIP6}/128 -p tcp -m comment --comment "demo/web:http cluster IP" -m tcp --dport 80 -j {CHAIN}
-A {CHAIN} -p tcp -j DNAT --to-destination [{NODE6}]:8001
COMMIT
"""
NFTABLES = f"""
table ip6 kube-proxy {{
  chain nat-output {{ type nat hook output priority -100; ip6 daddr {VIP6} tcp dport 80 dnat to [{NODE6}]:8001; }}
}}
table ip kube-proxy {{
  chain services {{
    ip daddr {VIP} tcp dport 80 dnat to {NODE} : numgen random mod 2 map {{ 0 : 8001, 1 : 8002 }}
    ip daddr {VIP} udp dport 80 dnat to {NODE}:8001
    ip daddr {NODE} tcp dport {{ 30080, 30081 }} dnat to {NODE}:8001
    ip daddr 10.96.7.8 tcp dport 80 dnat to {NODE}:8001
  }}
  chain nat-prerouting {{ type nat hook prerouting priority dstnat; jump services; }}
  chain nat-output {{ type nat hook output priority -100; jump services; }}
}}
"""
LOADERS = {
    "iptables-nft": [(["iptables-nft-restore", "--noflush"], IPTABLES), (["ip6tables-nft-restore", "--noflush"], IP6TABLES)],
    "iptables-legacy": [(["iptables-legacy-restore", "--noflush"], IPTABLES), (["ip6tables-legacy-restore", "--noflush"], IP6TABLES)],
    "nftables": [(["nft", "-f", "-"], NFTABLES)],
}


def sh(command):
    subprocess.run(command, shell=True, check=True)


def backend(name, address, port):
    """One backend that answers HTTP and UDP with its name."""

    class Web(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # pylint: disable=invalid-name
            self.send_response(200)
            self.send_header("Content-Length", str(len(name)))
            self.end_headers()
            self.wfile.write(name.encode())

        def log_message(self, *dummy):  # pylint: disable=arguments-differ
            pass

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self):
            self.request[1].sendto(name.encode(), self.client_address)

    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for kind, handler in ((socketserver.ThreadingTCPServer, Web), (socketserver.ThreadingUDPServer, Datagram)):
        # http.server's own server would look its name up in a DNS that is not there
        server = type("Server", (kind,), {"address_family": family, "allow_reuse_address": True, "request_queue_size": 128})((address, port), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()


def make_pod():
    """A process in a network namespace and a cgroup such as kubelet makes, with a link to the node."""
    pod = subprocess.Popen(["unshare", "--net", "sleep", "60"])
    root = "/sys/fs/cgroup" if os.path.exists("/sys/fs/cgroup/cgroup.procs") else "/sys/fs/cgroup/unified"
    group = pathlib.Path(root, f"kubepods-test-pod{UID.replace('-', '_')}.slice")
    group.mkdir()
    (group / "cgroup.procs").write_text(str(pod.pid))
    while os.stat(f"/proc/{pod.pid}/ns/net").st_ino == os.stat("/proc/self/ns/net").st_ino:
        pass
    sh(f"ip link add lxc0 type veth peer name eth0 netns {pod.pid}; ip addr add 10.244.9.1/24 dev lxc0; ip link set lxc0 up")
    sh(f"nsenter -t {pod.pid} -n sh -c 'ip link set lo up; ip addr add {POD}/24 dev eth0; ip link set eth0 up; ip route add default via 10.244.9.1'")
    return pod, group


def targets():
    pod = {"pod_uid": UID}
    base = dict(service="demo/web", request="/", requests=20, by_kube_proxy=True, expect=dict(status=200, answer="^web-", same_backend=False))
    udp = dict(base, kind="udp", request="hostname", expect=dict(status=None, answer="^web-", same_backend=False))
    return [
        dict(base, name="host ClusterIP", kind="http", address=VIP, port=80, namespace="host"),
        dict(base, name="pod ClusterIP", kind="http", address=VIP, port=80, namespace=pod),
        dict(base, name="host NodePort", kind="http", address=NODE, port=30080, namespace="host"),
        dict(base, name="pod NodePort", kind="http", address=NODE, port=30080, namespace=pod),
        dict(udp, name="host UDP", address=VIP, port=80, namespace="host"),
        dict(udp, name="pod UDP", address=VIP, port=80, namespace=pod),
        dict(base, name="host IPv6", kind="http", address=VIP6, port=80, namespace="host"),
        dict(base, name="outside NodePort", kind="http", address=NODE, port=30081, namespace="host", requests=0),
        dict(base, name="watched ClusterIP", kind="http", address=VIP, port=80, namespace="host", requests=0, by_kube_proxy=False),
    ]


def go_on_asking(url, *how):
    """Somebody else's traffic, all the time."""
    subprocess.Popen([*how, "sh", "-c", f"while :; do curl -s -o /dev/null {url} || sleep 0.05; done"])


def main():
    proxy, mode, programs = sys.argv[1:]
    tools.SEARCH_PATH = programs or tools.SEARCH_PATH
    sh(f"ip link set lo up; ip addr add {NODE}/32 dev lo; sysctl -q -w net.ipv4.ip_forward=1; ip route add 10.96.0.0/16 dev lo src {NODE}")
    sh(f"ip addr add {NODE6}/128 dev lo nodad; ip route add fd00:96::/64 dev lo src {NODE6}")
    pod, group = make_pod()
    try:
        backend("web-1", NODE, 8001)
        backend("web-2", NODE, 8002)
        backend("web-1", NODE6, 8001)
        if proxy == "none":
            sh(f"ip addr add {VIP}/32 dev lo; ip addr add {VIP6}/128 dev lo nodad")
            backend("web-1", VIP6, 80)
            backend("web-1", VIP, 80)
            backend("web-1", NODE, 30080)
            backend("web-1", NODE, 30081)
        else:
            for loader, rules in LOADERS[proxy]:
                subprocess.run(loader, input=rules, text=True, check=True)
            go_on_asking("http://10.96.7.8/")
        go_on_asking(f"http://{NODE}:30081/", "nsenter", "-t", str(pod.pid), "-n")
        params = dict(targets=targets(), timeout=3.0, watch_for=1.0, kube_proxy_counters=mode)
        print(json.dumps(service_run.run(params, "worker-1")))
    finally:
        pod.kill()
        pod.wait()
        group.rmdir()


if __name__ == "__main__":
    main()
