# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTML file: whole, self-contained, escaped, and of a bounded size."""

from __future__ import annotations

import html.parser
import json
import re

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report import figure, files, model
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.markup import VOID, Markup, render, tag
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.page import page
from hypothesis import given
from hypothesis import strategies as st

EVIL = """</script><script>alert(1)</script>"'><img src=x onerror=alert(1)>&amp;"""


class Elements(html.parser.HTMLParser):
    """Every element with its attributes, and the text; fails where a tag is not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.found, self.text, self._open = [], [], []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):  # pylint: disable=redefined-outer-name
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):  # pylint: disable=redefined-outer-name
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def named(self, name):
        return [attributes for tag_name, attributes in self.found if tag_name == name]


def of_class(elements, name):
    return [attributes for _tag, attributes in elements.found if name in (attributes.get("class") or "").split()]


def test_the_page_is_whole_and_needs_nothing_else(three_nodes):
    text = page(model.read(three_nodes))
    elements = Elements(text)
    assert not [attributes for _tag, attributes in elements.found if {"src", "href", "srcset", "onclick"} & set(attributes)]
    assert not re.search(r"https?:|url\(|@import", text)
    assert {name for name, _attributes in elements.found} >= {"svg", "details", "script", "style"}
    assert len(of_class(elements, "node")) == 3
    words = " ".join(elements.text)
    for expected in ("Migration of cluster lab", "halted", "KUBE-IPTABLES-HINT", "it is kubelet's", "shop/web", "10.0 %", "See why worker-2"):
        assert expected in words, expected


def _everywhere(value):
    """The same data with something evil in every text and name that is free."""
    if isinstance(value, dict):
        fixed = ("severity", "series_columns")
        return {key if key in DOCUMENTED else key + EVIL: entry if key in fixed else _everywhere(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_everywhere(entry) for entry in value]
    return value + EVIL if isinstance(value, str) else value


DOCUMENTED = set(
    "cluster action check_mode started finished state reason versions findings waves nodes traffic next_steps id severity object found why remedy "
    "accepted kernel removed kept takeover_seconds status_before status_after steps error name began seconds ok by_table chains rules jumps "
    "tables sets virtual_servers interface backend family table chain set series_columns left_out max_lag_ms paths from service kind address port "
    "namespace requests refused timed_out reset other slow latency p50_ms p90_ms p99_ms max_ms backends errors series".split()
)


def test_nothing_that_was_found_becomes_markup(three_nodes):
    plain, evil = Elements(page(model.read(three_nodes))), Elements(page(model.read(_everywhere(three_nodes))))
    assert len(evil.named("script")) == len(plain.named("script")) == 1
    assert not evil.named("img")
    assert not [attributes for _tag, attributes in evil.found if any(key.startswith("on") for key in attributes)]
    assert EVIL in "".join(evil.text)


@given(st.text(), st.text())
def test_texts_and_attributes_come_back_as_they_were(text, value):
    wanted = text.replace("\r\n", "\n").replace("\r", "\n")
    parsed = Elements(tag("p", text, data_name=value))
    assert "".join(parsed.text).replace("\r\n", "\n").replace("\r", "\n") == wanted
    assert parsed.found[0][1]["data-name"] == value


def test_markup_is_put_in_as_it_is_and_once():
    assert tag("p", [tag("b", "<"), None, ["&"]], class_="x", hidden=True, title=None, x=1.04) == '<p class="x" hidden x="1"><b>&lt;</b>&amp;</p>'
    assert render(Markup("<i>")) == "<i>"


def test_without_times_there_is_no_picture_and_no_failure():
    text = page(model.read({"cluster": "lab", "nodes": {"n": {}}}))
    assert not Elements(text).named("svg")


def test_what_went_wrong_is_drawn_where_it_was(three_nodes):
    report = model.read(three_nodes)
    axis = figure.Axis.of(report)
    assert (axis.begin, axis.end) == (1767340810, 1767340980)
    picture = Elements(figure.traffic(report, report.traffic, axis))
    (refused,) = of_class(picture, "refused")
    assert float(refused["x"]) == pytest.approx(axis.x(1767340813), abs=0.1)
    assert "08:00:13: 3 refused" in picture.text
    assert "nothing: every request was answered in time" not in picture.text
    heights = {kind: float(of_class(picture, kind)[0]["height"]) for kind in ("refused", "reset", "slow")}
    assert heights["refused"] == pytest.approx(3 * heights["reset"], abs=0.2)
    assert sum(heights.values()) == pytest.approx(70, abs=0.2)


def test_a_quiet_run_says_so(three_nodes):
    path = three_nodes["traffic"]["paths"][1]
    three_nodes["traffic"]["paths"] = [path]
    report = model.read(three_nodes)
    assert "nothing: every request was answered in time" in Elements(figure.traffic(report, report.traffic, figure.Axis.of(report))).text


def test_the_time_line_has_every_step_of_every_node(three_nodes):
    report = model.read(three_nodes)
    picture = Elements(figure.timeline(report, figure.Axis.of(report)))
    assert [len(of_class(picture, kind)) for kind in ("take", "prove", "failed", "back")] == [2, 1, 1, 1]
    assert "worker-2: prove, 6.0 s from 08:01:10, failed" in picture.text


def test_a_thousand_nodes(fleet):
    text = page(model.read(fleet(1000, [1, 5, 200, 200, 200, 200, 194], failing=2, paths=20)))
    assert len(text) < 4_000_000
    elements = Elements(text)
    assert len(of_class(elements, "node")) == 1000
    rows = [text for text in elements.text if re.fullmatch(r"wave \d \(\d+\)", text)]
    assert rows == ["wave 1 (1)", "wave 2 (5)", *(f"wave {number} (200)" for number in (3, 4, 5, 6)), "wave 7 (194)"]
    assert [attributes["data-outcome"] for attributes in of_class(elements, "node")[:3]] == ["given back", "given back", "moved"]


def test_the_json_holds_the_data_and_the_folded_series(fleet):
    data = fleet(30, [5] * 6, failing=2, paths=6)
    document = json.loads(files.contents(data, model.read(data))["report.json"])
    assert document["nodes"] == data["nodes"]
    assert document["traffic"]["bucket_seconds"] == 2
    given_rows, kept_rows = data["traffic"]["paths"][5]["series"], document["traffic"]["paths"][5]["series"]
    assert len(kept_rows) <= len(given_rows) / 2 + 1
    assert [sum(row[column] for row in kept_rows) for column in range(1, 7)] == [sum(row[column] for row in given_rows) for column in range(1, 7)]
