# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the documentation site: the guides of docs/, and a page for each module, plugin and role, read from the collection by antsibull-docs.

Its tools are many and heavy, so they have a virtual environment of their own, made by the first call.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys

import setup
import yaml

ROOT = setup.ROOT
SITE = setup.WORK / "site"
REQUIREMENTS = ROOT / "tools" / "site-requirements.txt"
NAME = "fleetops.kubeproxy_free"
#: A link that leads nowhere is a warning, and warnings end the build.
CONFIGURATION = """
project = "fleetops.kubeproxy_free"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]
html_theme = "sphinx_ansible_theme"
html_theme_options = {"display_version": False, "documentation_home_url": "index.html", "vcs_pageview_mode": "edit"}
html_show_sphinx = html_show_copyright = html_show_sourcelink = False
"""
INDEX = """# fleetops.kubeproxy_free

```{{toctree}}
:maxdepth: 1
:caption: Guides

{guides}
```

```{{toctree}}
:maxdepth: 2
:caption: Modules, plugins and roles

collections/index
```
"""
#: What antsibull-docs refers to and only Ansible's own documentation has.
ANSIBLE = """:orphan:

.. _action_plugins:
.. _ansible_configuration_settings:
.. _callback_plugins:
.. _common_return_values:

Ansible's own documentation
===========================

Action plugins, settings, common return values and how callback plugins are switched on: https://docs.ansible.com

.. envvar:: ANSIBLE_CALLBACKS_ENABLED

   Names of callback plugins that are switched on.
"""


def guides() -> list[str]:
    """The guides in the order of docs/README.md, which is a table of them."""
    return re.findall(r"^\| \[(\w[\w-]*)\.md\]", (ROOT / "docs" / "README.md").read_text(encoding="utf-8"), re.MULTILINE)


def copy_collection(target: pathlib.Path) -> None:
    """The collection with templated defaults told in words: antsibull-docs wants defaults of the option's own type."""
    for name in ("plugins", "roles", "meta", "playbooks"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "galaxy.yml", target)
    for path in target.glob("roles/*/meta/argument_specs.yml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for entry in document["argument_specs"].values():
            for option in entry["options"].values():
                if "{{" in str(option.get("default", "")):
                    said = option["description"] if isinstance(option["description"], list) else [option["description"]]
                    template = option.pop("default").strip().replace("\\", "\\\\").replace(")", "\\)")
                    option["description"] = [*said, f"Default is V({template})."]
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def main() -> None:
    venv = setup.make_venv(sys.executable, ".".join(map(str, sys.version_info[:3])), REQUIREMENTS)
    source = SITE / "source"
    shutil.rmtree(SITE, ignore_errors=True)
    source.mkdir(parents=True)
    (source / "conf.py").write_text(CONFIGURATION, encoding="utf-8")
    (source / "index.md").write_text(INDEX.format(guides="\n".join(f"guides/{name}" for name in guides())), encoding="utf-8")
    (source / "ansible.rst").write_text(ANSIBLE, encoding="utf-8")
    shutil.copytree(ROOT / "docs", source / "guides", ignore=shutil.ignore_patterns("README.md"))
    shutil.copytree(ROOT / "rbac", source / "rbac")  # guides link to it
    copies = SITE / "ansible_collections"
    copy_collection(copies / "fleetops" / "kubeproxy_free")
    (copies / "kubernetes").symlink_to(setup.WORK / "ansible_collections" / "kubernetes")
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(SITE), "PATH": f"{os.environ['PATH']}{os.pathsep}{venv / 'bin'}"}
    setup.say("read the modules, plugins and roles")
    (source / "collections").mkdir()
    command = [venv / "bin" / "antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir", source / "collections"]
    subprocess.run([*command, NAME], env=environment, check=True)
    setup.say("make the pages")
    subprocess.run([venv / "bin" / "sphinx-build", "-q", "-W", "--keep-going", "-b", "html", source, SITE / "html"], env=environment, check=True)
    setup.say(f"the site is {(SITE / 'html' / 'index.html').relative_to(ROOT)}")


if __name__ == "__main__":
    main()
