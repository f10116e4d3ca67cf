#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A package index over a directory of wheels, for test-search.sh.

index_server.py DIR LOG: serves it under /html/, /json/ and /bare/ (HTML without METADATA files,
digests and names that a parser would like) with ETags. Its port goes to stdout, a line
"PATH STATUS" for each request to LOG.
"""

import hashlib
import html
import http.server
import json
import pathlib
import re
import sys
import zipfile

wheels = pathlib.Path(sys.argv[1])
log = open(sys.argv[2], "a", buffering=1)


def normal(name):
    return re.sub("[-_.]+", "-", name).lower()


def metadata(path):
    with zipfile.ZipFile(path) as z:
        return z.read(next(n for n in z.namelist() if n.endswith(".dist-info/METADATA")))


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def projects():
    found = {}
    for path in sorted(wheels.glob("*.whl")):
        found.setdefault(normal(path.name.split("-")[0]), []).append(path)
    return found


def anchor(path, kind):
    href, text = "../../files/" + path.name, html.escape(path.name)
    yanked = ' data-yanked="it &lt;fails&gt;"' if path.with_suffix(".yanked").exists() else ""
    if kind == "bare":
        return "<A href='%s'%s> %s <br>" % (href, yanked, text)
    return '<a href="%s#sha256=%s" data-core-metadata="sha256=%s"%s>%s</a>' % (
        href, sha256(path.read_bytes()), sha256(metadata(path)), yanked, text)


def as_json(path):
    return {"filename": path.name, "url": "../../files/" + path.name,
            "hashes": {"sha256": sha256(path.read_bytes())},
            "core-metadata": {"sha256": sha256(metadata(path))},
            "yanked": path.with_suffix(".yanked").exists()}


def page(kind, name):
    """Content type and text; None for what is not there."""
    if name and name not in projects():
        return None
    if kind == "json":
        body = ({"files": [as_json(p) for p in projects()[name]]} if name
                else {"projects": [{"name": p} for p in projects()]})
        return "application/vnd.pypi.simple.v1+json", json.dumps(body)
    links = ([anchor(p, kind) for p in projects()[name]] if name
             else ['<a href="%s/">%s</a>' % (p, p) for p in projects()])
    return "text/html", "<!DOCTYPE html><title>x</title><body>" + "\n".join(links)


def content(path):
    parts = path.strip("/").split("/")
    if parts[0] in ("html", "json", "bare") and len(parts) <= 2:
        found = page(parts[0], parts[1] if len(parts) == 2 else "")
        return found and (found[0], found[1].encode())
    name = parts[-1]
    if parts[0] == "files" and (wheels / name).is_file():
        return "application/octet-stream", (wheels / name).read_bytes()
    if parts[0] == "files" and name.endswith(".metadata") and (wheels / name[:-9]).is_file():
        return "text/plain", metadata(wheels / name[:-9])
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        found = content(self.path)
        status, (kind, body) = (200, found) if found else (404, ("text/html", b"nothing"))
        etag = '"%s"' % sha256(body)
        if status == 200 and self.headers.get("If-None-Match") == etag:
            status, body = 304, b""
        log.write("%s %d\n" % (self.path, status))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
