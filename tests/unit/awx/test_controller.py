# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""awx/controller.yml against the collection: what its templates run and ask exists, and its workflow hangs together."""

from __future__ import annotations

import pathlib
import re

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROOT = pathlib.Path(__file__).resolve().parents[3]
AWX = ROOT / "awx"
#: Parts of other playbooks, and the one that makes clusters instead of changing them.
NO_TEMPLATE = {"access.yml", "group.yml", "waves.yml", "bootstrap.yml"}
DATA = DataLoader().load_from_file(str(AWX / "controller.yml"), trusted_as_template=True)
TEMPLATES = {template["name"]: template for template in DATA["controller_templates"]}
WORKFLOW = DATA["controller_workflows"][0]
DEFAULTS = DataLoader().load_from_file(str(AWX / "defaults.yml"))
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
    assert len(asked) == len(template["survey_spec"]["spec"])
    assert set(asked) <= interface.variables | interface.role_options.keys()
    answers = {name: question["choices"][0] if question["type"] == "multiplechoice" else question["max"] for name, question in asked.items()}
    texts = {name for name, question in asked.items() if question["type"] == "text"}
    assert interface.problems({name: value for name, value in answers.items() if name not in texts}) == []
    assert interface.problems(template.get("extra_vars", {})) == []


@pytest.mark.parametrize("template", [*TEMPLATES.values(), WORKFLOW], ids=lambda template: template["name"])
def test_only_the_cluster_is_required_and_no_survey_beats_the_inventory_unasked(template):
    asked = questions(template)
    assert [name for name, question in asked.items() if question["required"]] == ["kpr_hosts"]
    for question in asked.values():
        assert question["default"] == "" and not taken(question, question["default"]), question["variable"]


def taken(question, answer):
    """Whether AWX 24.6.1 would take this as an answer; a default that it would take becomes an extra variable of every job."""
    if question["type"] == "text":
        return isinstance(answer, str) and question["min"] <= len(answer) <= question["max"]
    if question["type"] == "integer":
        return isinstance(answer, int) and question["min"] <= answer <= question["max"]
    assert question["type"] == "multiplechoice"
    return answer in question["choices"]


def test_choices_are_those_of_the_role(interface):
    choices = questions(TEMPLATES["kubeproxy-free verify"])["verify_served_by"]["choices"]
    assert {*choices, "any"} == set(interface.role_options["verify_served_by"]["choices"])


def test_the_lock_of_a_dead_job_can_be_taken_over_wherever_there_is_one():
    assert {name for name, template in TEMPLATES.items() if "kpr_steal_lock" in questions(template)} == {
        f"kubeproxy-free {path.stem}" for path in (ROOT / "playbooks").glob("*.yml") if takes_the_lock(path)
    }


def test_the_workflow_asks_what_its_migration_asks_and_takes_over_no_lock():
    """AWX hands its answers to all of its jobs, over what a node has (awx/main/models/workflow.py): a lock could not be taken over by the first one only."""
    own = {name for node in NODES.values() for name in node.get("extra_data", {})}
    assert questions(WORKFLOW).keys() == questions(TEMPLATES["kubeproxy-free migrate"]).keys() - own - {"kpr_steal_lock"}


def takes_the_lock(playbook):
    """The roles that lock a cluster are handover, by its parts `claim` and `lock`, and as a whole tune, verify, benchmark and monitoring."""
    locks = r"tasks_from: (claim|lock)\n|fleetops\.kubeproxy_free\.(tune|verify|benchmark|monitoring)\n"
    return playbook.name not in NO_TEMPLATE and re.search(locks, playbook.read_text())


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda template: template["name"])
def test_a_template_names_what_there_is_and_cuts_no_cluster_in_two(template):
    assert {template["project"]} <= names("projects") and {template["inventory"]} <= names("inventories")
    assert {template["execution_environment"]} <= names("execution_environments")
    assert template["credentials"] == "{{ awx_credentials }}" and template["diff_mode"] is True
    assert set(template["notification_templates_error"]) <= names("notifications")
    assert template["job_slice_count"] == 1
    assert not template["ask_limit_on_launch"] and not template["ask_job_slice_count_on_launch"] and "limit" not in template


def test_the_plan_runs_as_check_and_what_changes_can():
    assert TEMPLATES["kubeproxy-free plan"]["job_type"] == "check"
    assert all(TEMPLATES[f"kubeproxy-free {name}"]["ask_job_type_on_launch"] for name in ("migrate", "rollback", "tune", "monitoring"))


def test_the_reports_folder_is_in_the_image_for_the_group_that_its_user_has():
    image = (ROOT / "execution-environment.yml").read_text()
    assert f"RUN install --directory --group 0 --mode 0770 {DEFAULTS['awx_reports_dir']}\n" in image


def test_inventory_and_playbooks_come_from_projects_of_their_own():
    by_name = {project["name"]: project for project in DATA["controller_projects"]}
    (source,) = DATA["controller_inventory_sources"]
    assert by_name[source["source_project"]]["scm_update_on_launch"] is True
    assert {template["project"] for template in TEMPLATES.values()} == {"kubeproxy-free"} and by_name["kubeproxy-free"]["scm_update_on_launch"] is False


@pytest.mark.parametrize("folder", [".", "collections", "roles"])
@pytest.mark.parametrize("ending", ["yml", "yaml"])
def test_a_project_update_has_nothing_to_fetch(folder, ending):
    """AWX installs what these list, without Galaxy in vain, and else in front of what the image has (awx/playbooks/project_update.yml)."""
    assert not (ROOT / folder / f"requirements.{ending}").exists()


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


def test_nothing_moves_there_or_back_without_approval():
    moving = [name for name, node in NODES.items() if (job(node) or {}).get("playbook") in ("playbooks/migrate.yml", "playbooks/rollback.yml")]
    assert moving == ["canary", "rest", "rollback"]
    for identifier in moving:
        for kind, before in parents(identifier):
            assert kind == "success_nodes" and NODES[before]["unified_job_template"]["type"] == "workflow_approval", identifier


def test_failures_lead_back_and_both_ways_end_with_a_proof():
    ends = {identifier: node for identifier, node in NODES.items() if not links(node)}
    assert {identifier: (job(node)["playbook"], node["extra_data"]) for identifier, node in ends.items()} == {
        "verify": ("playbooks/verify.yml", {"verify_served_by": "cilium"}),
        "verify-rollback": ("playbooks/verify.yml", {"verify_served_by": "kube_proxy"}),
    }
    for node in [NODES["canary"], NODES["rest"]]:
        assert job(node)["playbook"] == "playbooks/migrate.yml" and ("failure_nodes", "approve-rollback") in links(node)
    assert links(NODES["approve-rollback"]) == [("success_nodes", "rollback")] and job(NODES["rollback"])["playbook"] == "playbooks/rollback.yml"
    assert [NODES[name]["extra_data"] for name in ("canary", "rest")] == [{"kpr_wave_count": 1}, {"kpr_wave_count": 0}]


def test_the_workflow_gives_its_jobs_what_they_ask():
    given = set(questions(WORKFLOW))
    jobs = [(node, job(node)) for node in NODES.values() if job(node)]
    assert given <= {name for _node, template in jobs for name in questions(template)}
    for node, template in jobs:
        asked = questions(template)
        assert all(taken(asked[name], answer) for name, answer in node.get("extra_data", {}).items())
        assert given.isdisjoint(node.get("extra_data", {}))  # the workflow's would win
        assert {name for name, question in asked.items() if question["required"]} <= given


@pytest.mark.parametrize("template, variable", [("tune", "kpr_tune"), ("benchmark", "benchmark_compare")])
def test_what_a_playbook_is_run_for_is_asked(template, variable):
    assert variable in questions(TEMPLATES[f"kubeproxy-free {template}"])


def test_the_plan_is_asked_what_it_judges_of_a_migration():
    """Else it would judge the inventory's answer where the migration gets another."""
    role = ROOT / "roles" / "preflight"
    judged = {name for folder in ("defaults", "vars") for name in re.findall(r"\bkpr_\w+", (role / folder / "main.yml").read_text())}
    wanted = judged & questions(TEMPLATES["kubeproxy-free migrate"]).keys()
    assert {"kpr_drain", "kpr_traffic"} <= wanted <= questions(TEMPLATES["kubeproxy-free plan"]).keys()


def test_a_rollback_is_asked_only_for_the_finding_that_counts_there():
    assert "nodes-left-out" in questions(TEMPLATES["kubeproxy-free rollback"])["kpr_accept_findings"]["question_description"]


def test_what_differs_from_place_to_place_has_a_default_or_stands_in_the_guide():
    used = set(re.findall(r"\{\{ ((?:awx|vault)_\w+)", (AWX / "controller.yml").read_text())) - DATA.keys()
    told = set(re.findall(r"`((?:awx|vault)_\w+)`", (ROOT / "docs" / "awx.md").read_text()))
    assert used >= DEFAULTS.keys() and used - DEFAULTS.keys() <= told and told <= used


@pytest.mark.parametrize("variable", ["awx_image_credential", "awx_project_credential", "awx_inventory_credential"])
def test_a_credential_is_sent_only_where_its_own_address_leads(variable):
    places = {"awx_image_credential": ("execution_environments", "kubeproxy-free"), "awx_project_credential": ("projects", "kubeproxy-free"),
              "awx_inventory_credential": ("projects", "kubeproxy-free inventory")}  # fmt: skip
    needed = dict.fromkeys(("awx_image", "awx_project_url", "awx_project_tag", "awx_inventory_url"), "x")
    templar = Templar(DataLoader(), {**DATA, **DEFAULTS, **needed, variable: "mine"})
    made = {(kind, item["name"]): item for kind in ("execution_environments", "projects") for item in templar.template(DATA[f"controller_{kind}"])}
    assert {place: item["credential"] for place, item in made.items() if "credential" in item} == {places[variable]: "mine"}


def test_secrets_of_credentials_that_are_not_used_need_not_exist():
    """A fleet without SSH has no key."""
    wanted = ["kubeproxy-free clusters", "kubeproxy-free vault"]
    secrets = {"vault_awx_kubeconfig": "A", "vault_awx_vault_password": "B"}
    made = Templar(DataLoader(), {**DATA, **DEFAULTS, **secrets, "awx_credentials": wanted}).template(DATA["controller_credentials"])
    assert [(credential["name"], list(credential["inputs"].values())) for credential in made] == list(zip(wanted, [["A", ""], ["B"]]))


def test_secrets_are_references():
    for credential in DATA["awx_known_credentials"]:
        secrets = {name: value for name, value in credential["inputs"].items() if name not in ("username", "become_method")}
        assert secrets and all(re.fullmatch(r"\{\{ vault_\w+ \}\}", value) for value in secrets.values())
    assert all(field["secret"] for kind in DATA["controller_credential_types"] for field in kind["inputs"]["fields"])
