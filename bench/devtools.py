"""A headless browser, driven over the DevTools protocol on a WebSocket of our own: no package is needed."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import struct
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Page:
    """One page of the browser. `messages`: what was said on its console."""

    def __init__(self, address: str):
        host, port, path = re.fullmatch(r"ws://([^:/]+):(\d+)(/.*)", address).groups()  # type: ignore[union-attr]
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self.stream = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        while self.stream.readline().strip():
            pass
        self.count, self.events, self.messages = 0, list[dict[str, Any]](), list[str]()
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What the browser answers to one command; events are kept."""
        self.count += 1
        self._send(json.dumps({"id": self.count, "method": method, "params": parameters}).encode())
        while (answer := self._receive()).get("id") != self.count:
            self.events.append(answer)
            if answer.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
                self.messages.append(json.dumps(answer["params"])[:300])
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return dict(answer["result"])

    def _send(self, text: bytes) -> None:
        mask = os.urandom(4)
        size = bytes([128 + len(text)]) if len(text) < 126 else struct.pack("!BH", 254, len(text))
        size = size if len(text) < 65536 else struct.pack("!BQ", 255, len(text))
        body = bytes(byte ^ mask[k % 4] for k, byte in enumerate(text))
        self.socket.sendall(b"\x81" + size + mask + body)

    def _receive(self) -> dict[str, Any]:
        text, last = b"", False
        while not last:
            head, size = self.stream.read(2)
            last = bool(head & 128)
            if size >= 126:
                (size,) = struct.unpack("!H" if size == 126 else "!Q", self.stream.read(2 if size == 126 else 8))
            text += self.stream.read(size)
        return dict(json.loads(text))

    def show(self, page: Path, width: int = 1280, height: int = 900) -> None:
        """Load a page and wait for it."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        still = {
            "name": "prefers-reduced-motion",
            "value": "reduce",
        }  # a page that scrolls smoothly moves under the mouse
        self.call("Emulation.setEmulatedMedia", features=[still])
        self.messages.clear()
        self.call("Page.navigate", url=page.resolve().as_uri())
        while self.run("document.readyState") != "complete" or not self.run("location.href").endswith(page.name):
            pass

    def run(self, script: str) -> Any:
        """The value of an expression."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, userGesture=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """A key of the keyboard, such as Tab or ArrowRight."""
        code = {"Tab": 9, "Enter": 13, "ArrowLeft": 37, "ArrowRight": 39}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            extra = text if kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **extra)

    def point(self, x: float, y: float, click: bool = False) -> None:
        """The mouse moves there, and clicks."""
        for kind in ("mouseMoved", *(("mousePressed", "mouseReleased") if click else ())):
            button = {"button": "left", "clickCount": 1} if kind != "mouseMoved" else {}
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **button)


@contextmanager
def browser(name: str = "chromium") -> Iterator[Page]:
    """A browser without a window, with one page."""
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as folder:
        command = [name, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"]
        process = subprocess.Popen(
            [*command, f"--user-data-dir={folder}", "about:blank"], stderr=subprocess.PIPE, text=True
        )
        try:
            assert process.stderr is not None
            address = next(line for line in process.stderr if "DevTools listening on" in line)
            port = re.search(r":(\d+)/", address)[1]  # type: ignore[index]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
                targets = json.load(answer)
            yield Page(next(target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page"))
        finally:
            process.terminate()
            process.wait()
