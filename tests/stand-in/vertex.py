#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stands in for Google's services that the real gcloud speaks to: Cloud Storage, Cloud Logging, Vertex AI.

vertex.py DIR: prints its port. Objects are files in DIR/buckets, which is /gcs of a custom job: that is over
when it has been created. A prediction is what has the traffic, by the first bytes of its SavedModel, and
the instance. Knows one project and one region, and answers what it does not know by 404.
"""

import base64
import hashlib
import http.server
import json
import os
import re
import subprocess
import sys
import urllib.parse

ROOT = sys.argv[1]
models, endpoints, operations, jobs, logs = {}, {}, {}, {}, []
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
            "metageneration": "1", "size": str(len(content)), "md5Hash": digest,
            "timeCreated": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z"}


# --- Cloud Storage ------------------------------------------------------------------------------


def list_objects(bucket, query):
    prefix = query.get("prefix", [""])[0]
    root = os.path.join(ROOT, "buckets", bucket)
    names = [os.path.relpath(os.path.join(d, f), root) for d, _, files in os.walk(root) for f in files]
    delimiter = query.get("delimiter", [""])[0]
    items, prefixes = [], set()
    for name in sorted(n for n in names if n.startswith(prefix)):
        end = name.find(delimiter, len(prefix)) if delimiter else -1
        if end >= 0:
            prefixes.add(name[: end + 1])
        else:
            items.append(the_object(bucket, name))
    return {"kind": "storage#objects", "items": items, "prefixes": sorted(prefixes)}


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


def create_job(parent, request):
    name = f"{parent}/customJobs/{number()}"
    container = request["jobSpec"]["workerPoolSpecs"][0]["containerSpec"]
    gcs = os.path.join(ROOT, "buckets", "")
    env = {one["name"]: one["value"].replace("/gcs/", gcs) for one in container["env"]}
    line = [word.replace("/gcs/", gcs) for word in container["command"] + container["args"]]
    ran = subprocess.run(line, env=dict(env, PATH=os.environ["PATH"]), stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for n, text in enumerate(ran.stdout.splitlines()):
        logs.append({
            "insertId": f"{number()}", "timestamp": f"2026-01-01T00:00:{n:02}Z", "severity": "INFO",
            "textPayload": text, "resource": {"type": "ml_job", "labels": {
                "job_id": name.split("/")[-1], "task_name": "workerpool0-0"}}})
    jobs[name] = dict(request, name=name, state="JOB_STATE_FAILED" if ran.returncode
                      else "JOB_STATE_SUCCEEDED", createTime="2026-01-01T00:00:00Z",
                      endTime="2026-01-01T00:01:00Z")
    return dict(jobs[name], state="JOB_STATE_PENDING")


def list_logs(request):
    """What is behind the last that was read, as the filter says it."""
    job = re.search('job_id="([0-9]+)"', request["filter"])[1]
    known = re.findall('insertId>"([0-9]+)"', request["filter"])
    since = re.findall('timestamp>"([^"]+)"', request["filter"])
    return {"entries": [entry for entry in logs
                        if entry["resource"]["labels"]["job_id"] == job
                        and not (known and entry["timestamp"][:19] == since[0][:19]
                                 and entry["insertId"] <= known[0])
                        and not (since and entry["timestamp"][:19] < since[0][:19])]}


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
    ("POST", PLACE + "/customJobs", lambda m, r: create_job(m[1], r)),
    ("GET", f"({PLACE}/customJobs/[^/]+)", lambda m, _: jobs[m[1]]),
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
        if parts[:4] == ["download", "storage", "v1", "b"] and method == "GET":
            with open(path_of(parts[4], parts[6]), "rb") as f:
                return f.read()
        if parts[:3] == ["storage", "v1", "b"] and method == "GET":
            if len(parts) == 5 and parts[4] == "o":
                return list_objects(parts[3], query)
            if len(parts) == 5 and parts[4] == "storageLayout":
                return {"kind": "storage#storageLayout", "bucket": parts[3]}
            return the_object(parts[3], parts[5]) if len(parts) == 6 else {
                "kind": "storage#bucket", "name": parts[3]}
        if parts == ["v2", "entries:list"] and method == "POST":
            return list_logs(json.loads(body))
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
        except (KeyError, FileNotFoundError, IsADirectoryError, IndexError) as e:
            status, value = 404, {"error": {"code": 404, "message": f"not found: {e}"}}
        except ValueError as e:
            status, value = 400, {"error": {"code": 400, "message": f"invalid argument: {e}"}}
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
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
