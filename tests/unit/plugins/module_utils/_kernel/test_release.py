# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of kernels that people run."""

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kernel import release
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(("text", "version", "family", "build", "distribution"), [
    ("4.18.0-553.8.1.el8_10.x86_64", (4, 18, 0), "el", (553, 8, 1), (8, 10)),
    ("4.18.0-80.el8.x86_64", (4, 18, 0), "el", (80,), (8,)),
    ("4.18.0-372.9.1.rt7.166.el8.x86_64", (4, 18, 0), "el", (372, 9, 1), (8,)),
    ("5.14.0-427.31.1.el9_4.aarch64", (5, 14, 0), "el", (427, 31, 1), (9, 4)),
    ("5.14.0-570.el9.x86_64", (5, 14, 0), "el", (570,), (9,)),
    ("6.12.0-55.9.1.el10_0.x86_64", (6, 12, 0), "el", (55, 9, 1), (10, 0)),
    ("5.15.0-200.131.27.el8uek.x86_64", (5, 15, 0), "uek", (), ()),
    ("6.1.0-1.el8.elrepo.x86_64", (6, 1, 0), "elrepo", (), ()),
    ("5.10.205-195.807.amzn2.x86_64", (5, 10, 205), "amazon", (), (2,)),
    ("6.1.66-91.160.amzn2023.x86_64", (6, 1, 66), "amazon", (), (2023,)),
    ("5.14.21-150500.55.39-default", (5, 14, 21), "suse", (150500, 55, 39), ()),
    ("6.7.4-1-default", (6, 7, 4), "suse", (1,), ()),
    ("5.14.21-150500.33.37-azure", (5, 14, 21), "suse", (150500, 33, 37), ()),
    ("5.15.0-113-generic", (5, 15, 0), "ubuntu", (113,), ()),
    ("5.15.0-1053-azure", (5, 15, 0), "ubuntu", (1053,), ()),
    ("6.5.0-1014-aws", (6, 5, 0), "ubuntu", (1014,), ()),
    ("6.1.0-18-amd64", (6, 1, 0), "debian", (), ()),
    ("6.1.0-18-cloud-arm64", (6, 1, 0), "debian", (), ()),
    ("6.12.9+bpo-amd64", (6, 12, 9), "debian", (), ()),
    ("6.1.77-flatcar", (6, 1, 77), "flatcar", (), ()),
    ("6.1.74-talos", (6, 1, 74), "talos", (), ()),
    ("5.15.133+", (5, 15, 133), "cos", (), ()),
    ("6.5.6-300.fc39.x86_64", (6, 5, 6), "fedora", (), (39,)),
    ("5.10.78-1.ph4", (5, 10, 78), "photon", (), (4,)),
    ("6.18.44-fc-v669", (6, 18, 44), "other", (), ()),
    ("6.8-rc1", (6, 8, 0), "other", (), ()),
    ("6.6.31+rpt-rpi-v8", (6, 6, 31), "other", (), ()),
    ("weird", None, "other", (), ()),
    ("", None, "other", (), ()),
])
def test_names(text, version, family, build, distribution):
    found = release.parse(text)
    assert (found.version, found.family, found.build, found.distribution) == (version, family, build, distribution)


@pytest.mark.parametrize(("text", "version_text", "signature", "version"), [
    ("4.19.0-27-amd64", "#1 SMP Debian 4.19.316-1 (2024-06-25)", "", (4, 19, 316)),
    ("6.1.0-18-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)", "", (6, 1, 76)),
    ("5.15.0-113-generic", "#123-Ubuntu SMP Mon Jun 10", "Ubuntu 5.15.0-113.123-generic 5.15.153\n", (5, 15, 153)),
    ("6.1.0-18-amd64", "Debian 5.9.1-1", "", (6, 1, 0)),  # another series: not this kernel's
])
def test_the_true_version(text, version_text, signature, version):
    assert release.parse(text, version_text, signature).version == version


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_name_raises(text, version_text, signature):
    assert release.parse(text, version_text, signature).text == text
