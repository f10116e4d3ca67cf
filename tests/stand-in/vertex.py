#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stands in for Google's services that the real gcloud speaks to: Cloud Storage and Vertex AI.

vertex.py DIR: prints its port. Objects are files in DIR/buckets; a prediction is what has the traffic,
by the first bytes of its SavedModel, and the instance. Knows one project and one region, and answers
what it does not know by 404.
"""

import base64
import hashlib
import http.server
import json
import os
import re
import sys
import urllib.parse

ROOT = sys.argv[1]
models, endpoints, operations = {}, {}, {}
last = 100


def number():
    global last
    last += 1
    return str(last)


def done(parent, response):
    """An operation that is over when it is looked at."""
    name = f"{parent}/operations/{number()}"
    operations[name] = {"name": name, "done": True, "response": response}
    return {"name": name, "done": False}


def path_of(bucket, name):
    return os.path.join(ROOT, "buckets", bucket, name)


def the_object(bucket, name):
    with open(path_of(bucket, name), "rb") as f:
        content = f.read()
    digest = base64.b64encode(hashlib.md5(content).digest()).decode()
    return {"kind": "storage#object", "name": name, "bucket": bucket, "generation": "1",
            "metageneration": "1", "size": str(len(content)), "md5Hash": digest}


# --- Cloud Storage ------------------------------------------------------------------------------


def list_objects(bucket, query):
    prefix = query.get("prefix", [""])[0]
    root = os.path.join(ROOT, "buckets", bucket)
    names = [os.path.relpath(os.path.join(d, f), root) for d, _, files in os.walk(root) for f in files]
    return {"kind": "storage#objects",
            "items": [the_object(bucket, n) for n in sorted(names) if n.startswith(prefix)]}


def put_object(bucket, query, headers, body):
    """One request with what it is called and its bytes, as parts."""
    boundary = re.search("boundary=['\"]?([^'\";]+)", headers["Content-Type"])[1].encode()
    parts = body.split(b"--" + boundary)[1:-1]
    about, content = (part.partition(b"\n\n" if b"\r\n\r\n" not in part else b"\r\n\r\n")[2] for part in parts)
    content = content.removesuffix(b"\n").removesuffix(b"\r")
    name = json.loads(about).get("name") or query["name"][0]
    os.makedirs(os.path.dirname(path_of(bucket, name)), exist_ok=True)
    with open(path_of(bucket, name), "wb") as f:
        f.write(content)
    return the_object(bucket, name)


# --- Vertex AI ------------------------------------------------------------------------------------


def upload_model(parent, request):
    name = request.get("parentModel")
    if not name:
        name = f"{parent}/models/{number()}"
        models[name] = []
    versions = models[name]
    versions.append(dict(request["model"], name=name, versionId=str(len(versions) + 1),
                         supportedDeploymentResourcesTypes=["DEDICATED_RESOURCES"]))
    return done(parent, {"model": name, "modelVersionId": versions[-1]["versionId"]})


def get_model(name):
    name, _, version = name.partition("@")
    return models[name][int(version or 0) - 1]


def create_endpoint(parent, request):
    name = f"{parent}/endpoints/{number()}"
    endpoints[name] = dict(request, name=name)
    return done(parent, endpoints[name])


def split(endpoint, wanted, new=None):
    shares = {new if id == "0" and new else id: share for id, share in wanted.items()}
    there = {deployed["id"] for deployed in endpoint.get("deployedModels", [])}
    if sum(shares.values()) != 100 or not set(shares) <= there:
        raise ValueError("traffic")
    endpoint["trafficSplit"] = shares


def deploy_model(name, request):
    deployed = request["deployedModel"]
    model = get_model(deployed["model"])
    deployed.update(id=number(), model=model["name"], modelVersionId=model["versionId"])
    endpoints[name].setdefault("deployedModels", []).append(deployed)
    if request.get("trafficSplit"):
        split(endpoints[name], request["trafficSplit"], deployed["id"])
    return done(name, {"deployedModel": deployed})


def undeploy_model(name, request):
    left = [d for d in endpoints[name]["deployedModels"] if d["id"] != request["deployedModelId"]]
    endpoints[name]["deployedModels"] = left
    return done(name, {})


def update_endpoint(name, request):
    split(endpoints[name], request["trafficSplit"])
    return endpoints[name]


def predict(name, request):
    endpoint = endpoints[name]
    serving = [d for d in endpoint["deployedModels"] if endpoint["trafficSplit"].get(d["id"])][0]
    uri = get_model(f"{serving['model']}@{serving['modelVersionId']}")["artifactUri"]
    with open(os.path.join(ROOT, "buckets", uri[5:], "saved_model.pb"), "rb") as f:
        model = f.read()[2:].decode().strip()
    return {"predictions": [[model, i] for i in request["instances"]],
            "deployedModelId": serving["id"], "model": serving["model"]}


PLACE = "(projects/acme/locations/europe-west4)"
ROUTES = [
    ("GET", PLACE + "/models", lambda m, _: {"models": [v[-1] for v in models.values()]}),
    ("POST", PLACE + "/models:upload", lambda m, r: upload_model(m[1], r)),
    ("GET", f"({PLACE}/models/[^/]+)", lambda m, _: get_model(m[1])),
    ("GET", PLACE + "/endpoints", lambda m, _: {"endpoints": list(endpoints.values())}),
    ("POST", PLACE + "/endpoints", lambda m, r: create_endpoint(m[1], r)),
    ("GET", f"({PLACE}/endpoints/[^/]+)", lambda m, _: endpoints[m[1]]),
    ("PATCH", f"({PLACE}/endpoints/[^/]+)", lambda m, r: update_endpoint(m[1], r)),
    ("POST", f"({PLACE}/endpoints/[^/]+):deployModel", lambda m, r: deploy_model(m[1], r)),
    ("POST", f"({PLACE}/endpoints/[^/]+):undeployModel", lambda m, r: undeploy_model(m[1], r)),
    ("POST", f"({PLACE}/endpoints/[^/]+):predict", lambda m, r: predict(m[1], r)),
    ("GET", "(.*/operations/[^/]+)", lambda m, _: operations[m[1]]),
]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def find(self, method, path, query, body):
        parts = [urllib.parse.unquote(part) for part in path.split("/")]
        if parts[:4] == ["upload", "storage", "v1", "b"] and method == "POST":
            return put_object(parts[4], query, self.headers, body)
        if parts[:3] == ["storage", "v1", "b"] and method == "GET":
            if len(parts) == 5 and parts[4] == "o":
                return list_objects(parts[3], query)
            if len(parts) == 5 and parts[4] == "storageLayout":
                return {"kind": "storage#storageLayout", "bucket": parts[3]}
            return the_object(parts[3], parts[5]) if len(parts) == 6 else {
                "kind": "storage#bucket", "name": parts[3]}
        for verb, pattern, answer in ROUTES:
            found = re.fullmatch("v1(?:beta1)?/" + pattern, "/".join(parts))
            if found and verb == method:
                return answer(found, json.loads(body or "{}"))
        raise KeyError(path)

    def answer(self):
        url = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, value = 200, self.find(
                self.command, url.path.lstrip("/"), urllib.parse.parse_qs(url.query), body)
        except (KeyError, FileNotFoundError, IndexError) as e:
            status, value = 404, {"error": {"code": 404, "message": f"not found: {e}"}}
        except ValueError as e:
            status, value = 400, {"error": {"code": 400, "message": f"invalid argument: {e}"}}
        text = json.dumps(value).encode()
        with open(f"{ROOT}/requests", "a") as f:
            print(status, self.command, self.path, file=f)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = do_PUT = answer


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
