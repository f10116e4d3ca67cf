# SPDX-License-Identifier: MIT
"""Asks a TensorBoard on this machine: tensorboard_ask.py PORT QUESTION...

runs [START]      names of runs, one a line; only those that start so
tags RUN          tags of a run's scalars
scalars RUN TAG   step and value, one a line
all RUN           every scalar of a run and of those below it: which, tag, step, value
images RUN        tags of a run's images
image RUN TAG     step, type and number of bytes of each version of an image
columns           HParams: names and types of the columns
sessions [START]  HParams: name, status and values of each session, one a line; only of names
                  that start so
"""
import json
import sys
import urllib.parse
import urllib.request

ALL = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]


def request(path, query):
    url = "http://127.0.0.1:%s/data/%s?%s" % (port, path, query)
    return urllib.request.urlopen(url, timeout=20)


def get(path, **query):
    with request(path, urllib.parse.urlencode(query)) as reply:
        return json.load(reply)


def columns():
    body = json.dumps({"experimentName": ""})
    experiment = get("plugin/hparams/experiment", request=body)
    return sorted(experiment.get("hparamInfos", []), key=lambda info: info["name"])


def sessions(start=""):
    body = {
        "startIndex": 0,
        "sliceSize": 1000,
        "allowedStatuses": ALL,
        "colParams": [{"hparam": info["name"]} for info in columns()],
    }
    groups = get("plugin/hparams/session_groups", request=json.dumps(body))
    for group in sorted(groups.get("sessionGroups", []), key=lambda group: group["name"]):
        values = ["%s=%s" % item for item in sorted(group.get("hparams", {}).items())]
        for session in group["sessions"]:
            status = session.get("status", ALL[0])
            if group["name"].startswith(start):
                print(group["name"], status, *values, sep="\t")


def everything(top):
    found = []
    for run, tags in get("plugin/scalars/tags").items():
        if run != top and not run.startswith(top + "/"):
            continue
        for tag in tags:
            for _time, step, value in get("plugin/scalars/scalars", run=run, tag=tag):
                found.append((run[len(top) + 1 :], tag, step, repr(float(value))))
    for sample in sorted(found):
        print(*sample, sep="\t")


port, question, *args = sys.argv[1:]
if question == "runs":
    print(*[run for run in sorted(get("runs")) if run.startswith("".join(args))], sep="\n")
elif question == "tags":
    print(*sorted(get("plugin/scalars/tags").get(args[0], {})), sep="\n")
elif question == "scalars":
    for _time, step, value in get("plugin/scalars/scalars", run=args[0], tag=args[1]):
        print(step, repr(value))
elif question == "all":
    everything(*args)
elif question == "images":
    print(*sorted(get("plugin/images/tags").get(args[0], {})), sep="\n")
elif question == "image":
    for image in get("plugin/images/images", run=args[0], tag=args[1], sample=0):
        with request("plugin/images/individualImage", image["query"]) as reply:
            print(image["step"], reply.headers["Content-Type"], len(reply.read()))
elif question == "columns":
    for info in columns():
        print(info["name"], info["type"])
elif question == "sessions":
    sessions(*args)
else:
    sys.exit(__doc__)
