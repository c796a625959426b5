# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's files: one of JSON and one of HTML for each run, and links with constant names to those of the latest real run."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import re
import tempfile
import time
from typing import Any

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report import summary
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.advice import next_steps
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.model import Report
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.page import page


def stem(report: Report) -> str:
    """report-20261124T234500Z-migrate, and so on; a dry run's ends in -check."""
    ended = datetime.datetime.fromtimestamp(time.time() if report.finished is None else report.finished, datetime.timezone.utc)
    action = re.sub(r"[^A-Za-z0-9_.]", "_", report.action)
    return f"report-{ended:%Y%m%dT%H%M%SZ}-{action}{'-check' if report.check_mode else ''}"


def contents(data: dict[str, Any], report: Report) -> dict[str, str]:
    """What the files hold, by their endings."""
    return {"json": json.dumps({**data, "next_steps": next_steps(report), "summary": summary.lines(report)}) + "\n", "html": page(report)}


def outdated(stems: pathlib.Path, wanted: dict[str, str]) -> bool:
    """Whether a file is not there as wanted."""
    return not all(_is(stems.with_name(f"{stems.name}.{ending}"), text) for ending, text in wanted.items())


def write(stems: pathlib.Path, wanted: dict[str, str], latest: bool) -> None:
    """Each file is there whole or not at all, and for its owner only. latest: whether report.json and report.html lead to them from now on."""
    os.makedirs(stems.parent, mode=0o700, exist_ok=True)
    for ending, text in wanted.items():
        with tempfile.TemporaryDirectory(dir=stems.parent, prefix=".report") as drafts:
            draft, name = pathlib.Path(drafts, "draft"), f"{stems.name}.{ending}"
            draft.touch(mode=0o600)
            draft.write_text(text, encoding="utf-8")
            draft.replace(stems.with_name(name))
            if latest:
                draft.symlink_to(name)
                draft.replace(stems.with_name(f"report.{ending}"))


def _is(path: pathlib.Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (FileNotFoundError, UnicodeDecodeError):
        return False
