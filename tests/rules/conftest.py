# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of one node for each of kube-proxy's modes and each backend of iptables, filled by the real kube-proxy. `make test-rules` runs this."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.own_lab import ROOT, OwnLab

SERVICES = 150
MODULE = "fleetops.kubeproxy_free.kube_proxy_rules"
LAST = f"default/made-{SERVICES - 1}"
COUNTERS = re.compile(r"\[\d+:\d+\]")
#: Rules of an administrator, who likes kube-proxy's names in comments and chains.
ADMINS = r"""
iptables -N ADMIN; iptables -A INPUT -p udp --dport 4000 -m comment --comment "not for KUBE-SERVICES" -j ADMIN
iptables -A ADMIN -s 192.0.2.0/24 -m comment --comment KUBE-SVC-ADMIN -j ACCEPT
iptables -t nat -N KUBEADMIN-NAT; iptables -t nat -A PREROUTING -d 198.51.100.9/32 -j KUBEADMIN-NAT
"""


def services():
    """Services of all types with endpoints that do not exist: kube-proxy makes rules for them all the same."""
    items = []
    for number in range(SERVICES):
        kind = ("ClusterIP", "NodePort", "LoadBalancer")[number % 3]
        spec = {"type": kind, "ports": [{"port": 80, "protocol": "TCP"}]}
        if kind == "LoadBalancer":
            spec |= {"loadBalancerSourceRanges": ["192.0.2.0/24"], "externalTrafficPolicy": "Local", "externalIPs": [f"203.0.113.{number % 200 + 1}"]}
        if number % 5 == 0:
            spec["sessionAffinity"] = "ClientIP"
        items.append({"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"made-{number}"}, "spec": spec})
        if number % 7:
            items.append({
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
                "metadata": {"name": f"made-{number}", "labels": {"kubernetes.io/service-name": f"made-{number}"}},
                "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
                "endpoints": [{"addresses": [f"10.26.{number % 250}.{one}"], "conditions": {"ready": True}} for one in (2, 3)],
            })  # fmt: skip
    return {"apiVersion": "v1", "kind": "List", "items": items}


class Node(OwnLab):
    """The lab's node, its rules, and the module on it."""

    def __init__(self, mode, backend):
        super().__init__("rules", 26, WORKERS=0, START="no-cni", PROXY_MODE=mode, IPTABLES_BACKEND=backend)
        self.mode, self.backend = mode, backend
        # Without pipelining a module runs under its own name, by which it can be killed.
        self.environment |= {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_PIPELINING": "0", "ANSIBLE_SSH_PIPELINING": "0"}

    def sh(self, script):
        done = subprocess.run(["podman", "exec", "-i", self.container("cp1"), "bash", "-euo", "pipefail"], input=script, text=True, capture_output=True,
                              check=False)  # fmt: skip
        assert done.returncode == 0, f"{script}\n{done.stderr}"
        return done.stdout

    def begin(self, **options):
        """Start the module on the node."""
        command = ["ansible", "-i", self.inventory, self.container("cp1"), "-m", MODULE, "-a", json.dumps(options)]
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def rules(self, **options):
        """The module's result."""
        output = self.begin(**options).communicate()[0]
        assert "=> {" in output, output
        return json.JSONDecoder().raw_decode(output[output.index("=> {") + 3 :])[0]

    def dump(self):
        """{program and table: its lines} of every backend and IP version, and what nft lists of kube-proxy's own tables."""
        found = {}
        for program in ("iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy"):
            for line in self.sh(f"{program}-save 2>/dev/null").splitlines():
                if line.startswith("*"):
                    table = found.setdefault(f"{program} {line}", [])
                elif line.startswith((":", "-")):
                    table.append(COUNTERS.sub("", line))
        found["nft"] = [line for line in self.sh("nft list tables").splitlines() if "kube-proxy" in line]
        return found

    def asleep(self):
        """kube-proxy's own tables of nf_tables that see no packet."""
        return [table for table in self.dump()["nft"] if "flags dormant" in self.sh(f"nft list {table}")]


@pytest.fixture(scope="module", params=[("iptables", "nft"), ("iptables", "legacy"), ("nftables", "nft")], ids="-".join)
def filled(request):
    """The node with kube-proxy's rules for all Services, and an administrator's own."""
    node = Node(*request.param)
    node.fresh()
    try:
        node.kubectl("apply", "-f", "-", stdin=json.dumps(services()))
        node.sh(ADMINS)
        node.address = node.kubectl("get", "service", LAST.split("/")[1], "-o", "jsonpath={.spec.clusterIP}") + ":80/tcp"
        for service in (LAST, node.address):
            ready = node.rules(state="present", service=service, timeout=180)
            assert ready.get("served_by") and ready["synced"] is True, ready
        yield node
    finally:
        node.lab("down")
