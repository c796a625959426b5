# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a wanted state: ask, judge, sleep, until nothing is missing or time is up."""

from __future__ import annotations

import time


class Clock:
    """The real clock; tests give one of their own."""

    now = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)


def wait(look, judge, timeout, interval, clock=Clock):
    """Look until judge(what was seen) finds nothing missing.

    look() takes the picture, judge(picture) is pure and returns what is missing. Returns (picture, missing, seconds waited); missing is
    empty unless time is up. It always looks at least once.
    """
    start = clock.now()
    while True:
        picture = look()
        missing = judge(picture)
        waited = clock.now() - start
        if not missing or waited >= timeout:
            return picture, missing, waited
        clock.sleep(min(interval, timeout - waited))
