# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In a real run of Ansible: the file is there while it lasts, private, and gone afterwards."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[4]
pytestmark = pytest.mark.skipif(not shutil.which("ansible-playbook"), reason="needs ansible")
KUBECONFIG = {"apiVersion": "v1", "kind": "Config", "clusters": [{"name": "a", "cluster": {"server": "https://192.0.2.1:6443"}}],
              "users": [{"name": "a", "user": {"token": "secret-word"}}]}  # fmt: skip


def run(folder, content):
    tasks = [
        {"ansible.builtin.set_fact": {"paths": ["{{ lookup('fleetops.kubeproxy_free.kubeconfig', content) }}"] * 2}},
        {"ansible.builtin.command": {"argv": ["stat", "-c", "%a %n", "{{ paths[0] }}"]}, "register": "seen"},
        {"ansible.builtin.copy": {"src": "{{ paths[1] }}", "dest": str(folder / "copied"), "mode": "0600"}},
        {"ansible.builtin.debug": {"msg": "SEEN {{ seen.stdout }}"}},
    ]
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": {"content": content}, "tasks": tasks}
    (folder / "playbook.yml").write_text(json.dumps([play]))
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(["ansible-playbook", "-vvv", "playbook.yml"], cwd=folder, env=environment, text=True, capture_output=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("content", [KUBECONFIG, yaml.safe_dump(KUBECONFIG)])
def test_a_file_for_the_time_of_the_run(tmp_path, content):
    code, said = run(tmp_path, content)
    assert code == 0, said
    mode, path = said.split("SEEN ")[1].split('"')[0].split()[:2]
    assert mode == "600" and not pathlib.Path(path).exists()
    assert yaml.safe_load((tmp_path / "copied").read_text()) == KUBECONFIG and "secret-word" not in said


@pytest.mark.parametrize("content", ["secret-word: {", "secret-word", {"secret-word": 1}])
def test_other_content_is_refused_without_showing_it(tmp_path, content):
    code, said = run(tmp_path, content)
    assert code != 0 and "expected a kubeconfig" in said
    assert "secret-word" not in said.split("expected a kubeconfig")[0].rsplit("[ERROR]", 1)[1]
