# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every finding of the plan and of Helm values, read from the calls that make it, and every finding of the diagnosis."""

from __future__ import annotations

import ast
import pathlib
import types
from typing import Iterable, Iterator, Optional

from tools.documents.markdown import table
from tools.documents.sources import module

UTILS = pathlib.Path(__file__).resolve().parents[2] / "plugins" / "module_utils"
HEADS = ("id", "severity", "about", "why it matters", "what to do")
#: A kernel that has nothing of what Cilium looks for, so that everything is said of it.
BARE = {"release": "4.9.0", "config": {}, "config_source": "", "modules": [], "probed": {}, "mounts": [], "filesystems": [], "jit": "0",
        "cgroup_programs": [{"name": "other", "id": 1, "attach_type": "", "multi": False}]}  # fmt: skip


def page() -> str:
    kinds = module("_diagnose.found").KINDS
    refused = ", ".join(f"`{ident}`" for ident in sorted(module("_plan.findings").NOT_ACCEPTABLE))
    return "\n".join([
        "# Findings\n\nWhat `plan` says, each by its `id`. A blocker stops `migrate` before anything changes; `kpr_accept_findings: [id]`, or "
        "`id@object`, takes one upon yourself, but for those from which nothing can follow: " + refused + ". Three dots stand for what the finding names. "
        "Those on a node's kernel (`kernel...`) have the severity and the remedy that they have at worst; what cannot be told is a warning.\n",
        table(HEADS, sorted({*_of_the_plan(), *_of_kernels()})),
        "## Of Helm values\n\nWhat `plan` says of them as well, as do `migrate`, `tune` and `bootstrap` before they set them. Accepting a blocker of these in "
        "the plan only moves the failure there. Which keys and words a chart takes is in [versions.md](versions.md#helm-values).\n",
        table(("id", "severity", "Helm value", "why it matters", "what to do"), sorted(set(_of_values()))),
        "## Of a diagnosis\n\nWhat `diagnose` says.\n",
        table(("id", "severity", "why it matters", "what to do"), [(f"`{name}`", severity, why, remedy) for name, (severity, why, remedy) in kinds.items()]),
    ])  # fmt: skip


def _of_the_plan() -> Iterator[tuple[str, ...]]:
    for path in sorted((UTILS / "_plan").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        yield from _called(tree, f"_plan.{path.stem}")
        yield from _of_a_table(tree)


def _of_values() -> Iterator[tuple[str, ...]]:
    for name in ("values", "value_checks"):
        yield from _called(ast.parse((UTILS / "_cilium" / f"{name}.py").read_text(encoding="utf-8")), f"_cilium.{name}")
    for effect, (severity, why) in module("_cilium.values").EFFECTS.items():
        yield f"`value-{effect}`", severity, "...", why, "use now: ..."


def _of_kernels() -> Iterator[tuple[str, ...]]:
    """What the rule itself says of a node with a bare kernel, for each Cilium."""
    compat, features = module("_cilium.compat"), ("kube_proxy_replacement", "service_mounts")
    for minor in map(compat.dotted, compat.MINORS):
        verdicts = module("_kernel.judge").verdicts(BARE, module("_kernel.release").parse(BARE["release"]), minor, features)
        picture = types.SimpleNamespace(read_nodes={"": {"kernel_check": {"verdicts": verdicts}}}, wanted={"cilium_version": "..."})
        for one in module("_plan.nodes").kernel(picture):
            yield f"`{one['id']}`", one["severity"], "a node", one["why"], one["remedy"]


def _called(tree: ast.Module, path: str) -> Iterator[tuple[str, ...]]:
    """A row for each call in the module's functions that makes a finding whose id is written there."""
    known = _assigned(tree.body)
    made = {name: ast.Constant(text) for name, text in vars(module(path)).items() if name in known and isinstance(text, str)}  # of a table, too
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        said = {**known, **made, **_assigned(ast.walk(function))}
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "finding" and len(call.args) == 6:
                ident, severity, item, _found, why, remedy = call.args
                for name in _idents(ident, function):
                    yield f"`{name}`", _severity(severity, said), _text(item, said), _text(why, said), _text(remedy, said)


def _idents(ident: ast.expr, function: ast.FunctionDef) -> Iterator[str]:
    """A constant one, or those that a loop over rows in the code makes of one: cilium-{what}-not-ready."""
    if isinstance(ident, ast.Constant):
        yield ident.value
    for loop in ast.walk(function):
        if isinstance(ident, ast.JoinedStr) and isinstance(loop, ast.For) and isinstance(loop.target, ast.Tuple) and isinstance(loop.iter, ast.Tuple):
            yield from (_text(ident, {name.id: cell for name, cell in zip(loop.target.elts, row.elts)}) for row in loop.iter.elts)


def _assigned(nodes: Iterable[ast.AST]) -> dict[str, ast.expr]:
    """Names of texts."""
    found = {}
    for node in nodes:
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            pairs = zip(target.elts, value.elts) if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) else [(target, value)]
            found.update({name.id: text for name, text in pairs if isinstance(name, ast.Name)})
    return found


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
    if isinstance(node, ast.Constant):
        return str(node.value)
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
    if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Name) and isinstance((said or {}).get(node.value.id), ast.Constant):
        return _text(said[node.value.id])
    if isinstance(node, ast.BinOp):
        return _text(node.left, said) + _text(node.right, said)
    if isinstance(node, ast.IfExp):
        return " Or: ".join(filter(None, (_text(node.body, said), _text(node.orelse, said))))
    if isinstance(node, ast.Name) and isinstance((said or {}).get(node.id), (ast.Constant, ast.JoinedStr, ast.Call, ast.IfExp)):
        return _text(said[node.id])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "node":
        return "a node"
    if isinstance(node, ast.Attribute) and node.attr == "name":
        return "the cluster"
    return "..."
