# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the pages of docs/ that are made from the collection's own data: variables, findings, versions. A test holds them to it."""

from __future__ import annotations

import pathlib

from tools.documents import findings, variables, versions

DOCS = pathlib.Path(__file__).resolve().parents[1] / "docs"
NOTE = "<!-- Made by `make docs` from the collection's data; do not edit. -->\n\n"
PAGES = {"variables.md": variables.page, "findings.md": findings.page, "versions.md": versions.page}


def outdated() -> dict[pathlib.Path, str]:
    """The pages that are not what their data say, with what they shall be."""
    wanted = {DOCS / name: NOTE + page() for name, page in PAGES.items()}
    return {path: text for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text}


def main() -> None:
    for path, text in outdated().items():
        path.write_text(text, encoding="utf-8")
        print(f"docs: wrote {path.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    main()
