"""The lab's own bridge, and what keeps every packet of the lab on this machine.

Nodes get a default route to the bridge, as ordinary nodes have one; what would leave from there is dropped by a table of our
own, and Service and pod addresses that nobody serves end in blackhole routes.
"""

import ipaddress
import json
import re

from lab.shell import LabError, output, run


class Network:
    def __init__(self, settings):
        self.settings = settings
        self.bridge = f"{settings.name}-br"
        self.mac = f"02:6b:70:72:00:{settings.subnet:02x}"
        self.table = f"{settings.name}_lab"

    def gateways(self):
        return [next(ipaddress.ip_network(cidr).hosts()) for cidr in self.settings.node_cidrs]

    def addresses(self, number):
        """A node's addresses, IPv4 first; number is its place among the nodes."""
        return [str(ipaddress.ip_network(cidr)[10 + number]) for cidr in self.settings.node_cidrs]

    def _kept_here(self):
        """What must not follow the machine's default route."""
        return [*self.settings.pod_cidrs, *self.settings.service_cidrs]

    def up(self):
        taken = [route["dst"] for route in json.loads(output("ip", "-j", "route") or "[]") if route.get("dev") != self.bridge]
        if self.settings.node_cidrs[0] in taken:
            raise LabError(f"{self.settings.node_cidrs[0]} is in use on this machine; choose another with KPR_LAB_SUBNET=16..31")
        if run("ip", "link", "show", self.bridge, check=False).returncode != 0:
            run("ip", "link", "add", self.bridge, "address", self.mac, "type", "bridge")
        for gateway, cidr in zip(self.gateways(), self.settings.node_cidrs):
            run("ip", "address", "replace", f"{gateway}/{cidr.split('/')[1]}", "dev", self.bridge, "nodad" if gateway.version == 6 else "brd",
                *([] if gateway.version == 6 else ["+"]))
        run("ip", "link", "set", self.bridge, "up")
        for cidr in self._kept_here():
            run("ip", *_family(cidr), "route", "replace", "blackhole", cidr)
        # the external IP of the workload is reached through a worker, as a router outside would do it
        via = self.addresses(self.settings.control_planes + 1 if self.settings.workers else 1)[0]
        run("ip", "route", "replace", f"{self.settings.external_ip}/32", "via", via, "dev", self.bridge)
        run("nft", "-f", "-", text_input=self._rules())

    def _rules(self):
        """Only what is sent to the bridge itself can leave. From node to node pods' addresses may pass; br_netfilter shows those packets here too."""
        bridge = self.bridge
        four = ", ".join(cidr for cidr in [*self.settings.node_cidrs, *self._kept_here()] if ":" not in cidr)
        return f"""
table inet {self.table} {{}}
delete table inet {self.table}
table inet {self.table} {{
  counter kept {{}}
  counter escaped {{}}
  chain prerouting {{
    type filter hook prerouting priority -300; policy accept;
    iifname "{bridge}" ether daddr {self.mac} fib daddr type != {{ local, broadcast, multicast }} fib daddr oifname != "{bridge}" counter name kept drop
  }}
  chain postrouting {{
    type filter hook postrouting priority 300; policy accept;
    oifname != {{ "{bridge}", "lo" }} ip saddr {{ {four} }} counter name escaped drop
  }}
}}
"""

    def counters(self):
        """{kept, escaped}: packets of the lab that were dropped on the way out, by the first and by the second net."""
        listed = json.loads(output("nft", "-j", "list", "counters", "table", "inet", self.table))["nftables"]
        return {item["counter"]["name"]: item["counter"]["packets"] for item in listed if "counter" in item}

    def attach(self, container_pid, number):
        """Give a node its eth0: addresses and a default route."""
        outside = f"{self.settings.name}-n{number}"
        run("ip", "link", "delete", outside, check=False)
        run("ip", "link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", str(container_pid))
        run("ip", "link", "set", outside, "master", self.bridge, "up")
        inside = ("nsenter", "--target", str(container_pid), "--net", "ip")
        for address, cidr in zip(self.addresses(number), self.settings.node_cidrs):
            run(*inside, "address", "add", f"{address}/{cidr.split('/')[1]}", "dev", "eth0", *(["nodad"] if ":" in cidr else []))
        run(*inside, "link", "set", "eth0", "up")
        for gateway in self.gateways():
            run(*inside, "-6" if gateway.version == 6 else "-4", "route", "add", "default", "via", str(gateway))

    def down(self):
        for cidr in self._kept_here():
            run("ip", *_family(cidr), "route", "delete", "blackhole", cidr, check=False)
        links = json.loads(output("ip", "-j", "link", "show", "type", "veth") or "[]")
        for name in (link["ifname"] for link in links):
            if re.fullmatch(rf"{self.settings.name}-n\d+", name):  # a node's end of it is gone only some time after the node
                run("ip", "link", "delete", name, check=False)
        run("ip", "link", "delete", self.bridge, check=False)  # its routes go with it
        run("nft", "delete", "table", "inet", self.table, check=False)


def _family(cidr):
    return ("-6",) if ":" in cidr else ()
