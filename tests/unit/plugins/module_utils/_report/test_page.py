# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTML file: whole, self-contained, escaped, and of a bounded size."""

from __future__ import annotations

import base64
import html.parser
import json
import re
import time

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report import figure, files, model
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.advice import next_steps
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.gather import gather
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


@pytest.mark.parametrize("name", ["migrate", "halted", "check", "rollback"])
def test_the_page_is_whole_and_needs_nothing_else(told, name):
    report = model.read(told(name))
    text = page(report)
    elements = Elements(text)
    assert not [attributes for _tag, attributes in elements.found if {"src", "href", "srcset", "onclick"} & set(attributes)]
    assert not re.search(r"https?:|url\(|@import", text)
    assert {name for name, _attributes in elements.found} >= {"svg", "details", "script", "style"}
    assert len(of_class(elements, "node")) == len(report.nodes)
    words = " ".join(elements.text)
    expected = ["What to do next", report.versions["Kubernetes"], report.versions["Cilium"], "For the whole cluster: plan", "Module calls: at most"]
    expected += {"migrate": ["Migration of cluster", "settled", "off → on", "nothing of kube-proxy's is left", "What the plan said"],
                 "halted": ["Why it stopped", "kube-proxy has its rules again", "got kube-proxy back", "off → off"],
                 "check": ["check mode: nothing was changed", "would move", "off → ?", "a dry run watches nothing"],
                 "rollback": ["Rollback of cluster", "returned", "on → off"]}[name]  # fmt: skip
    for one in expected:
        assert one in words, one
    assert "? to ?" not in words


def _everywhere(value):
    """The same data with something evil in every text and name that is free."""
    if isinstance(value, dict):
        fixed = ("severity", "series_columns")
        return {key if key in DOCUMENTED else key + EVIL: entry if key in fixed else _everywhere(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_everywhere(entry) for entry in value]
    return value + EVIL if isinstance(value, str) else value


DOCUMENTED = set(
    "cluster action check_mode started finished state reason versions findings waves nodes traffic steps not_measured id severity object found why remedy "
    "accepted kernel removed kept clean unchecked takeover_seconds status_before status_after drift before error name began seconds ok by_table chains rules "
    "jumps tables sets virtual_servers interface backend family table chain set series_columns bucket_seconds left_out paths from service "
    "requests refused timed_out reset other slow latency p50_ms p90_ms p99_ms max_ms errors gone_at series calls api besides".split()
)


def test_nothing_that_was_found_becomes_markup(told):
    plain, evil = Elements(page(model.read(told("halted")))), Elements(page(model.read(_everywhere(told("halted")))))
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


def test_what_went_wrong_is_drawn_where_it_was(told):
    data = told("migrate")
    bucket, rows = data["traffic"]["bucket_seconds"], data["traffic"]["series"]
    for row in rows:
        row[2:] = [0] * 5
    rows[3][2:] = [3, 0, 1, 0, 2]
    report = model.read(data)
    axis = figure.Axis.of(report)
    picture = Elements(figure.traffic(report, report.traffic, axis))
    for kind in ("refused", "reset", "slow"):
        (mark,) = of_class(picture, kind)
        assert float(mark["x"]) == pytest.approx(axis.x(rows[3][0]), abs=0.1)
        assert float(mark["width"]) == pytest.approx(max(2, axis.x(bucket) - axis.x(0)), abs=0.1)
    assert not of_class(picture, "timed_out")
    heights = {kind: float(of_class(picture, kind)[0]["height"]) for kind in ("refused", "reset", "slow")}
    assert heights["refused"] == pytest.approx(3 * heights["reset"], abs=0.2)
    assert sum(heights.values()) == pytest.approx(70, abs=0.2)


def test_a_quiet_run_says_so(told):
    data = told("migrate")
    for row in data["traffic"]["series"]:
        row[2:] = [0] * 5
    report = model.read(data)
    assert "nothing: every request was answered in time" in Elements(figure.traffic(report, report.traffic, figure.Axis.of(report))).text


def test_the_time_line_has_every_step_of_the_cluster_and_of_every_node(told):
    report = model.read(told("halted"))
    picture = Elements(figure.timeline(report, figure.Axis.of(report)))
    steps = [step for node in report.nodes for step in node.steps]
    for kind, names in (("take", ["take_over"]), ("retire", ["retire"]), ("clean", ["clean"]), ("back", ["give_back"])):
        assert len(of_class(picture, kind)) == sum(step.name in names and step.ok for step in steps), kind
    assert len(of_class(picture, "failed")) == sum(not step.ok for step in steps) == 1
    assert [text.partition(",")[0] for text in picture.text if text.startswith("whole cluster: ")] == [f"whole cluster: {step.name}" for step in report.steps]


def test_a_path_is_drawn_with_the_worst_that_happened_and_told_in_full(told):
    report = model.read(told("migrate"))
    path = report.traffic.worst_first()[0]
    marks = Elements(figure.strip(path, figure.Axis.of(report), report.traffic.bucket))
    assert len(marks.named("rect")) == len(path.series)
    words = " ".join(Elements(page(report)).text)
    assert all(text in words for text in path.errors)


def test_a_benchmark_is_shown_as_its_own_picture(told, benchmark):
    elements = Elements(page(model.read({**told("migrate"), "benchmark": benchmark})))
    (image,) = elements.named("img")
    drawn = base64.b64decode(image["src"].removeprefix("data:image/svg+xml;base64,")).decode()
    assert "host to ClusterIP, worker-1, request, 10 Services" in drawn and image["alt"]
    assert "benchmark-20260102T030405Z.json" in " ".join(elements.text)


def test_findings_that_differ_in_their_object_only_are_one_row(told):
    data = told("migrate")
    one = {**data["findings"][0], "id": "same", "remedy": "Mend it."}
    data["findings"] = [{**one, "object": f"node worker-{number:04}"} for number in range(1000)]
    words = Elements(page(model.read(data))).text
    assert words.count("same") == 1 and "node worker-0000, worker-0001, worker-0002, worker-0003, worker-0004 and 995 more" in words
    assert "1,000 warnings" in " ".join(words) and any("node worker-0999" in text for text in words), "all of them are behind the few"


def test_a_thousand_nodes(fleet):
    text = page(model.read(fleet(1000, [1, 5, 200, 200, 200, 200, 194], failing=2)))
    assert len(text) < 4_000_000
    elements = Elements(text)
    assert len(of_class(elements, "node")) == 1000
    rows = [text for text in elements.text if re.fullmatch(r"wave \d \(\d+\)", text)]
    assert rows == ["wave 1 (1)", "wave 2 (5)", *(f"wave {number} (200)" for number in (3, 4, 5, 6)), "wave 7 (194)"]
    assert [attributes["data-outcome"] for attributes in of_class(elements, "node")[:3]] == ["given back", "given back", "moved"]


def test_eighteen_thousand_paths_are_made_in_seconds_and_some_megabytes(helper, left):
    """Of 1,000 nodes for an hour; on a fifth of them something went wrong on each path."""
    facts = helper("fleet").fleet(left("migrate"), left("halted"), 1000, [1, 5, 200, 200, 200, 200, 194])
    for number, host in enumerate(facts["hosts"]):
        traffic = host["traffic_seen"]["traffic"]
        traffic["paths"] = [{**path, "name": f"{path['name']} {index}"} for index, path in enumerate((traffic["paths"] * 18)[:18])]
        if number % 5:
            traffic["paths"] = [{**path, "refused": 0, "timed_out": 0, "reset": 0, "slow": 0, "errors": {}, "series": []} for path in traffic["paths"]]
    assert max(len(json.dumps(host["traffic_seen"])) for host in facts["hosts"]) < 60_000, "what one node sends"
    began = time.process_time()
    data = gather(**facts)
    written = files.contents(data, model.read(data))
    assert len(data["traffic"]["paths"]) == 18_000
    assert len(written["json"]) < 20_000_000 and len(written["html"]) < 5_000_000
    assert time.process_time() - began < 30


def test_the_json_holds_the_data_and_what_was_made_of_them(told):
    data = told("migrate")
    report = model.read(data)
    document = json.loads(files.contents(data, report)["json"])
    assert {key: document[key] for key in data} == data
    assert document["next_steps"] == next_steps(report) and document["summary"][0].startswith("cluster ")
