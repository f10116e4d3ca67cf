#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A web server for test_fetch.c: well and badly behaved, by path. Writes its port on stdout.

/count/PATH tells how often /PATH was asked for. It ends when its standard input does, so that it
does not outlive a test that crashed.
"""

import collections
import os
import socketserver
import sys
import threading
import time

CONTENT = bytes(range(256)) * 40
REASONS = {200: "OK", 206: "Partial Content", 302: "Found", 404: "Not Found",
           416: "Range Not Satisfiable", 429: "Too Many Requests", 500: "Internal Server Error"}
counts = collections.Counter()
lock = threading.Lock()


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        words = self.rfile.readline().decode("latin-1").split()
        self.headers = {}
        for line in self.rfile:
            if not line.strip():
                break
            name, value = line.decode("latin-1").split(":", 1)
            self.headers[name.lower()] = value.strip()
        path = words[1]
        if path.startswith("/count/"):
            self.answer(200, str(counts[path[6:]]).encode())
            return
        with lock:
            counts[path] += 1
            self.nth = counts[path]
        name = path.split("/")[1].split("?")[0].replace("-", "_")
        getattr(self, "do_" + name, self.do_404)()

    def answer(self, status, body=b"", length=None, sent=None, **headers):
        """length is what is told (-1: nothing); sent is how much of the body goes out."""
        head = ["HTTP/1.1 %d %s" % (status, REASONS[status])]
        if length != -1:
            head.append("Content-Length: %d" % (len(body) if length is None else length))
        head += ["%s: %s" % (k.replace("_", "-"), v) for k, v in headers.items()]
        self.wfile.write("\r\n".join(head + ["", ""]).encode())
        self.wfile.flush()
        self.wfile.write(body[:sent])

    def do_404(self):
        self.answer(404, b"nothing here")

    def do_ok(self):
        self.answer(200, CONTENT)

    def do_slow(self):
        time.sleep(0.3)
        self.answer(200, CONTENT)

    def do_empty(self):
        self.answer(200)

    def do_unknown_length(self):
        self.answer(200, CONTENT, length=-1)

    def do_chunked(self):
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(CONTENT), CONTENT)
        self.answer(200, body, length=-1, Transfer_Encoding="chunked")

    def do_chunked_cut(self):
        body = b"%x\r\n%s" % (len(CONTENT), CONTENT[:100])
        self.answer(200, body, length=-1, Transfer_Encoding="chunked")

    def do_redirect(self):
        self.answer(302, b"elsewhere", Location="/ok")

    def do_loop(self):
        self.answer(302, b"again", Location="/loop")

    def do_redirect_to_file(self):
        self.answer(302, Location="file:///etc/passwd")

    def do_500(self):
        self.answer(500, b"no")

    def do_500_then_ok(self):
        self.answer(*((200, CONTENT) if self.nth > 1 else (500, b"no")))

    def do_429_then_ok(self):
        self.answer(*((200, CONTENT) if self.nth > 1 else (429, b"no")))

    def do_truncate(self):
        self.answer(200, CONTENT, length=len(CONTENT) + 1000)

    def do_lie_short(self):
        self.answer(200, CONTENT, length=100)

    def do_lie_by_one(self):
        self.answer(200, CONTENT[:-1])
        self.wfile.flush()
        time.sleep(0.1)
        self.wfile.write(b"x")

    def do_drop(self):
        pass

    def do_stall(self):
        self.answer(200, CONTENT, sent=10)
        time.sleep(30)

    def do_never_closes(self):
        self.answer(200, CONTENT)
        time.sleep(30)

    def from_range(self, etag, honest=True):
        """The first answer breaks off in the middle."""
        wanted = self.headers.get("range", "")
        if not wanted:
            sent = 5000 if self.nth == 1 else None
            self.answer(200, CONTENT, sent=sent, ETag=etag, Accept_Ranges="bytes")
            return
        start = int(wanted[len("bytes="):-1])
        if self.headers.get("if-range") != etag:
            self.answer(200, CONTENT, ETag=etag)
        elif honest:
            told = "bytes %d-%d/%d" % (start, len(CONTENT) - 1, len(CONTENT))
            self.answer(206, CONTENT[start:], Content_Range=told, ETag=etag)
        else:
            told = "bytes %d-%d/%d" % (1, len(CONTENT) - 1, len(CONTENT))
            self.answer(206, CONTENT[1:], Content_Range=told, ETag=etag)

    def do_range(self):
        self.from_range('"v1"')

    def do_range_changed(self):
        self.from_range('"v%d"' % self.nth)

    def do_range_wrong(self):
        self.from_range('"v1"', honest=False)

    def do_range_ignored(self):
        self.answer(200, CONTENT, sent=5000 if self.nth == 1 else None, ETag='"v1"')

    def do_range_416(self):
        if "range" in self.headers:
            self.answer(416)
        else:
            self.answer(200, CONTENT, sent=5000 if self.nth == 1 else None, ETag='"v1"')


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """A client that went away is what half of the tests are about."""


def main():
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    os._exit(0)


main()
