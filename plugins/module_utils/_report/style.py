# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the report looks; the colours follow the reader's light or dark setting and stay apart for colour-blind eyes."""

from __future__ import annotations

CSS = """
:root { color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --ink: #1b2330; --quiet: #5b6676; --line: #d9dee6; --band: #eef1f6; --band2: #e2e8f2; --accent: #2563c9;
  --good: #1a7f4b; --bad: #c22b2b; --warn: #9a6200;
  --ok: #9cc3ea; --refused: #c22b2b; --timed_out: #e0731d; --reset: #7d3fb5; --other: #6b6f76; --slow: #d9ad12;
  --take: #2563c9; --prove: #35a58a; --retire: #c98a1b; --clean: #7d5fc4; --back: #d4562f; --step: #8a94a3; }
@media (prefers-color-scheme: dark) { :root {
  --page: #12161c; --card: #1a2029; --ink: #e4e9f0; --quiet: #9aa6b6; --line: #313a47; --band: #212936; --band2: #293345; --accent: #7fb0ff;
  --good: #5bd08f; --bad: #ff7b72; --warn: #e8b04a;
  --ok: #3a6ea5; --refused: #ff6b61; --timed_out: #f59a4b; --reset: #b98aec; --other: #a0a6b0; --slow: #ecd05a;
  --take: #5e9bff; --prove: #4cc7a9; --retire: #e0a940; --clean: #a98df0; --back: #ff8a63; --step: #7d8899; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem 1rem 4rem; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; overflow-wrap: anywhere; } h2 { margin: 0 0 .6rem; font-size: 1.1rem; } h3 { margin: .8rem 0 .3rem; font-size: .95rem; }
p { margin: .3rem 0; } p, li { overflow-wrap: anywhere; } .quiet { color: var(--quiet); fill: var(--quiet); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.2rem; margin-top: 1rem; }
.badge { display: inline-block; padding: .1rem .6rem; border-radius: 1rem; border: 1px solid currentColor;
  font-size: .85rem; font-weight: 600; vertical-align: middle; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.alert { border-left: 5px solid var(--bad); overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1rem; margin-top: 1rem; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .8rem 1rem; }
.tile b { display: block; font-size: 1.3rem; line-height: 1.4; } .tile span { color: var(--quiet); font-size: .85rem; }
svg { display: block; width: 100%; height: auto; font: 11px system-ui, sans-serif; } svg.strip { width: 11rem; } ul + .scroll { margin-top: 1rem; }
.label { fill: var(--quiet); } .axis { stroke: var(--line); } .tick { stroke: var(--line); stroke-dasharray: 2 4; }
.wave { fill: var(--band); } .wave.odd { fill: var(--band2); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .5rem 0 0; padding: 0; list-style: none; color: var(--quiet); font-size: .85rem; }
.legend svg { display: inline-block; width: .8rem; height: .8rem; margin-right: .4rem; vertical-align: -1px; }
.scroll { overflow: auto; max-height: 30rem; } .scroll > svg { min-width: 44rem; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
thead th { position: sticky; top: 0; background: var(--card); }
th { text-align: left; white-space: nowrap; color: var(--quiet); font-weight: 600; }
th, td { padding: .35rem .7rem .35rem 0; border-top: 1px solid var(--line); vertical-align: top; }
thead th { border-top: 0; border-bottom: 1px solid var(--line); } tbody tr:first-child td { border-top: 0; }
.findings table { table-layout: fixed; min-width: 50rem; } .findings th:nth-child(-n+2) { width: 15%; } .findings th:nth-child(3) { width: 20%; }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td { overflow-wrap: anywhere; } td.name { min-width: 7rem; } td.path { min-width: 16rem; } td.zero { color: var(--quiet); }
.node > summary, .columns { display: grid; min-width: 62rem; gap: 0 .8rem; align-items: baseline; padding: .35rem .2rem;
  grid-template-columns: 1rem minmax(8rem, 2fr) 3.2rem minmax(8rem, 1.6fr) minmax(11rem, 2fr) 5.5rem minmax(8rem, 1.4fr) minmax(9rem, 1.6fr) 6rem; }
.node { border-top: 1px solid var(--line); font-size: .9rem; content-visibility: auto; contain-intrinsic-size: auto 2.2rem; min-width: 62rem; }
.node > summary { cursor: pointer; list-style: none; } .node > summary::-webkit-details-marker { display: none; }
.node > summary::before { content: "\\25b8"; color: var(--quiet); } .node[open] > summary::before { content: "\\25be"; }
.node > summary:hover { background: var(--band); } .node span { overflow-wrap: anywhere; }
#nodes { max-height: 80vh; overflow: auto; }
.columns { position: sticky; top: 0; z-index: 1; background: var(--card); font-size: .85rem; color: var(--quiet); font-weight: 600; }
.columns > :first-child { grid-column: 2; }
.columns button { all: unset; cursor: pointer; } .columns button:focus-visible { outline: 2px solid var(--accent); }
.columns [aria-sort=ascending] button::after { content: " \\25b4"; } .columns [aria-sort=descending] button::after { content: " \\25be"; }
.inside { padding: .2rem 1rem 1rem 1.8rem; display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 0 2rem; }
.inside .alert { grid-column: 1 / -1; padding-left: .8rem; }
.tools { display: none; gap: .6rem; flex-wrap: wrap; align-items: center; margin-bottom: .6rem; } .js .tools { display: flex; }
input, select { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--line); border-radius: 6px; padding: .3rem .6rem; }
details > summary { cursor: pointer; } ol, ul { margin: .3rem 0; padding-left: 1.3rem; } code { font-size: .9em; }
@media print { body { background: none; } .tools { display: none !important; } .scroll, #nodes { max-height: none; } section, .tile { break-inside: avoid; } }
"""

# Fills of what the pictures and their legends show.
CSS += "".join(
    f"rect.{name} {{ fill: var(--{name}); }}\n"
    for name in ("refused", "timed_out", "reset", "other", "slow", "take", "prove", "retire", "clean", "back", "step")
)
CSS += "rect.failed { fill: var(--bad); }\n"
CSS += "rect.ok, path.ok { fill: var(--ok); }\n"
