# SPDX-License-Identifier: MIT
"""Renders templates of published runs by Jinja: python -um guild.render_templates

Each line of stdin is a request in JSON, each line of stdout the answer to one:

    {"template": DIR, "into": DIR, "run": PAIRS, "flags": PAIRS, "parts": {NAME: TEXT}}
    {"index": FILE, "runs": [PAIRS], "default": TEXT}

The first renders what is in DIR into the directory of a published run, whose data files are there
already, and is answered by {}. The second is answered by {"text": TEXT}. Parts of the default
report are texts, but for README.md, which is a template to extend. {"error": SENTENCE} says what is
wrong with a template, {"missing": "jinja2"} that there is nothing to render it with.
"""

import csv
import json
import os
import shutil
import sys
import time

try:
    import jinja2
except ImportError:
    jinja2 = None

SAMPLE = 8192


def main():
    # Whatever else is printed is not an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin.buffer:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


def answer(request):
    if not jinja2:
        return {"missing": "jinja2"}
    try:
        if "index" in request:
            return {"text": render_index(request)}
        render_run(request)
        return {}
    except jinja2.TemplateNotFound as e:
        return {"error": f"{place(request)}: template not found: {e.message}"}
    except jinja2.TemplateSyntaxError as e:
        return {"error": f"{e.filename or e.name}:{e.lineno}: {e.message}"}
    except jinja2.TemplateError as e:
        return {"error": f"{place(request)}: {e.message}"}
    except Exception as e:
        return {"error": f"{place(request)}: {type(e).__name__}: {e}"}


def place(request):
    return request.get("file") or request.get("index") or request["template"]


def render_index(request):
    path = request["index"]
    runs = [dict(pairs) for pairs in request["runs"]]
    defaults = {"runs-index/README.md": "{{ guild_default }}"}
    env = environment(os.path.dirname(path), defaults, None)
    env.globals["guild_default"] = request["default"]
    return env.get_template(os.path.basename(path)).render(runs=runs) + "\n"


def render_run(request):
    into = request["into"]
    variables = {"run": dict(request["run"]), "flags": dict(request["flags"]), **data_files(into)}
    for root, _dirs, names in os.walk(request["template"]):
        for name in sorted(names):
            if not name.startswith("_"):
                path = os.path.join(root, name)
                request["file"] = path
                to = os.path.join(into, os.path.relpath(path, request["template"]))
                os.makedirs(os.path.dirname(to), exist_ok=True)
                render_file(request, path, to, variables)


def render_file(request, path, to, variables):
    if not is_text(path):
        shutil.copyfile(path, to)
        return
    parts = request["parts"]
    defaults = {
        f"publish-default/{name}": text if name == "README.md" else "{{ guild_parts[%r] }}" % name
        for name, text in parts.items()
    }
    env = environment(os.path.dirname(path), defaults, request["into"])
    env.globals["guild_parts"] = parts
    text = env.get_template(os.path.basename(path)).render(variables)
    with open(to, "w", encoding="utf-8", newline="") as f:
        f.write(text + "\n")


def environment(directory, defaults, into):
    env = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.FileSystemLoader(directory), jinja2.DictLoader(defaults)]
        ),
        autoescape=jinja2.select_autoescape(["html", "xml"]),
    )
    env.filters.update(FILTERS)
    env.filters["runfile_link"] = lambda path: runfile_link(into, path)
    return env


def is_text(path):
    with open(path, "rb") as f:
        sample = f.read(SAMPLE)
    if b"\0" in sample:
        return False
    try:
        sample.decode("utf-8")
        return True
    except UnicodeDecodeError as e:
        # One character may have been cut off at the end.
        return len(sample) == SAMPLE and e.start > SAMPLE - 4


def data_files(into):
    """What the published run has beside run.yml and flags.yml; a table is a list of rows."""
    data = {"output": None}
    for name in ("scalars", "sourcecode", "runfiles"):
        with open(os.path.join(into, name + ".csv"), encoding="utf-8", errors="replace") as f:
            data[name] = list(csv.reader(f))
    try:
        with open(os.path.join(into, "output.txt"), encoding="utf-8", errors="replace") as f:
            data["output"] = f.read()
    except FileNotFoundError:
        pass
    return data


# --- filters ----------------------------------------------------------------


def empty(value):
    return "" if value is None or isinstance(value, jinja2.Undefined) else value


def flag_val(value):
    """As people see a flag: yes and no, numbers as YAML has them, items of lists on their lines."""
    if value is None or isinstance(value, jinja2.Undefined):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return yaml_float(value)
    if isinstance(value, list):
        return "\n" + "\n".join(f"  {flag_val(item)}" for item in value)
    if isinstance(value, dict):
        return "\n" + "\n".join(f"  {key}: {flag_val(value[key])}" for key in sorted(value))
    return str(value)


def yaml_float(value):
    text = repr(value)
    if text in ("nan", "inf"):
        return "." + text
    if text == "-inf":
        return "-.inf"
    return text.replace("e", ".0e", 1) if "e" in text and "." not in text else text


def runfile_link(into, path):
    """Where the published run has a copy of that file of the run; None: nowhere."""
    if into is None:
        raise jinja2.TemplateRuntimeError("runfile_link is about files of a run, not of an index")
    if not isinstance(path, str):
        return ""
    return "runfiles/" + path if os.path.isfile(os.path.join(into, "runfiles", path)) else None


UNITS = {"s": 1, "ms": 1000, "us": 1000000}


def utc_date(value, unit="s"):
    if unit not in UNITS:
        raise jinja2.TemplateRuntimeError(f"utc_date: unit is s, ms or us, not {unit!r}")
    number = whole(value)
    if not number:
        return ""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(number // UNITS[unit]))


def file_size(value):
    size = whole(value)
    if size is None:
        return ""
    if size < 1024:
        return str(size)
    for unit in "KMGTPE":
        size /= 1024
        if size < 1024 or unit == "E":
            return f"{size:.1f}{unit}"


def whole(value):
    if not isinstance(value, (int, float, str)):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def scalar_key(scalar):
    if not isinstance(scalar, dict):
        return ""
    prefix, tag = scalar.get("prefix"), scalar.get("tag")
    return f"{prefix}#{tag}" if prefix and prefix != ".guild" else tag


def csv_dict_rows(rows):
    return [dict(zip(rows[0], row)) for row in rows[1:]]


FILTERS = {
    "csv_dict_rows": csv_dict_rows,
    "empty": empty,
    "file_size": file_size,
    "flag_val": flag_val,
    "nbhyph": lambda text: text.replace("-", "&#8209;") if text else text,
    "nbsp": lambda text: text or "&nbsp;",
    "scalar_key": scalar_key,
    "short_id": lambda run_id: run_id[:8] if isinstance(run_id, str) else "",
    "utc_date": utc_date,
}


if __name__ == "__main__":
    main()
