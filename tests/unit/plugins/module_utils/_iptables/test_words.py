# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables.words import Unreadable, split


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("-A INPUT -j ACCEPT", ["-A", "INPUT", "-j", "ACCEPT"]),
        ('-m comment --comment "a b"', ["-m", "comment", "--comment", "a b"]),
        (r'--comment "say \"hi\", it\'s a \\ b"', ["--comment", "say \"hi\", it's a \\ b"]),
        ('--log-prefix "" -j X', ["--log-prefix", "", "-j", "X"]),
        ('a"b c"d', ["ab cd"]),
        ("a  b\tc\n", ["a", "b", "c"]),
        ('--nfacct-name  x "y"', ["--nfacct-name", "x", "y"]),
    ],
)
def test_words(line: str, parts: list[str]) -> None:
    assert split(line) == parts


@pytest.mark.parametrize(("line", "column"), [('-m "no end', 4), (r'"a\"', 1), ('"a" b"', 6)])
def test_a_quote_without_end_is_named_with_its_place(line: str, column: int) -> None:
    with pytest.raises(Unreadable, match=f"^column {column}:"):
        split(line)


PLAIN = "ABCxyz019_-./:,!"


def written(word: str) -> str:
    """As the programs write a word."""
    if word and all(character in PLAIN for character in word):
        return word
    return '"' + "".join("\\" + character if character in "\"\\'" else character for character in word) + '"'


@hypothesis.given(strategies.lists(strategies.text(alphabet=PLAIN + " \"'\\\t[]*"), max_size=8))
def test_what_is_written_can_be_read(parts: list[str]) -> None:
    assert split(" ".join(map(written, parts))) == parts


@hypothesis.given(strategies.text())
def test_no_line_breaks_it(line: str) -> None:
    try:
        assert all(isinstance(word, str) for word in split(line))
    except Unreadable:
        assert '"' in line
