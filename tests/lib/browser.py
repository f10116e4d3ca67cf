#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A browser that a test script steers: one step a line on standard input, by Chromium's DevTools
protocol over pipes.

  goto URL          loads a page
  until EXPRESSION  waits until JavaScript says that it is true (30 seconds)
  get EXPRESSION    prints its value, a line
  key NAME          presses a key: Enter, ArrowDown, Tab, Escape, /, ...
  type TEXT         types into what has the focus
  size WIDTH HEIGHT of the window
  shot FILE         writes a PNG of what is seen

What the page reports to the console as an error is printed as "console: ..." when it comes.
"""

import base64
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile

NAMES = ("chromium", "chromium-browser", "google-chrome")
KEYS = {"Enter": ("Enter", 13, "\r"), " ": ("Space", 32, " "), "Space": ("Space", 32, " ")}
WAIT = """new Promise((done) => {
  const end = Date.now() + 30000;
  const look = () => {
    let is = false;
    try { is = Boolean(%s); } catch (error) { window.lastFailure = String(error); }
    if (is || Date.now() > end) done(is);
    else setTimeout(look, 20);
  };
  look();
})"""


class Browser:
    def __init__(self, program, directory):
        to_read, to_write = os.pipe(), os.pipe()
        # Chromium reads from descriptor 3 and writes to 4, whatever these are here.
        command = ["sh", "-c", 'exec "$0" "$@" 3<&%d 4>&%d' % (to_read[0], to_write[1]), program]
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                   "--no-first-run", "--disable-background-networking", "--hide-scrollbars",
                   "--force-color-profile=srgb", "--user-data-dir=" + directory,
                   "--remote-debugging-pipe", "about:blank"]
        self.process = subprocess.Popen(
            command + options, pass_fds=(to_read[0], to_write[1]), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read[0])
        os.close(to_write[1])
        self.output = os.fdopen(to_read[1], "wb", buffering=0)
        self.input = os.fdopen(to_write[0], "rb", buffering=0)
        self.rest = b""
        self.numbers = itertools.count(1)
        self.session = None
        pages = self.ask("Target.getTargets")["targetInfos"]
        page = next(target for target in pages if target["type"] == "page")
        self.session = self.ask("Target.attachToTarget", targetId=page["targetId"],
                                flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(domain + ".enable")
        self.ask("Emulation.setFocusEmulationEnabled", enabled=True)

    def message(self):
        while b"\0" not in self.rest:
            part = os.read(self.input.fileno(), 1 << 16)
            if not part:
                sys.exit("browser.py: the browser has ended")
            self.rest += part
        one, self.rest = self.rest.split(b"\0", 1)
        return json.loads(one)

    def take(self, message):
        method, given = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = given["exceptionDetails"]
            print("console:", details.get("exception", details).get("description", details),
                  flush=True)
        elif method == "Log.entryAdded":
            entry = given["entry"]
            # That a server refuses something is the page's to tell.
            if entry["level"] == "error" and entry["source"] != "network":
                print("console:", entry["text"], flush=True)
        return method

    def ask(self, method, **given):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": given}
        if self.session:
            message["sessionId"] = self.session
        self.output.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == number:
                if "error" in answer:
                    sys.exit("browser.py: %s: %s" % (method, answer["error"]["message"]))
                return answer["result"]
            self.take(answer)

    def value(self, expression):
        result = self.ask("Runtime.evaluate", expression=expression, awaitPromise=True,
                          returnByValue=True)
        if "exceptionDetails" in result:
            return "error: " + result["exceptionDetails"]["exception"].get("description", "?")
        return result["result"].get("value")

    def do_goto(self, url):
        self.ask("Page.navigate", url=url)
        while self.take(self.message()) != "Page.loadEventFired":
            pass

    def do_until(self, expression):
        if self.value(WAIT % expression) is not True:
            print("never: %s (%s)" % (expression, self.value("window.lastFailure")), flush=True)

    def do_get(self, expression):
        value = self.value(expression)
        print(value if isinstance(value, str) else json.dumps(value), flush=True)

    def do_key(self, name):
        code, number, text = KEYS.get(name, (name, 0, name if len(name) == 1 else ""))
        key = {"key": text if name == "Space" else name, "code": code,
               "windowsVirtualKeyCode": number}
        self.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **key)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **key)

    def do_type(self, text):
        self.ask("Input.insertText", text=text)

    def do_size(self, given):
        width, height = map(int, given.split())
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=False)

    def do_shot(self, path):
        image = self.ask("Page.captureScreenshot", format="png")["data"]
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(image))

    def close(self):
        try:
            self.session = None
            self.ask("Browser.close")
            self.process.wait(10)
        except (OSError, SystemExit, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


def main():
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if not program:
        sys.exit("browser.py: none of %s is installed" % ", ".join(NAMES))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        browser = Browser(program, directory)
        try:
            for line in sys.stdin:
                verb, _, rest = line.rstrip("\n").partition(" ")
                if verb and not verb.startswith("#"):
                    getattr(browser, "do_" + verb)(rest)
        finally:
            browser.close()


main()
