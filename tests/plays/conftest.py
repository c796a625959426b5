# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all plays of these tests run with."""

from __future__ import annotations

import os
import sys

# The hosts are this machine; which Python Ansible would find on it depends on what else is installed.
os.environ["ANSIBLE_PYTHON_INTERPRETER"] = sys.executable
