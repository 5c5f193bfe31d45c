"""A page in headless Chromium, driven over its DevTools pipe: no other package is needed.

https://chromedevtools.github.io/devtools-protocol: messages of JSON, a null byte behind each.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PROGRAM = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --remote-debugging-pipe"


class Tab:
    """One page of the browser; `problems` holds what it logged as an error."""

    def __init__(self, reading: BinaryIO, writing: BinaryIO) -> None:
        self._in, self._out = reading, writing
        self._rest, self._number, self._session = b"", 0, {}
        self._events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Call a method and wait for its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters, **self._session}
        self._out.write(json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            self._events.append(answer)
        assert "error" not in answer, answer
        found: dict[str, Any] = answer["result"]
        return found

    def open(self, path: Path) -> None:
        """Load a file and wait until its scripts have run."""
        self._events.clear()
        self.call("Page.navigate", url=path.as_uri())
        while "Page.loadEventFired" not in (event["method"] for event in self._events):
            self._events.append(self._read())

    def evaluate(self, script: str) -> Any:  # noqa: ANN401 - whatever it is
        """Return the value of an expression in the page."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key, as a user does."""
        codes = {"Enter": 13, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        sign = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                      windowsVirtualKeyCode=codes[key], **sign)  # fmt: skip

    def show(self, width: int, height: int, scheme: str = "light") -> None:
        """Set the size of the window, and whether the page is light or dark."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """Save what is seen, or the whole page, as PNG."""
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))

    def logged(self, method: str) -> list[dict[str, Any]]:
        """Return the events of a name since the page was opened."""
        return [event["params"] for event in self._events if event["method"] == method]

    @property
    def problems(self) -> list[dict[str, Any]]:
        """Exceptions, refusals of the policy, and all else that a console shows."""
        self.evaluate("0")  # all events before this have come
        names = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        return [event for name in names for event in self.logged(name)]

    @property
    def requests(self) -> list[str]:
        """Addresses of all that was asked for."""
        return [event["request"]["url"] for event in self.logged("Network.requestWillBeSent")]

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._in.fileno(), 1 << 16)
            assert part, "the browser has ended"
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


@contextmanager
def browser(profile: Path) -> Iterator[Tab]:
    """Start Chromium with a profile of its own, and end it."""
    assert PROGRAM is not None
    to_browser, writing = os.pipe()
    reading, from_browser = os.pipe()
    script = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
    arguments = [PROGRAM, *FLAGS.split(), f"--user-data-dir={profile}"]
    with os.fdopen(reading, "rb", 0) as answers, os.fdopen(writing, "wb", 0) as calls:
        process = subprocess.Popen(
            ["bash", "-c", script, "bash", *arguments],  # noqa: S607
            pass_fds=(to_browser, from_browser),
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        try:
            yield Tab(answers, calls)
        finally:
            process.kill()
            process.wait()
