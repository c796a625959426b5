# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all plays of these tests run with."""

from __future__ import annotations

import os
import pathlib
import shutil
import sys

import pytest

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"

# The hosts are this machine; which Python Ansible would find on it depends on what else is installed.
os.environ["ANSIBLE_PYTHON_INTERPRETER"] = sys.executable


@pytest.fixture
def copy_role(tmp_path):
    """A function that copies a role, by name, to where a play in tmp_path finds it; each of its files of tasks is what text makes of its path."""

    def copy(name, text):
        role = tmp_path / "roles" / name
        for folder in ("vars", "defaults"):
            shutil.copytree(ROLES / name / folder, role / folder)
        (role / "tasks").mkdir()
        for path in (ROLES / name / "tasks").glob("*.yml"):
            (role / "tasks" / path.name).write_text(text(path), encoding="utf-8")
        (tmp_path / "ansible.cfg").touch()

    return copy
