# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about what Helm values say together, and about the cluster they are for. Pure."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import compat, keys, per_node, ports, value_rules
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.wanted import finding, shown

REFUSES = "the agent refuses to start"
URLS = '"https://10.0.0.1:6443 https://10.0.0.2:6443"'
LISTED_SINCE, UNDERLAY_SINCE = keys.since("k8s.apiServerURLs"), keys.since("underlayProtocol")
LISTED, AUTO, MASQUERADE_LAST = f"1.{LISTED_SINCE}", f"1.{value_rules.AUTO_SINCE}", f"1.{per_node.MASQUERADE_LAST}"
CHOSEN = f"1.{value_rules.UNDERLAY_AUTO_SINCE}"
GENEVE_HEADER = f"{value_rules.GENEVE_HEADER} bytes, for which native routing leaves no room"
GENEVE_OPTION = f"{value_rules.GENEVE_OPTION[0]} bytes ({value_rules.GENEVE_OPTION[1]} with IPv6)"


def kpr_word(wanted):
    """The word of kubeProxyReplacement, which changed twice."""
    since, good, deprecated = next((line for line in value_rules.KPR_WORDS if wanted.minor >= line[0]), value_rules.KPR_WORDS[-1])
    word, key = wanted.text("kubeProxyReplacement"), "kubeProxyReplacement"
    if wanted.minor == 13 and wanted.get(key) is False:
        return  # a bare false is nothing to that template, so its default holds: disabled
    if not word:
        yield finding(
            "kpr-not-given",
            "warning",
            key,
            "nothing",
            "what is in force then depends on the chart and on upgradeCompatibility",
            f"say it: one of {_words(good)}",
        )
    elif word in deprecated:
        yield finding("kpr-word-deprecated", "warning", key, word, "the chart of 1.16 refuses it", f"use {'true' if word == 'strict' else 'false'}")
    elif word not in good:
        near = {"strict": "true", "disabled": "false", "true": "strict", "false": "disabled"}.get(word)
        yield finding(
            "kpr-word",
            "blocker",
            key,
            word,
            f"the chart from 1.{since} on takes only {_words(good)}",
            f"use {near if near in good else 'one of ' + _words(good)}",
        )


def booleans(wanted):
    """Text where the chart's schema wants a boolean."""
    for path in value_rules.BOOLEANS:
        if wanted.minor >= value_rules.SCHEMA_SINCE and isinstance(wanted.get(path), str):
            yield finding(
                "value-type",
                "blocker",
                path,
                shown(wanted.get(path)),
                "the chart's schema wants a boolean and refuses text",
                f"{path}: {wanted.text(path)}, without quotes",
            )


def words(wanted):
    """Words that only the agent checks, when it starts."""
    for path, known in (
        ("loadBalancer.mode", value_rules.MODES),
        ("loadBalancer.algorithm", value_rules.ALGORITHMS),
        ("loadBalancer.acceleration", [word for word, since in value_rules.ACCELERATIONS.items() if wanted.minor >= since]),
    ):
        if wanted.given(path) and wanted.text(path) not in known:
            yield finding("value-word", "blocker", path, shown(wanted.get(path)), REFUSES, f"use one of {_words(known)}")
    if wanted.given("maglev.tableSize") and wanted.text("maglev.tableSize") not in map(str, value_rules.MAGLEV_SIZES):
        yield finding(
            "maglev-size", "blocker", "maglev.tableSize", shown(wanted.get("maglev.tableSize")), REFUSES, f"use one of {_words(value_rules.MAGLEV_SIZES)}"
        )


def dsr(wanted):
    """Direct server return needs a way to carry the client's destination."""
    mode, dispatch = wanted.text("loadBalancer.mode"), wanted.text("loadBalancer.dsrDispatch", "opt")
    if not wanted.kpr or mode not in ("dsr", "hybrid"):
        return
    if not wanted.tunnel and wanted.true("socketLB.hostNamespaceOnly") and not wanted.since(*value_rules.DSR_BESIDE):
        yield finding(
            "dsr-host-namespace-only",
            "blocker",
            "socketLB.hostNamespaceOnly",
            "true",
            "with DSR and native routing, a pod that asks another node's NodePort over TCP gets no answer from backends on its own node, up to Cilium 1.19.2",
            "Cilium 1.19.3 or later, or loadBalancer.mode=snat, or socketLB.hostNamespaceOnly=false where no service mesh needs it",
        )
    if wanted.tunnel == "vxlan":
        yield finding(
            "dsr-vxlan",
            "blocker",
            "loadBalancer.mode",
            mode,
            f"{REFUSES}: not with a VXLAN tunnel",
            "routingMode=native with autoDirectNodeRoutes=true, or tunnelProtocol=geneve with loadBalancer.dsrDispatch=geneve, or loadBalancer.mode=snat",
        )
    elif wanted.tunnel and dispatch != "geneve":
        yield finding(
            "dsr-dispatch",
            "blocker",
            "loadBalancer.dsrDispatch",
            dispatch,
            f"{REFUSES}: with a tunnel only geneve carries it",
            "loadBalancer.dsrDispatch=geneve",
        )
    elif dispatch == "ipip" and wanted.minor <= 18 and (mode == "hybrid" or wanted.text("loadBalancer.acceleration", "disabled") == "disabled"):
        yield finding(
            "dsr-ipip",
            "blocker",
            "loadBalancer.dsrDispatch",
            dispatch,
            f"{REFUSES}: up to 1.18 ipip takes XDP and loadBalancer.mode=dsr",
            "loadBalancer.dsrDispatch=opt, or loadBalancer.mode=dsr with loadBalancer.acceleration=native",
        )
    elif not wanted.tunnel and dispatch == "geneve" and wanted.text("tunnelProtocol") != "geneve":
        yield finding(
            "dsr-geneve",
            "blocker",
            "tunnelProtocol",
            wanted.text("tunnelProtocol") or "nothing",
            f"{REFUSES}: dsrDispatch=geneve wants its protocol",
            "tunnelProtocol=geneve",
        )
    elif not wanted.tunnel and dispatch == "opt":
        yield finding(
            "dsr-option",
            "note",
            "loadBalancer.dsrDispatch",
            "opt",
            "an IP option goes with the first packet of a connection" + (" and with each datagram, 8 bytes (24 with IPv6)" if mode == "dsr" else ""),
            "see that the network between the nodes lets it through (those of many cloud providers do not)"
            + (", and that its MTU has room for it, or use hybrid" if mode == "dsr" else ""),
        )
    elif dispatch == "geneve" and (not wanted.tunnel or mode == "dsr"):  # with hybrid only what is short grows beyond a tunnel's own header
        yield finding(
            "dsr-geneve-room",
            "note",
            "loadBalancer.dsrDispatch",
            "geneve",
            ("" if wanted.tunnel else f"all that goes to a backend on another node gets a tunnel's header, {GENEVE_HEADER}; ")
            + "the first packet of a connection" + (" and each datagram" if mode == "dsr" else "") + f" gets {GENEVE_OPTION} more than such a header",
            "see that the network between the nodes has an MTU with room for it, or set pmtuDiscovery.enabled=true: then clients are told to send less",
        )


def xdp(wanted):
    """XDP reads what a tunnel puts around packets, which it can do with IPv4 only."""
    if not (wanted.kpr and wanted.tunnel) or wanted.text("loadBalancer.acceleration", "disabled") == "disabled" or wanted.minor < UNDERLAY_SINCE:
        return
    said = wanted.text("underlayProtocol")
    chosen = wanted.minor >= value_rules.UNDERLAY_AUTO_SINCE and said in ("", "auto") and wanted.text("ipv4.enabled", "true") == "false"
    if said == "ipv6" or chosen:
        yield finding(
            "xdp-underlay",
            "blocker",
            "loadBalancer.acceleration",
            wanted.text("loadBalancer.acceleration"),
            f"{REFUSES}: not with a tunnel over IPv6, where it also is without IPv4 from {CHOSEN} on",
            "loadBalancer.acceleration=disabled, or routingMode=native, or underlayProtocol=ipv4 where nodes and pods have IPv4",
        )


def masquerade(wanted):
    """Masquerading by eBPF, and what hangs on it."""
    bpf = wanted.true("bpf.masquerade")
    if bpf and not wanted.kpr and not wanted.true("nodePort.enabled") and wanted.minor <= per_node.MASQUERADE_LAST:
        yield finding(
            "bpf-masquerade",
            "blocker",
            "bpf.masquerade",
            "true",
            f"{REFUSES} without NodePort by eBPF (up to {MASQUERADE_LAST})",
            "set it together with kubeProxyReplacement; node by node, set enable-bpf-masquerade in the same CiliumNodeConfig",
        )
    if wanted.kpr and not bpf:
        yield finding(
            "iptables-masquerade",
            "note",
            "bpf.masquerade",
            shown(wanted.get("bpf.masquerade", False)),
            "iptables and eBPF may choose the same source port for different NodePort connections",
            "bpf.masquerade=true, unless you need masquerading by iptables",
        )
    if wanted.true("ipMasqAgent.enabled") and not bpf:
        yield finding("ip-masq-agent", "blocker", "ipMasqAgent.enabled", "true", f"{REFUSES} without masquerading by eBPF", "bpf.masquerade=true")
    if wanted.true("installNoConntrackIptablesRules") and not (wanted.kpr and bpf):
        yield finding(
            "no-conntrack",
            "blocker",
            "installNoConntrackIptablesRules",
            "true",
            f"{REFUSES} without kube-proxy replacement and masquerading by eBPF",
            "leave it out until every node has both",
        )


def api_address(wanted):
    """How agents reach the API server once nobody serves its Service address."""
    host, urls, ref = wanted.get("k8sServiceHost"), wanted.get("k8s.apiServerURLs"), wanted.get("k8sServiceHostRef.name")
    host = str(host).strip() if host else ""
    for path, value in (("k8s.apiServerURLs", urls), ("k8sServiceHostRef", ref)):
        if value and wanted.minor < LISTED_SINCE and not host:
            yield finding(
                "api-address-ignored",
                "blocker",
                path,
                shown(value),
                f"the chart ignores it before {LISTED}, so agents have no address of the API",
                "k8sServiceHost and k8sServicePort",
            )
    if urls and not isinstance(urls, str) and wanted.minor >= LISTED_SINCE:
        yield finding(
            "value-type",
            "blocker",
            "k8s.apiServerURLs",
            shown(urls),
            "the chart wants one text; it writes a list into it with brackets, and agents find no address there",
            f"k8s.apiServerURLs: {URLS}, separated by spaces",
        )
    if ref and host and wanted.minor >= LISTED_SINCE:
        yield finding("api-address-twice", "blocker", "k8sServiceHostRef", shown(ref), "the chart refuses it beside k8sServiceHost", "keep one of the two")
    if wanted.kpr and not (host or urls or ref or wanted.facts.get("kube_proxy_serves")):
        yield finding(
            "api-address",
            "blocker",
            "k8sServiceHost",
            "nothing",
            "agents would ask for the API at its Service address, which nobody serves when kube-proxy is gone",
            f"k8sServiceHost and k8sServicePort with an address that does not depend on one control plane, or k8s.apiServerURLs: {URLS} (from {LISTED})",
        )
    if host == "auto":
        if wanted.minor < value_rules.AUTO_SINCE:
            yield finding(
                "api-address-auto",
                "blocker",
                "k8sServiceHost",
                "auto",
                f"the chart knows it from {AUTO} on and takes it as a host's name before",
                "the address itself",
            )
    elif host and not wanted.get("k8sServicePort"):
        yield finding(
            "api-port",
            "blocker",
            "k8sServicePort",
            "nothing",
            "agents would use the port of the Service, 443",
            "k8sServicePort: 6443, or the port of your load balancer",
        )
    planes = [str(one) for one in wanted.facts.get("control_planes") or []]
    if host and len(planes) > 1 and host in planes and not urls:
        yield finding(
            "api-pinned",
            "blocker",
            "k8sServiceHost",
            host,
            f"it is one of {len(planes)} control planes: without that one no agent of the cluster reaches the API",
            "the address of a load balancer, a virtual address, a proxy on each node (localhost), or all of them, one text with spaces between, as "
            f"k8s.apiServerURLs: {URLS} (from {LISTED})",
        )


def routing(wanted):
    """Native routing needs to know what not to masquerade."""
    if wanted.tunnel:
        if wanted.true("autoDirectNodeRoutes"):
            yield finding("direct-routes", "blocker", "autoDirectNodeRoutes", "true", f"{REFUSES} with a tunnel", "routingMode=native")
        return
    cloud = wanted.text("ipam.mode") in ("eni", "alibabacloud")
    masqueraded = wanted.text("enableIPv4Masquerade", "true") != "false" and wanted.text("ipv4.enabled", "true") != "false"
    if masqueraded and not (wanted.given("ipv4NativeRoutingCIDR") or wanted.true("ipMasqAgent.enabled") or cloud):
        yield finding(
            "native-cidr",
            "blocker",
            "ipv4NativeRoutingCIDR",
            "nothing",
            f"{REFUSES}: it must know where not to masquerade",
            "ipv4NativeRoutingCIDR: the CIDR of the pods",
        )


def node_ports(wanted):
    """The range of NodePorts."""
    serves, handed_out = ports.served(wanted.get("nodePort.range")), ports.known(wanted.facts.get("service_node_port_range"))
    if not serves:
        yield finding("node-port-range", "blocker", "nodePort.range", shown(wanted.get("nodePort.range")), REFUSES, 'nodePort.range: "30000,32767"')
        return
    if wanted.kpr and handed_out and not ports.holds(serves, handed_out):
        yield finding(
            "node-port-range-differs",
            "blocker",
            "nodePort.range",
            ports.text(serves, ","),
            f"the API server hands out {ports.text(handed_out)}: ports outside of Cilium's range are not served",
            f'nodePort.range: "{ports.text(handed_out, ",")}"',
        )


def cluster(wanted):
    """The cluster that the values are for."""
    mesh = wanted.facts.get("service_mesh")
    if wanted.kpr and mesh and not wanted.true("socketLB.hostNamespaceOnly"):
        yield finding(
            "service-mesh",
            "blocker",
            "socketLB.hostNamespaceOnly",
            shown(wanted.get("socketLB.hostNamespaceOnly", False)),
            f"socket load balancing in pods goes past the sidecars of {mesh}",
            "socketLB.hostNamespaceOnly=true",
        )
    version = compat.minor(wanted.facts.get("kubernetes_version") or "")
    first, last = compat.MINORS[(1, wanted.minor)].kubernetes
    if version and not first <= version <= last:
        yield finding(
            "kubernetes-version",
            "warning",
            "chart_version",
            f"Kubernetes {compat.dotted(version)}",
            f"Cilium 1.{wanted.minor} is tested with {compat.dotted(first)} to {compat.dotted(last)}",
            _other(version),
        )


def _other(version):
    fitting = [compat.dotted(one) for one, line in compat.MINORS.items() if line.kubernetes[0] <= version <= line.kubernetes[1]]
    return (
        f"choose Cilium {' or '.join(fitting)}"
        if fitting
        else "no Cilium that this collection knows is tested with it: try it on a cluster that nobody needs"
    )


def _words(values):
    return ", ".join(str(one) for one in (sorted(values) if isinstance(values, set) else values))


CHECKS = (kpr_word, booleans, words, dsr, xdp, masquerade, api_address, routing, node_ports, cluster)
