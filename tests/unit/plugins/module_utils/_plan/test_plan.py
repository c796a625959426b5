# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Order, acceptance, the plan of a settled cluster, and the lines on the terminal."""

from __future__ import annotations

import json
import pathlib

import jinja2
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan import findings, groups, table

ROOT = pathlib.Path(__file__).resolve().parents[5]


def settle(cluster):
    """What a migration leaves behind."""
    cluster.delete("daemonsets", "kube-proxy")
    cluster.objects["kube_proxy_config"] = None
    cluster.record("settled")
    cluster.cilium_config(kube_proxy_replacement="true")
    data = cluster.objects["kubeadm_config"]["data"]
    data["ClusterConfiguration"] = data["ClusterConfiguration"].replace("proxy: {}", "proxy:\n  disabled: true")
    cluster.wanted["values"] = {"kubeProxyReplacementHealthzBindAddr": "0.0.0.0:10256"}
    for name, node in cluster.nodes.items():
        node["rules"].update(running=None, clean=True)
        node["health_port"]["listeners"] = ["cilium-agent"]
        cluster.agents[name]["kube_proxy_replacement"]["enabled"] = True


def test_a_settled_cluster_plans_cleanly(cluster):
    settle(cluster)
    assert cluster.facts()["kubeadm"]["proxy_disabled"]
    assert {one["id"] for one in cluster.plan()} == {"external-ip-unowned", "host-ports"}


def test_a_cluster_half_way_plans_cleanly(cluster):
    """One node has moved: its kube-proxy is gone, its agent differs from the others', and kube-proxy's DaemonSet wants fewer pods."""
    cluster.record("prepared")
    cluster.object("daemonsets", "kube-proxy")["status"].update(desiredNumberScheduled=1, numberReady=1)
    cluster.agents["worker1"].update(kube_proxy_replacement={"enabled": True}, drift=["kube-proxy-replacement differs from the ConfigMap"])
    cluster.nodes["worker1"]["rules"].update(running=None, clean=True)
    assert findings.blockers(cluster.plan()) == []
    assert "replacement-already-on" not in {one["id"] for one in cluster.plan()}


def test_the_agent_of_a_deleted_node_is_nobodys_gate(cluster):
    cluster.delete("nodes", "worker1")
    cluster.agents["worker1"]["error"] = 'pods "worker1" not found'
    assert "cilium-agent-silent" not in {one["id"] for one in cluster.plan()}


def test_a_name_that_leads_to_several_control_planes_is_not_pinned(cluster):
    cluster.object("nodes", "worker1")["metadata"]["labels"]["node-role.kubernetes.io/control-plane"] = ""
    for node in cluster.nodes.values():
        node["api"][0].update(host="api.example.com", addresses=["172.20.0.11", "172.20.0.12"])
    assert "api-address-pinned" not in {one["id"] for one in cluster.plan()}
    for node in cluster.nodes.values():
        node["api"][0].update(addresses=["172.20.0.100"])  # a virtual IP
    assert "api-address-pinned" not in {one["id"] for one in cluster.plan()}


def test_the_agent_of_a_node_whose_wave_did_not_end_keeps_no_run_from_going_on(cluster):
    cluster.record("prepared")
    cluster.object("nodes", "worker1")["metadata"]["labels"]["kubeproxy-free.fleetops.io/replacement"] = "on"
    cluster.object("daemonsets", "cilium")["status"]["numberReady"] = 1
    cluster.agents["worker1"]["error"] = "its container waits: CrashLoopBackOff"
    found = cluster.plan()
    assert findings.blockers(found) == []
    assert [(one["object"], one["severity"]) for one in found if one["id"] == "cilium-agent-silent"] == [("node worker1", "warning")]
    cluster.object("nodes", "worker1")["metadata"]["labels"]["kubeproxy-free.fleetops.io/state"] = "moved"
    assert {one["id"] for one in findings.blockers(cluster.plan())} == {"cilium-agents-not-ready", "cilium-agent-silent"}


def test_a_node_that_a_dead_run_has_cordoned_takes_pods_again(cluster):
    cluster.wanted["drain"] = True
    node = cluster.object("nodes", "cp1")
    node["spec"]["unschedulable"] = True
    node["metadata"]["labels"]["kubeproxy-free.fleetops.io/cordoned"] = "true"
    assert not {"node-cordoned", "drain-nowhere"} & {one["id"] for one in cluster.plan()}


def blocked(cluster):
    cluster.object("nodes", "worker1")["spec"]["unschedulable"] = True
    for name in ("cp1", "worker1"):
        cluster.object("nodes", name)["status"]["conditions"] = []


def test_blockers_come_first(cluster):
    blocked(cluster)
    severities = [one["severity"] for one in cluster.plan()]
    assert severities == sorted(severities, key=["blocker", "warning", "note"].index)


def test_a_finding_is_accepted_by_id(cluster):
    blocked(cluster)
    assert len(findings.blockers(cluster.plan())) == 2
    assert findings.blockers(cluster.plan(["node-not-ready"])) == []


def test_a_finding_is_accepted_for_one_object(cluster):
    blocked(cluster)
    assert [one["object"] for one in findings.blockers(cluster.plan(["node-not-ready@node cp1"]))] == ["node worker1"]


def test_what_nothing_can_follow_from_is_not_acceptable(cluster):
    cluster.wanted["helm"] = ""
    assert [one["id"] for one in findings.blockers(cluster.plan(["helm-missing"]))] == ["helm-missing"]


def test_an_unreadable_cluster_still_tells_of_its_nodes(cluster):
    cluster.error = "no answer"
    cluster.nodes["cp1"] = {"host": "plan-cp1", "error": "it cannot be reached"}
    assert [one["id"] for one in cluster.plan()] == ["cluster-unreadable", "node-unreachable"]


def lines(cluster, accepted=()):
    return table.lines("demo", cluster.facts(), cluster.nodes, cluster.plan(accepted))


def test_lines_say_what_the_cluster_is(cluster):
    head = "\n".join(lines(cluster)[:5])
    for said in (
        "Kubernetes v1.34.4, 2 nodes, 4 Services",
        "kube-proxy:v1.34.4, mode iptables, 2 of 2 ready",
        "1.19.3, 2 of 2 agents ready, 0 replace kube-proxy",
        "iptables nft",
        "not begun",
    ):
        assert said in head


def test_lines_put_nodes_together(cluster):
    for node in cluster.nodes.values():
        node["api"][0].update(reachable=False, error="timed out")
    shown = [line for line in lines(cluster) if "api-unreachable" in line]
    assert shown == ["BLOCKER api-unreachable: node cp1, worker1"]


def test_lines_end_with_the_verdict(cluster):
    assert lines(cluster)[-1] == "Cluster demo: 0 blockers, 2 warnings, 2 notes. Nothing is in the way."
    blocked(cluster)
    assert lines(cluster)[-1] == "Cluster demo: 2 blockers, 3 warnings, 2 notes. 2 in the way."


def test_lines_show_what_is_accepted(cluster):
    blocked(cluster)
    shown = lines(cluster, ["node-not-ready"])
    assert any(line.startswith("BLOCKER (ACCEPTED) node-not-ready: node cp1, worker1") for line in shown)
    assert shown[-1].endswith("Nothing is in the way.")


def test_lines_of_an_unreadable_cluster(cluster):
    cluster.error = "no answer"
    assert lines(cluster)[0] == "Cluster demo: could not be read"


def test_a_thousand_nodes_are_a_few_names_and_a_number(cluster):
    cluster.nodes["cp1"]["api"][0].update(reachable=False, error="timed out")
    assert "BLOCKER api-unreachable: node cp1" in lines(cluster)
    for number in range(1000):
        name = f"n{number:04}"
        cluster.add("nodes", "worker1", name)["metadata"]["labels"] = {}
        cluster.nodes[name] = json.loads(json.dumps(cluster.nodes["cp1"]))
    assert "BLOCKER api-unreachable: node cp1, n0000, n0001, n0002, n0003 and 996" in lines(cluster)


def page(cluster, found):
    """plan.html, as the role preflight makes it."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    environment.filters.update({"fleetops.kubeproxy_free.plan_groups": groups.groups, "fleetops.kubeproxy_free.plan_lines": table.lines})
    template = environment.from_string((ROOT / "roles" / "preflight" / "templates" / "plan.html.j2").read_text(encoding="utf-8"))
    facts = {"preflight_cluster_facts": cluster.facts(), "preflight_findings": found}
    return template.render(kpr_cluster="demo", kpr_leader="a", hostvars={"a": facts}, __preflight_nodes=cluster.nodes)


def test_the_page_has_one_row_for_what_differs_in_the_object_only(cluster):
    one = {**findings.findings(cluster.facts(), cluster.nodes, cluster.wanted)[0], "id": "same", "remedy": "Mend <it>."}
    text = page(cluster, [{**one, "object": f"node n{number:04}"} for number in range(1000)])
    assert text.count("<code>same</code>") == 1 and "<summary>node n0000, n0001, n0002, n0003, n0004 and 995 more</summary>" in text
    assert "node n0999" in text and "Mend &lt;it&gt;." in text and len(text) < 20_000


def test_a_remedy_that_names_its_object_says_that_it_is_an_example(cluster):
    one = cluster.plan()[0]
    same = [{**one, "object": f"node {name}", "remedy": f"kubectl uncordon {name}"} for name in ("a", "b")]
    assert [group["remedy"] for group in groups.groups(same)] == ["kubectl uncordon a (and so on for each of them)"]
    assert [group["remedy"] for group in groups.groups(same[:1])] == ["kubectl uncordon a"]
