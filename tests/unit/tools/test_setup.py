# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from ansible_collections.fleetops.kubeproxy_free.tools import setup


@pytest.fixture
def interpreters(tmp_path, monkeypatch):
    """A PATH that holds nothing but the interpreters it is told to have; each is a script that prints its version or fails."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(setup, "KNOWN_PATHS", ())

    def add(minor, script):
        path = tmp_path / f"python{minor}"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return add


def test_the_newest_interpreter_that_works_is_taken(interpreters):
    interpreters("3.13", "echo no such version >&2; exit 127")  # a dead shim of pyenv
    middle = interpreters("3.12", "echo 3.12.7")
    interpreters("3.11", "echo 3.11.2")
    assert setup.find_python("") == (middle, "3.12.7")


def test_the_wanted_interpreter_is_taken_or_none(interpreters):
    old = interpreters("3.11", "echo 3.11.2")
    interpreters("3.12", "echo 3.12.7")
    assert setup.find_python("3.11") == (old, "3.11.2")
    assert setup.find_python(old) == (old, "3.11.2")
    assert setup.find_python("3.13") is None
    assert setup.find_python("/nowhere/python3") is None


def test_an_interpreter_without_ensurepip_is_not_usable(tmp_path):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "import sys; sys.modules[\'ensurepip\'] = None; exec(sys.argv[2])" "$@"\n')
    python.chmod(0o755)
    assert setup.python_version(sys.executable)
    assert setup.python_version(str(python)) is None


@pytest.fixture
def link(tmp_path, monkeypatch):
    """A place for a link, and what it shall lead to, which has a file."""
    monkeypatch.setattr(setup, "WORK", tmp_path / "a checkout")
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "kept").touch()
    return setup.WORK / "ansible_collections" / "fleetops" / "kubeproxy_free", tmp_path / "target"


def test_a_link_is_made_and_one_to_elsewhere_replaced(link, tmp_path):
    path, target = link
    setup.link(path, tmp_path)
    setup.link(path, target)
    setup.link(path, target)
    assert path.readlink() == target and (target / "kept").exists()


def test_a_folder_in_the_place_of_a_link_is_named_and_what_to_type_makes_room(link):
    path, target = link
    path.mkdir(parents=True)
    (path / "MANIFEST.json").touch()
    with pytest.raises(SystemExit) as stopped:
        setup.link(path, target)
    assert f"{path} is a folder; expected a link to {target}" in stopped.value.code and (path / "MANIFEST.json").exists()
    subprocess.run(shlex.split(stopped.value.code.partition("again: ")[2]), check=True)
    setup.link(path, target)
    assert path.readlink() == target
