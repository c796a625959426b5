# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's files: report.json and report.html in one folder."""

from __future__ import annotations

import json
import os
import pathlib
import tempfile
from typing import Any

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report import summary
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.model import Report
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.page import page
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.traffic import SERIES_COLUMNS, as_rows


def contents(data: dict[str, Any], report: Report) -> dict[str, str]:
    """What the files hold, by name. The JSON has the data as they were given, the series as they were folded."""
    document = {**data, "summary": summary.lines(report)}
    if report.traffic:
        paths = [{**given, "series": as_rows(read.series)} for given, read in zip(data["traffic"]["paths"], report.traffic.paths)]
        document["traffic"] = {**data["traffic"], "paths": paths, "series_columns": list(SERIES_COLUMNS), "bucket_seconds": report.traffic.bucket}
    return {"report.json": json.dumps(document) + "\n", "report.html": page(report)}


def outdated(folder: str, wanted: dict[str, str]) -> list[str]:
    """The names of those files that are not there as wanted."""
    return [name for name, text in wanted.items() if not _is(pathlib.Path(folder, name), text)]


def write(folder: str, wanted: dict[str, str]) -> None:
    """Each file is there whole or not at all, and for its owner only."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    for name, text in wanted.items():
        handle, draft = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(draft, os.path.join(folder, name))
        except BaseException:
            os.unlink(draft)
            raise


def _is(path: pathlib.Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (FileNotFoundError, UnicodeDecodeError):
        return False
