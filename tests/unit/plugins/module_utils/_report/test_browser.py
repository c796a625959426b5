# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page in a real browser, where there is one. KPR_REPORT_PICTURES=folder keeps pictures to look at."""

from __future__ import annotations

import os
import pathlib
import re

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report import model
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.page import page

SHOWN = "[...document.querySelectorAll('.node')].filter(node => !node.hidden)"


@pytest.fixture(scope="module")
def browser(helper, request, tmp_path_factory):
    if request.config.pluginmanager.hasplugin("ansible_forked"):
        pytest.skip("ansible-test forks for each test, and every child would leave its browser behind; `make browser` runs this")
    module = helper("browser")
    if not module.PROGRAM:
        pytest.skip(f"needs one of {', '.join(module.BROWSERS)}: make browser")
    started = module.Browser(tmp_path_factory.mktemp("browser"))
    yield started
    started.close()


@pytest.fixture(scope="module")
def written(fleet, benchmark, tmp_path_factory):
    """Files of a small and a large cluster, by number of nodes."""
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for number, data in ((12, fleet(12, [1, 5, 6], failing=2)), (1000, fleet(1000, [1, 5, 200, 200, 200, 200, 194], failing=2))):
        found[number] = folder / f"{number}.html"
        found[number].write_text(page(model.read({**data, "benchmark": benchmark})), encoding="utf-8")
    return found


@pytest.mark.browser
@pytest.mark.parametrize("nodes", [12, 1000])
@pytest.mark.parametrize("scheme, width", [("light", 1280), ("dark", 1280), ("light", 390)])
def test_it_fits_and_can_be_read(browser, written, nodes, scheme, width):
    browser.open(written[nodes], width, scheme)
    assert browser.problems() == []
    assert browser.value("document.documentElement.scrollWidth <= innerWidth"), "the page moves sideways"
    if width == 1280:
        assert browser.value("[...document.querySelectorAll('.scroll')].filter(box => box.scrollWidth > box.clientWidth + 1).length") == 0, "a table is cut off"
    assert browser.value("document.images.length == 1 && document.images[0].naturalWidth > 0"), "the benchmark's picture is not allowed"
    assert browser.value("[...document.querySelectorAll('section, .tile')].every(box => box.getBoundingClientRect().height > 20)")
    background, ink = (_light(browser.value(f"getComputedStyle(document.body).{what}")) for what in ("backgroundColor", "color"))
    assert (background > 0.8, ink < 0.1) == (scheme == "light",) * 2
    for selector in ("h2", ".quiet", ".bad", ".good", ".legend", ".tile span"):
        colour = _light(browser.value(f"getComputedStyle(document.querySelector({selector!r})).color"))
        card = _light(browser.value("getComputedStyle(document.querySelector('section')).backgroundColor"))
        assert _contrast(colour, card) >= 4.5, selector
    if "KPR_REPORT_PICTURES" in os.environ:
        browser.picture(pathlib.Path(os.environ["KPR_REPORT_PICTURES"], f"report-{nodes}-{scheme}-{width}.png"))


@pytest.mark.browser
def test_texts_of_a_picture_do_not_overlap(browser, written):
    browser.open(written[1000])
    overlapping = browser.value("""[...document.querySelectorAll('section svg:not(.strip)')].flatMap(svg => {
      const boxes = [...svg.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]).filter(entry => entry[0]);
      return boxes.flatMap(([one, a], index) => boxes.slice(index + 1).filter(([, b]) =>
        a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2).map(([other]) => `${one} / ${other}`));
    })""")
    assert overlapping == []


@pytest.mark.browser
def test_nodes_are_filtered(browser, written):
    browser.open(written[1000])
    assert browser.value(f"{SHOWN}.length") == 1000
    browser.value("const find = document.getElementById('find'); find.value = 'worker-00 6.8'; find.dispatchEvent(new Event('input'))")
    names = browser.value(f"{SHOWN}.map(node => node.querySelector('summary').textContent)")
    assert 0 < len(names) < 99 and all("worker-00" in name and "6.8" in name for name in names)
    assert browser.value("shown.textContent") == f"{len(names)} of 1000 nodes"
    browser.value("document.getElementById('find').value = ''; const outcome = document.getElementById('outcome'); outcome.value = 'given back'; "
                  "outcome.dispatchEvent(new Event('change'))")  # fmt: skip
    assert browser.value(f"{SHOWN}.map(node => node.dataset.outcome)") == ["given back"] * 2


@pytest.mark.browser
def test_nodes_are_sorted_by_each_column(browser, written):
    browser.open(written[12])
    columns = browser.value("[...document.querySelectorAll('.columns button')].map(button => button.textContent)")
    assert len(columns) == 8
    for column, name in enumerate(columns):
        values = f"[...document.querySelectorAll('.node')].map(node => node.querySelectorAll('summary > span')[{column}].dataset.sort)"
        browser.value(f"document.querySelectorAll('.columns button')[{column}].click()")
        up = [_natural(value) for value in browser.value(values)]
        browser.value(f"document.querySelectorAll('.columns button')[{column}].click()")
        assert up == sorted(up), name
        assert [_natural(value) for value in browser.value(values)] == up[::-1], name
    assert browser.value("document.querySelectorAll('[aria-sort]').length") == 1


@pytest.mark.browser
def test_a_node_opens_to_its_steps_and_rules(browser, written):
    browser.open(written[12])
    assert "give_back" not in browser.value("document.getElementById('nodes').innerText")
    browser.value("document.querySelector('.node > summary').click()")
    text = browser.value("document.querySelector('.node').innerText")
    for expected in ("give_back", "nft ip nat", "it is kubelet's: nft ip", "kube-proxy has its rules again", "check on worker1"):
        assert expected in text


@pytest.mark.browser
def test_without_script_everything_is_there(browser, written):
    browser.open(written[12], script=False)
    assert browser.problems() == []
    assert browser.value("document.querySelectorAll('.node:not([hidden])').length") == 12
    assert browser.value("getComputedStyle(document.querySelector('.tools')).display") == "none"


@pytest.mark.browser
def test_no_other_script_may_run(browser, written, tmp_path):
    """The last fence: even text that got in as markup is not run."""
    broken = tmp_path / "broken.html"
    broken.write_text(
        written[12]
        .read_text(encoding="utf-8")
        .replace("</header>", "</header><script>document.title = 'taken'</script><img src=x onerror=\"document.title='taken'\">")
    )
    browser.open(broken)
    assert browser.value("document.title") == "Migration of cluster prod-eu-1"
    assert browser.problems()


def _natural(value):
    """Texts sort as the page's collator does with numbers in them."""
    if re.fullmatch(r"-?\d+(\.\d+)?", value):
        return [float(value)]
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", value) if part]


def _light(colour):
    """Relative luminance of rgb(...), as the accessibility guidelines define it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one, other):
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
