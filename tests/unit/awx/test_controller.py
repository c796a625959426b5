# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""awx/controller.yml against the collection: what its templates run and ask exists, and its workflow hangs together."""

from __future__ import annotations

import pathlib
import re

import pytest
from ansible.parsing.dataloader import DataLoader

AWX = pathlib.Path(__file__).resolve().parents[3] / "awx"
#: Parts of other playbooks, and the one that makes clusters instead of changing them.
NO_TEMPLATE = {"access.yml", "group.yml", "waves.yml", "bootstrap.yml"}
DATA = DataLoader().load_from_file(str(AWX / "controller.yml"))
TEMPLATES = {template["name"]: template for template in DATA["controller_templates"]}
WORKFLOW = DATA["controller_workflows"][0]
NODES = {node["identifier"]: node for node in WORKFLOW["workflow_nodes"]}


def names(kind):
    return {item["name"] for item in DATA[f"controller_{kind}"]}


def questions(template):
    return {question["variable"]: question for question in template["survey_spec"]["spec"]}


def links(node):
    return [(kind, link["identifier"]) for kind, linked in node.get("related", {}).items() for link in linked]


def job(node):
    return TEMPLATES.get(node["unified_job_template"]["name"])


def parents(identifier):
    return [(kind, other) for other, node in NODES.items() for kind, linked in links(node) if linked == identifier]


def test_every_playbook_has_a_template_and_every_template_a_playbook(interface):
    assert sorted(pathlib.PurePath(template["playbook"]).name for template in TEMPLATES.values()) == sorted(interface.playbooks - NO_TEMPLATE)
    assert all(template["playbook"].startswith("playbooks/") for template in TEMPLATES.values())


@pytest.mark.parametrize("template", [*TEMPLATES.values(), WORKFLOW], ids=lambda template: template["name"])
def test_surveys_ask_for_variables_that_are_read(template, interface):
    asked = questions(template)
    assert "kpr_hosts" in asked and len(asked) == len(template["survey_spec"]["spec"])
    defaults = {name: question["default"] for name, question in asked.items()}
    texts = {"kpr_waves", "kpr_accept_findings"}  # lists, which a survey cannot give; both are taken as texts, too
    assert set(defaults) <= interface.variables
    assert interface.problems({name: value for name, value in defaults.items() if value != "" and name not in texts}) == []
    assert interface.problems(template.get("extra_vars", {})) == []
    for question in asked.values():
        assert question["type"] != "multiplechoice" or question["default"] in question["choices"]


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda template: template["name"])
def test_a_template_names_what_there_is_and_cuts_no_cluster_in_two(template):
    assert {template["project"]} <= names("projects") and {template["inventory"]} <= names("inventories")
    assert {template["execution_environment"]} <= names("execution_environments")
    assert set(template["credentials"]) == names("credentials")
    assert set(template["notification_templates_error"]) <= names("notifications")
    assert template["job_slice_count"] == 1
    assert not template["ask_limit_on_launch"] and not template["ask_job_slice_count_on_launch"] and "limit" not in template


def test_the_plan_runs_as_check_and_what_changes_can():
    assert TEMPLATES["kubeproxy-free plan"]["job_type"] == "check"
    assert all(TEMPLATES[f"kubeproxy-free {name}"]["ask_job_type_on_launch"] for name in ("migrate", "rollback"))


def test_the_workflow_hangs_together():
    assert [identifier for identifier in NODES if not parents(identifier)] == ["plan"]
    assert len(NODES) == len(WORKFLOW["workflow_nodes"])
    reached, waiting = set(), ["plan"]
    while waiting:
        identifier = waiting.pop()
        reached.add(identifier)
        waiting += [linked for _kind, linked in links(NODES[identifier]) if linked not in reached]
    assert reached == set(NODES)
    for node in NODES.values():
        approval = node["unified_job_template"]["type"] == "workflow_approval"
        assert approval or job(node), node["identifier"]
        assert not approval or node["unified_job_template"]["timeout"] > 0


def test_nothing_moves_without_approval_and_failures_lead_back():
    for identifier, node in NODES.items():
        if (job(node) or {}).get("playbook") == "playbooks/migrate.yml":
            ((kind, before),) = parents(identifier)
            assert kind == "success_nodes" and NODES[before]["unified_job_template"]["type"] == "workflow_approval"
            failed = [linked for kind, linked in links(node) if kind == "failure_nodes"]
            behind = {linked for name in failed for _kind, linked in links(NODES[name])}
            assert "rollback" in {*failed, *behind}
    assert job(NODES["rollback"])["playbook"] == "playbooks/rollback.yml"
    assert [node["extra_data"] for node in NODES.values() if "extra_data" in node] == [{"kpr_wave_count": 1}, {"kpr_wave_count": 0}]


def test_the_workflow_gives_its_jobs_what_they_ask():
    given = set(questions(WORKFLOW))
    jobs = [(node, job(node)) for node in NODES.values() if job(node)]
    assert given <= {name for _node, template in jobs for name in questions(template)}
    for node, template in jobs:
        asked = questions(template)
        assert set(node.get("extra_data", {})) <= set(asked)
        assert {name for name, question in asked.items() if question["required"] and question["default"] == ""} <= given


def test_what_differs_from_place_to_place_has_a_default_or_stands_in_the_readme():
    used = set(re.findall(r"\{\{ ((?:awx|vault)_\w+) \}\}", (AWX / "controller.yml").read_text()))
    defaults = set(DataLoader().load_from_file(str(AWX / "defaults.yml")))
    told = set(re.findall(r"`((?:awx|vault)_\w+)`", (AWX / "README.md").read_text()))
    assert used >= defaults and used - defaults <= told and told <= used


def test_secrets_are_references():
    for credential in DATA["controller_credentials"]:
        secrets = {name: value for name, value in credential["inputs"].items() if name not in ("username", "become_method")}
        assert secrets and all(re.fullmatch(r"\{\{ vault_\w+ \}\}", value) for value in secrets.values())
    assert all(field["secret"] for kind in DATA["controller_credential_types"] for field in kind["inputs"]["fields"])
