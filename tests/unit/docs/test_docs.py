# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation names only what there is, and the pages made from data are what their data say."""

from __future__ import annotations

import configparser
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
from tools import document  # noqa: E402  pylint: disable=wrong-import-position
from tools.documents import findings, sources, variables  # noqa: E402  pylint: disable=wrong-import-position

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted(
    path for folder in ("docs", "roles", "awx", "inventories") for path in (ROOT / folder).rglob("*.md")
)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#([^)\s]+))?\)")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: Named like variables of the role cilium, and are none.
METRICS = {"cilium_services_events_total", "cilium_service_implementation_delay"}
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def anchors(page):
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@every_page
def test_links_lead_somewhere(page):
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        there = (page.parent / target).resolve()
        assert there.exists(), target
        assert not anchor or there.suffix != ".md" or anchor in anchors(there), f"{target}#{anchor}"


@every_page
def test_what_is_named_exists(page):
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^    )make ([a-z-]+)", text, re.MULTILINE)) <= targets
    roles = {path.name for path in (ROOT / "roles").iterdir()}
    named = set(re.findall(r"(?:ansible-playbook[^\n`]*?|`)fleetops\.kubeproxy_free\.([a-z_]+)", text))
    plugins = {path.stem for kind in ("modules", "filter", "callback", "lookup", "connection") for path in (ROOT / "plugins" / kind).iterdir()}
    assert named <= {path.stem for path in (ROOT / "playbooks").glob("*.yml")} | roles | plugins


@every_page
def test_blocks_of_code_can_be_read(page):
    for language, code in FENCE.findall(page.read_text(encoding="utf-8")):
        if language in ("yaml", "yml"):
            list(yaml.safe_load_all(code))
        if language in ("sh", "bash"):
            assert subprocess.run(["bash", "-n"], input=code, text=True, check=False).returncode == 0, code


@every_page
def test_examples_set_what_is_read(page, interface):
    for language, code in FENCE.findall(page.read_text(encoding="utf-8")):
        for values in mappings([*yaml.safe_load_all(code)] if language in ("yaml", "yml") else []):
            assert interface.problems(values) == []


def mappings(value):
    """Every mapping in it, at whatever depth."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from mappings(inner)


@every_page
def test_variables_that_are_named_exist(page):
    known = set(re.findall(r"`([a-z_]+)`", variables.page())) | variables.INNER | {"kpr_summary"}
    roles = tuple(f"{path.name}_" for path in (ROOT / "roles").iterdir())
    named = {name for name in re.findall(r"`([a-z_]+)`", page.read_text(encoding="utf-8")) if name.startswith(("kpr_", *roles))} - METRICS
    elsewhere = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
    elsewhere |= {word for task in (ROOT / "roles").rglob("*.yml") for word in re.findall(r"[a-z_]+", task.read_text(encoding="utf-8"))}
    assert named <= known | elsewhere, named - known - elsewhere


def settings(text):
    found = configparser.ConfigParser(interpolation=None)
    found.read_string(text)
    return {(section, name): value for section in found.sections() for name, value in found.items(section)}


def test_the_lines_for_the_users_configuration_are_those_of_the_checkout():
    (lines,) = [code for language, code in FENCE.findall((ROOT / "docs" / "start.md").read_text(encoding="utf-8")) if language == "ini"]
    told = settings(lines)
    assert ("defaults", "forks") in told and told.items() <= settings((ROOT / "ansible.cfg").read_text(encoding="utf-8")).items()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("ansible-galaxy"), reason="needs ansible-galaxy")
@pytest.mark.parametrize("name", ["README.md", "docs/start.md"])
def test_what_the_pages_tell_to_type_installs_where_other_folders_find_it(name, tmp_path):
    """In a small checkout that `make setup` has been in, of a collection that needs no other."""
    lines = re.findall(r"^    (.*\bansible-galaxy .*)$", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    checkout = tmp_path / "sources" / "checkout"
    (checkout / ".work" / "ansible_collections" / "fleetops").mkdir(parents=True)
    (checkout / ".work" / "ansible_collections" / "fleetops" / "kubeproxy_free").symlink_to(checkout)
    shutil.copy(ROOT / "ansible.cfg", checkout)
    (checkout / "README.md").touch()
    made = {"namespace": "fleetops", "name": "kubeproxy_free", "version": "0.0.1", "readme": "README.md", "authors": ["x"]}
    (checkout / "galaxy.yml").write_text(yaml.safe_dump(made), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")} | {"HOME": str(tmp_path / "home")}
    done = subprocess.run(["bash", "-euc", "\n".join(lines)], cwd=checkout, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "home" / ".ansible" / "collections" / "ansible_collections" / "fleetops" / "kubeproxy_free" / "MANIFEST.json").exists(), done.stdout


def test_pages_made_from_data_are_up_to_date():
    assert [str(path.relative_to(ROOT)) for path in document.outdated()] == [], "type: make docs"


def test_every_finding_of_the_plan_is_on_its_page():
    """Those that the rules' source names, those of Helm values, and those that have a case: no rule is without one."""
    utils = ROOT / "plugins" / "module_utils"
    rules = [*(utils / "_plan").glob("*.py"), utils / "_cilium" / "values.py", utils / "_cilium" / "value_checks.py"]
    idents = set(re.findall(r'finding\(\s*"([a-z-]+)"', "\n".join(path.read_text(encoding="utf-8") for path in rules)))
    cases = ROOT / "tests" / "unit" / "plugins" / "module_utils" / "_plan" / "test_findings.py"
    idents |= set(re.findall(r'^@case\("([a-z-]+)"', cases.read_text(encoding="utf-8"), re.MULTILINE)) - {"kernel-configuration"}  # a stand-in's
    rows = set(re.findall(r"^\| `([a-z0-9-]+)`", findings.page(), re.MULTILINE))
    assert len(idents) > 100 and idents <= rows, idents - rows
    assert {"kernel-ebpf-in-cgroups", "kernel-mount-of-cgroup2"} <= rows


def test_findings_that_cannot_be_accepted_are_named():
    start = findings.page().split("\n| id", 1)[0]
    assert all(f"`{ident}`" in start for ident in sources.module("_plan.findings").NOT_ACCEPTABLE)


def test_the_options_of_an_option_are_on_the_page_of_variables():
    spec = yaml.safe_load((ROOT / "roles" / "tune" / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    rows = set(re.findall(r"^\| `([a-z_.]+)`", variables.page(), re.MULTILINE))
    assert {f"tune_options.{name}" for name in spec["tune_options"]["options"]} | {"handover_checks.traffic.max_failed"} <= rows
