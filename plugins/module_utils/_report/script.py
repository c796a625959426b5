# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sorting and filtering of the nodes' list. Without it the page shows the same, in the order of the waves."""

from __future__ import annotations

JAVASCRIPT = """
'use strict';
document.documentElement.classList.add('js');
const list = document.getElementById('nodes');
if (list) {
  const nodes = Array.from(list.querySelectorAll('.node'));
  const find = document.getElementById('find'), outcome = document.getElementById('outcome'), shown = document.getElementById('shown');
  const texts = new Map(nodes.map(node => [node, node.querySelector('summary').textContent.toLowerCase()]));
  const filter = () => {
    const words = find.value.toLowerCase().split(/\\s+/);
    let count = 0;
    for (const node of nodes) {
      const fits = words.every(word => texts.get(node).includes(word)) && (!outcome.value || node.dataset.outcome === outcome.value);
      node.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count} of ${nodes.length} nodes`;
  };
  find.addEventListener('input', filter);
  outcome.addEventListener('change', filter);
  filter();
  const heads = Array.from(list.querySelectorAll('.columns > *'));
  const value = (node, column) => node.querySelectorAll('summary > span')[column].dataset.sort;
  const compare = new Intl.Collator('en', {numeric: true}).compare;
  heads.forEach((head, column) => head.querySelector('button').addEventListener('click', () => {
    const down = head.getAttribute('aria-sort') === 'ascending';
    for (const other of heads) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const sorted = nodes.map(node => [value(node, column), node]).sort((one, other) => (down ? -1 : 1) * compare(one[0], other[0]));
    list.append(...sorted.map(entry => entry[1]));
  }));
}
"""
