# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real headless browser with one page open, driven over its debugging socket."""

from __future__ import annotations

import base64
import json
import os
import resource
import shutil
import signal
import subprocess
import time
import urllib.request

import websocket
from ansible_collections.fleetops.kubeproxy_free.tools.setup import BROWSERS

PROGRAM = next((found for found in map(shutil.which, BROWSERS) if found), None)
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--remote-debugging-port=0",
)  # fmt: skip
START = 60  # seconds; a busy machine is slow to start a browser


def _unlimited():
    """The tests' own limits of memory are too small for a browser, which reserves far more than it uses."""
    for limit in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        hard = resource.getrlimit(limit)[1]
        resource.setrlimit(limit, (hard, hard))


class Browser:
    def __init__(self, folder):
        self._process = subprocess.Popen(
            [PROGRAM, *OPTIONS, f"--user-data-dir={folder}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_unlimited,
            start_new_session=True)  # fmt: skip
        try:
            port = self._port(folder / "DevToolsActivePort")
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=START) as answer:
                target = next(entry for entry in json.load(answer) if entry["type"] == "page")
            self._socket = websocket.create_connection(target["webSocketDebuggerUrl"], timeout=START, suppress_origin=True)
        except BaseException:
            self._end()
            raise
        self._number = 0
        self.events = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def _port(self, file):
        until = time.monotonic() + START
        while time.monotonic() < until:
            if file.exists() and file.read_text().strip():
                return file.read_text().split()[0]
            time.sleep(0.1)
        raise TimeoutError(f"{PROGRAM} has not written {file} within {START} s")

    def call(self, method, **parameters):
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def open(self, path, width=1280, scheme="light", script=True):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=1000, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(json.loads(self._socket.recv()))

    def value(self, expression):
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def problems(self):
        """What the browser complained about, and what it asked of anyone but the file."""
        found = [event["params"] for event in self.events if event["method"] in ("Runtime.exceptionThrown", "Log.entryAdded")]
        return found + [
            event["params"]["request"]["url"] for event in self.events
            if event["method"] == "Network.requestWillBeSent" and not event["params"]["request"]["url"].startswith(("file:", "data:"))
        ]  # fmt: skip

    def picture(self, path):
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]))

    def close(self):
        self._socket.close()
        self._end()

    def _end(self):
        os.killpg(self._process.pid, signal.SIGKILL)  # Debian's program is a script that starts the browser
        self._process.wait(START)
