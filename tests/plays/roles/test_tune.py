# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role tune makes of nodes that are not Ready, and what it looks at on the others.

The real phases but those that change something, with agents as a test wants them.
Stand-ins for the modules answer with these agents, an API that has no objects, and a node on which nothing is missing; those for roles and for the phases
that change something say only that they ran.
"""

from __future__ import annotations

import json
import os
import pathlib
import re

import pytest
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]
REAL = {"main.yml", "phase.yml", "look.yml", "plan.yml", "probe_setup.yml", "prove.yml", "finish.yml"}
MODULES = {"fleetops.kubeproxy_free.cilium_status": "{'agents': json.load(open('agents.json'))}", "kubernetes.core.k8s_info": "{'resources': []}",
           "kubernetes.core.k8s": "{}", "fleetops.kubeproxy_free.cluster_facts": "{'facts': json.load(open('cluster.json'))}"}  # fmt: skip
MODULE = "#!/usr/bin/python\n# WANT_JSON\nimport json, os\nos.chdir({folder!r})\nprint(json.dumps(dict({answer}, changed=False)))\n"
#: keeps what it was asked, and refuses ports on a node of that name
EFFECTS = """#!/usr/bin/python
# WANT_JSON
import json, sys
with open(sys.argv[1]) as asked, open({folder!r} + "/asked", "a") as kept:
    params = json.load(asked)
    print(json.dumps(params), file=kept)
bad = params.get("before") and params["node"] == "narrow"
print(json.dumps(dict(missing=[], changed=False, **(dict(failed=True, msg="Node narrow: no such ports") if bad else dict()))))
"""
OWN = {"kubeProxyReplacement": True, "k8sServiceHost": "api.example", "k8sServicePort": 6443, "socketLB": {"hostNamespaceOnly": True}}
KNOWN = {"handover_locked": True, "handover_unready": "{{ dead }}", "cilium_chart_version": "1.19.1",
         "__cilium_found": {"status": {"release_values": "{{ own | default({}) }}"}}}  # fmt: skip

CHANGED = {"tune_state": "{{ __tune_state | combine({'former': {'values': {}, 'absent': []}, 'changing': true}) }}"}


def agent(**more):
    return {"error": None, "kube_proxy_replacement": {"enabled": True}, "settings": {}, "features": {}, **more}


@pytest.fixture
def tune(tmp_path, copy_role):
    """A function that tunes three nodes with these agents, of which some are dead; returns (exit status, what was said, what ran where)."""

    def done(words):
        return json.dumps([{"ansible.builtin.debug": {"msg": f"RAN {words} {{{{ inventory_hostname }}}}"}}])

    def text(path):
        if path.stem in ("begin", "change"):
            facts = KNOWN if path.stem == "begin" else CHANGED
            return json.dumps([{"ansible.builtin.set_fact": facts, "delegate_to": "{{ item }}", "delegate_facts": True, "loop": "{{ kpr_cluster_hosts }}",
                                "when": "inventory_hostname == kpr_speaker"}])  # fmt: skip
        if path.name not in REAL:
            return "[]" if path.stem == "release" else done(f"{path.stem} of {{{{ (tune_wave | default([])) | join }}}} lacking {{{{ cilium_may_lack }}}}")
        made = path.read_text(encoding="utf-8").replace("name: fleetops.kubeproxy_free.", "name: ")
        made = re.sub(r"  module_defaults:\n(?:    .*\n)+", "", made)
        made = made.replace("fleetops.kubeproxy_free.tune_effects:", "effects_stand_in:")
        for number, name in enumerate(MODULES):
            made = re.sub(rf"(?m)^(\s+){re.escape(name)}:.*\n(?:\1  .*\n)*", rf"\1stand_in_{number}:\n", made)
        return made

    copy_role("tune", text)
    copy_role("handover", lambda path: path.read_text(encoding="utf-8") if path.name == "place.yml" else "[]")
    copy_role("cilium", lambda _path: "[]")
    copy_role("verify", lambda path: done(f"{path.stem}{{{{ '' if verify_needed else ' not needed' }}}}"))
    (tmp_path / "library").mkdir()
    for number, answer in enumerate(MODULES.values()):
        (tmp_path / "library" / f"stand_in_{number}.py").write_text(MODULE.format(folder=str(tmp_path), answer=answer), encoding="utf-8")
    (tmp_path / "library" / "effects_stand_in.py").write_text(EFFECTS.format(folder=str(tmp_path)), encoding="utf-8")
    play = {"hosts": "all", "gather_facts": False, "vars_files": [str(ROOT / "playbooks" / "vars" / "fleet.yml")], "roles": ["tune"]}
    (tmp_path / "play.yml").write_text(json.dumps([play]), encoding="utf-8")

    def run(agents, dead, cluster=None, **more):
        (tmp_path / "cluster.json").write_text(json.dumps(cluster), encoding="utf-8")
        (tmp_path / "agents.json").write_text(json.dumps(agents), encoding="utf-8")
        own = {"ansible_connection": "local", "kpr_cluster": "demo", "kpr_cluster_hosts": list(agents), "kpr_leader": "a",
               "kpr_node_name": "{{ inventory_hostname }}", "kpr_wave_settings": {"sizes": [1], "control_planes": "last", "count": 0},
               "kpr_tune": {"algorithm": "maglev"}, "dead": dead, **more}  # fmt: skip
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"vars": own, "hosts": dict.fromkeys(agents, {})}}), encoding="utf-8")
        environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        played = ansible_playbook("-i", "hosts.json", "play.yml", cwd=tmp_path, env=environment)
        said = played.stdout + played.stderr
        return played.returncode, said, re.findall(r'"msg": "RAN (.+)"', said)

    run.asked = lambda: [json.loads(line) for line in (tmp_path / "asked").read_text(encoding="utf-8").splitlines()]
    return run


@pytest.mark.parametrize("dead", ["a", "c"])  # the first host speaks for its cluster
def test_the_agent_of_a_node_that_is_not_ready_is_left_out_and_named(tune, dead):
    status, said, ran = tune({node: agent(error="no route to host" if node == dead else None) for node in "abc"}, [dead])
    alive = sorted({"a", "b", "c"} - {dead})
    assert status == 0, said
    assert {one for one in ran if one.startswith("wave")} == {f"wave of {node} lacking 1 {host}" for node in alive for host in "abc"}, ran
    assert f"setup not needed {dead}" in ran and f"setup {alive[0]}" in ran
    assert {one for one in ran if one.startswith("probe ")} == {f"probe {node}" for node in alive}
    assert f"the agents of {dead} were not in this run" in said


def test_the_silent_agent_of_a_ready_node_stops_all_before_anything_changes(tune):
    status, said, ran = tune({"a": agent(), "b": agent(error="exit code 1, said: no"), "c": agent(error="no route to host")}, ["c"])
    assert status != 0 and "found agents that do not answer (b: exit code 1, said: no)" in said and "Nothing was changed." in said, said
    assert "get pods -l k8s-app=cilium" in said and not [one for one in ran if one.startswith(("wave", "setup"))]


def test_a_cluster_that_has_not_moved_is_told_to_move(tune):
    status, said, _ran = tune({"a": agent(), "b": agent(kube_proxy_replacement={"enabled": False}), "c": agent()}, ["c"])
    assert status != 0 and "do not replace kube-proxy (b)" in said and "Move the cluster first" in said, said


@pytest.mark.parametrize(
    ("known", "refused"),
    [([{"kind": "mesh", "product": "Istio"}, {"kind": "mesh", "product": "Istio"}], True), ([{"kind": "vip", "product": "MetalLB"}], False)],
)
def test_sockets_of_pods_do_not_go_past_a_service_mesh(tune, known, refused):
    tuned = {"cluster": {"known": known, "unread": ["deployments may not be listed"]}, "own": OWN, "kpr_tune": {"host_namespace_only": "false"}}
    status, said, _ran = tune({"a": agent()}, [], **tuned)
    assert ("socketLB.hostNamespaceOnly: found false; socket load balancing in pods goes past the sidecars of Istio." in said) is refused, said
    assert ("Nothing was changed." in said, status != 0) == (refused, refused) and "deployments may not be listed" in said, said


def test_who_changes_something_else_is_not_asked_for_the_mesh_again(tune):
    status, said, _ran = tune({"a": agent()}, [], own={**OWN, "socketLB": {}})  # without an answer of cluster_facts
    assert status == 0, said


@pytest.mark.parametrize(
    ("given", "more", "dead", "why"),
    [
        ({"mode": "hybrid", "acceleration": "native"}, {}, [], "kpr_outside_host names no host. What was given as mode, acceleration is for clients there"),
        ({"mode": "dsr"}, {"kpr_outside_host": "gate"}, ["a"], "node a, which would ask for its cluster, is not Ready. What was given as mode is"),
        ({"mode": "dsr"}, {"kpr_outside_host": "gate"}, [], None),
        ({"algorithm": "maglev"}, {}, [], None),
    ],
)
def test_what_only_shows_outside_is_said_to_be_unproven_where_nobody_asks_there(tune, given, more, dead, why):
    status, said, _ran = tune({"a": agent(), "b": agent()}, dead, kpr_tune=given, **more)
    assert status == 0, said
    assert said.count(f"from outside is not probed: {why}" if why else "from outside is not probed") == (2 if why else 0), said  # before and at the end


@pytest.mark.parametrize("nodes", [("a", "b"), ("a", "narrow")])
def test_ports_that_an_agent_would_not_start_with_are_refused_before_anything_changes(tune, nodes):
    settings = {"enable-auto-protect-node-port-range": "false"}
    agents = {node: agent(settings=settings) for node in nodes}
    status, said, ran = tune({**agents, "dead": agent()}, ["dead"], kpr_tune={"node_port_range": "20000-22767"})
    before = [(one["node"], one["node_port_range"], one["auto_protect_port_range"]) for one in tune.asked() if one.get("before")]
    assert sorted(before) == [(node, "20000-22767", "false") for node in sorted(nodes)]
    refused = "narrow" in nodes
    assert ("Node narrow: no such ports" in said and "Nothing was changed." in said, status != 0) == (refused, refused), said
    assert any(one.startswith("wave") for one in ran) is not refused


@pytest.mark.parametrize(("address", "ipv6"), [("192.0.2.1", False), ("2001:db8::1", True)])
def test_a_node_port_is_looked_at_in_a_family_that_it_has(tune, address, ipv6):
    plans = {"a": {"targets": [{"name": f"host to kubeproxy-free-verify/echo:http NodePort {address}", "address": address, "port": 30080}]}}
    status, said, _ran = tune({"a": agent()}, [], kpr_tune={"bind_protection": True}, verify_plans=plans)
    assert status == 0, said
    assert {(one["bind_protection"], one["node_port"], one["ipv6"]) for one in tune.asked()} == {(True, 30080, ipv6)}
