# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every finding of the plan, read from the calls that make it, and every finding of the diagnosis."""

from __future__ import annotations

import ast
import pathlib
from typing import Iterable, Iterator, Optional

from tools.documents.markdown import table
from tools.documents.sources import module

RULES = pathlib.Path(__file__).resolve().parents[2] / "plugins" / "module_utils" / "_plan"
HEADS = ("id", "severity", "about", "why it matters", "what to do")


def page() -> str:
    kinds = module("_diagnose.found").KINDS
    return "\n".join([
        "# Findings\n\nWhat `plan` says, each by its `id`. A blocker stops `migrate` before anything changes; `kpr_accept_findings: [id]`, or "
        "`id@object`, takes one upon yourself. Three dots stand for what the finding names. "
        "Findings on Helm values are in [versions.md](versions.md#helm-values).\n",
        table(HEADS, sorted(set(_of_the_plan()))),
        "## Of a diagnosis\n\nWhat `diagnose` says.\n",
        table(("id", "severity", "why it matters", "what to do"), [(f"`{name}`", severity, why, remedy) for name, (severity, why, remedy) in kinds.items()]),
    ])  # fmt: skip


def _of_the_plan() -> Iterator[tuple[str, ...]]:
    for path in sorted(RULES.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
            said = {**_assigned(tree.body), **_assigned(ast.walk(function))}
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "finding" and len(call.args) == 6:
                    ident, severity, item, _found, why, remedy = call.args
                    if isinstance(ident, ast.Constant):
                        yield f"`{ident.value}`", _severity(severity, said), _text(item, said), _text(why, said), _text(remedy, said)
        yield from _of_a_table(tree)


def _assigned(nodes: Iterable[ast.AST]) -> dict[str, ast.expr]:
    """Names of texts."""
    return {node.targets[0].id: node.value for node in nodes if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}


def _of_a_table(tree: ast.Module) -> Iterator[tuple[str, ...]]:
    """BEHAVIOUR of the Services and SETTINGS of kube-proxy: rows that one call makes findings of."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Tuple):
            for row in node.value.elts:
                cells = row.elts if isinstance(row, ast.Tuple) else []
                if node.targets[0].id == "BEHAVIOUR":
                    yield f"`{cells[1].value}`", _severity(cells[2]), "the cluster's Services", _text(cells[4]), _text(cells[5])
                if node.targets[0].id == "SETTINGS" and len(cells) == 6:
                    name = cells[0].value.replace(".", "-").lower()
                    yield f"`kube-proxy-{name}`", _severity(cells[2]), "ConfigMap kube-system/kube-proxy", _text(cells[4]), _text(cells[5])


def _severity(node: ast.expr, said: Optional[dict[str, ast.expr]] = None) -> str:
    if isinstance(node, ast.Name) and node.id in (said or {}):
        node = said[node.id]
    names = [one.id.lower() for one in ast.walk(node) if isinstance(one, ast.Name) and one.id in ("BLOCKER", "WARNING", "NOTE")]
    return " or ".join(dict.fromkeys(names)) or "..."


def _text(node: ast.expr, said: Optional[dict[str, ast.expr]] = None) -> str:
    """Its constant parts, with those of the texts that it names; three dots for the rest."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, said) for part in node.values)
    if isinstance(node, ast.BinOp):
        return _text(node.left, said) + _text(node.right, said)
    if isinstance(node, ast.IfExp):
        return f"{_text(node.body, said)} Or: {_text(node.orelse, said)}"
    if isinstance(node, ast.Name) and isinstance((said or {}).get(node.id), (ast.Constant, ast.JoinedStr, ast.Call, ast.IfExp)):
        return _text(said[node.id])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "node":
        return "a node"
    if isinstance(node, ast.Attribute) and node.attr == "name":
        return "the cluster"
    return "..."
