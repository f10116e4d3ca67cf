# SPDX-License-Identifier: MIT
"""What the examples of Guild AI's transcripts may use: run(), file helpers, Project and so on.

All of it works on files and by starting commands. What would need Guild's own Python code raises NotAvailable.
"""

import collections
import contextlib
import ctypes
import difflib
import filecmp
import fnmatch
import hashlib
import io
import json
import os
import pprint
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import types
import uuid

try:
    import yaml
except ImportError:
    yaml = None

# ---------------------------------------------------------------------------------------------------------------------
# What cannot be had without Guild's own Python code
# ---------------------------------------------------------------------------------------------------------------------


class NotAvailable(BaseException):
    """Raised by anything that needs Guild's Python internals; not an Exception, so no example catches it."""


class Unavailable:
    """Stands for a value that only Guild's Python code could give: every use of it raises NotAvailable."""

    def __init__(self, name):
        object.__setattr__(self, "_name", name)

    def _refuse(self, *_args, **_kw):
        raise NotAvailable(object.__getattribute__(self, "_name"))

    def __getattr__(self, attr):
        raise NotAvailable(f"{object.__getattribute__(self, '_name')}.{attr}")

    __call__ = __enter__ = __exit__ = __iter__ = __next__ = __getitem__ = __setitem__ = __setattr__ = _refuse
    __len__ = __contains__ = __bool__ = __eq__ = __ne__ = __lt__ = __gt__ = __hash__ = __fspath__ = _refuse
    __repr__ = __str__ = __format__ = __add__ = __radd__ = __int__ = __index__ = _refuse


class RefuseGuildImports:
    """A module finder that answers every `import guild...` with NotAvailable."""

    def find_spec(self, name, _path=None, _target=None):
        if name.split(".")[0] == "guild":
            raise NotAvailable(f"import {name}")


# ---------------------------------------------------------------------------------------------------------------------
# Running commands
# ---------------------------------------------------------------------------------------------------------------------

GUILD_COMMAND = re.compile(r"(?:^|[\s;&|(`])guild(?:\s|$)")


class RunError(Exception):
    """A guild command that ended with a non-zero status."""

    def __init__(self, cmd, returncode, output=None):
        super().__init__(cmd, returncode, output)
        self.cmd_args, self.cmd_cwd, self.cmd_env = cmd
        self.returncode = returncode
        self.output = output

    def __str__(self):
        return str((self.cmd_args, self.cmd_cwd, self.returncode, self.output))


class Commands:
    """Starts commands, each in a process group of its own, and remembers whether guild was among them."""

    def __init__(self, limit):
        self.limit = limit
        self.guild_was_run = False

    def output(self, args, env, cwd=None, timeout=None, shell=False):
        """(exit status, stdout and stderr together as bytes)"""
        timeout = min(timeout or self.limit, self.limit)
        with subprocess.Popen(
            args, shell=shell, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True
        ) as process:
            try:
                out, _ = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                kill_group(process.pid)
                out = self.rest_of_output(process)
            except BaseException:
                kill_group(process.pid)
                raise
        return process.returncode, out

    @staticmethod
    def rest_of_output(process):
        try:
            return process.communicate(timeout=5)[0]
        except subprocess.TimeoutExpired as e:  # something that left the group still holds the pipe
            process.stdout.close()
            return e.output or b""

    def guild(self, args, env, cwd=None):
        self.guild_was_run = True
        status, out = self.output(["guild", *args], env, cwd)
        return status, out.decode("utf-8", "replace")

    def shell(self, cmd, quiet=False, ignore=None, timeout=None, cut=None, cwd=None, env=None, capture=False):
        """The examples' run(): prints the command's output and `<exit STATUS>`."""
        if GUILD_COMMAND.search(cmd):
            self.guild_was_run = True
        env = {**os.environ, **(env or {}), "SYNC_RUN_OUTPUT": "1"}
        status, out = self.output("set -eu && " + cmd, env, cwd, timeout, shell=True)
        if quiet and status == 0:
            return None
        text = out.strip().decode("latin-1")
        if ignore:
            patterns = [ignore] if isinstance(ignore, str) else ignore
            text = "\n".join(s for s in text.split("\n") if not any(re.search(p, s) for p in patterns))
        if cut:
            rows = [line.split() for line in text.split("\n")]
            text = "\n".join(" ".join(row[i] for i in cut if i < len(row)) for row in rows)
        if capture:
            if status != 0:
                raise RunError((cmd, cwd, env), status, text)
            return text
        if text:
            print(text)
        print(f"<exit {status}>")
        return None


def kill_group(pid):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def adopt_orphans():
    """Makes daemons that our commands leave behind children of this process (Linux: PR_SET_CHILD_SUBREAPER)."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def kill_descendants(keep=()):
    """Kills every process below this one, except those below a pid in `keep`."""
    for _ in range(50):
        children = collections.defaultdict(list)
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError, IndexError):
                with open(f"/proc/{entry}/stat") as f:
                    state, parent = f.read().rsplit(")", 1)[1].split()[:2]
                if state != "Z":
                    children[int(parent)].append(int(entry))
        victims, todo = [], [pid for pid in children[os.getpid()] if pid not in keep]
        while todo:
            pid = todo.pop()
            victims.append(pid)
            todo.extend(children[pid])
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not victims:
            return
        time.sleep(0.02)


# ---------------------------------------------------------------------------------------------------------------------
# Helpers for files and the environment
# ---------------------------------------------------------------------------------------------------------------------


def natural_key(text):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)]


def list_files(root, followlinks=False, includedirs=False, unsorted=False):
    found = []
    for base, dirs, files in os.walk(root, followlinks=followlinks):
        shown = [d for d in dirs if includedirs or os.path.islink(os.path.join(base, d))]
        found += [os.path.relpath(os.path.join(base, name), root) for name in shown + files]
    return found if unsorted else sorted(found)


def find(root, followlinks=False, includedirs=False, ignore=()):
    patterns = [ignore] if isinstance(ignore, str) else (ignore or ())
    names = list_files(root, followlinks, includedirs)
    names = [name for name in names if not any(fnmatch.fnmatch(name, p) for p in patterns)]
    print("\n".join(sorted(names, key=natural_key)) or "<empty>")


def cat(*parts):
    with open(os.path.join(*parts)) as f:
        print(f.read() or "<empty>")


def cat_json(*parts):
    with open(os.path.join(*parts)) as f:
        json.dump(json.load(f), sys.stdout, sort_keys=True, indent=4, separators=(",", ": "))


def list_dir(path=".", ignore=()):
    return sorted(name for name in os.listdir(path) if not any(fnmatch.fnmatch(name, p) for p in ignore or ()))


def write(filename, contents, append=False):
    data = contents.encode() if isinstance(contents, str) else contents
    with open(filename, "ab" if append else "wb") as f:
        f.write(data)


def touch(filename):
    with open(filename, "ab"):
        os.utime(filename)


def copyfile(src, dest):
    shutil.copy2(src, dest)


def copytree(src, dest, preserve_links=True):
    shutil.copytree(src, dest, symlinks=preserve_links, dirs_exist_ok=True)


def rm(path, force=False):
    if os.path.lexists(path) or not force:
        os.remove(path)


def rmdir(path, force=False):
    """Removes a file or a whole tree, but only inside the harness's own temporary directory."""
    if not os.path.realpath(path).startswith(os.path.realpath(tempfile.gettempdir()) + os.sep):
        raise ValueError(f"refusing to remove {path}")
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.isfile(path):
        os.remove(path)
    elif not force:
        raise ValueError(f"{path} does not exist")


def realpath(path):
    if os.path.islink(path):
        return os.path.abspath(os.path.join(os.path.dirname(path), os.readlink(path)))
    return os.path.realpath(path)


def compare_paths(first, second):
    return realpath(os.path.expanduser(first)) == realpath(os.path.expanduser(second))


def compare_dirs(first, second):
    """A recursive comparison of two (directory, label) pairs, told in terms of the labels."""
    with tempfile.TemporaryDirectory() as tmp:
        links = [os.path.join(tmp, label) for _, label in (first, second)]
        for (path, _), link in zip((first, second), links):
            os.symlink(os.path.realpath(path), link)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            filecmp.dircmp(*links).report_full_closure()
        print(out.getvalue().replace(tmp, ""), end="")


def diff(first, second):
    def lines(path):
        with open(path) as f:
            return [line.rstrip() for line in f]

    for line in difflib.unified_diff(lines(first), lines(second), first, second, lineterm=""):
        print(line)


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def shlex_quote(text):
    """shlex.quote, with a leading quoted apostrophe written the shorter way."""
    quoted = shlex.quote(text or "")
    start, end = "''\"'\"'", "'\"'\"''"
    if len(quoted) >= len(start + end) and quoted.startswith(start) and quoted.endswith(end):
        return "\"'" + quoted[len(start):-len(end)] + "'\""
    return quoted


def make_executable(path):
    os.chmod(path, os.stat(path).st_mode | 0o100)


def print_lines(items):
    for item in items:
        print(item)


def set_guild_home(path):
    if path is None:
        os.environ.pop("GUILD_HOME", None)
    else:
        os.environ["GUILD_HOME"] = path


def guild_home():
    return os.environ.get("GUILD_HOME") or os.path.join(os.path.expanduser("~"), ".guild")


class Environment:
    """Sets environment variables for a block; the same object may be used for several blocks."""

    def __init__(self, values, replace=False):
        self._values = values
        self._replace = replace

    def __enter__(self):
        self._saved = dict(os.environ)
        if self._replace:
            os.environ.clear()
        os.environ.update(self._values)

    def __exit__(self, *_exc):
        os.environ.clear()
        os.environ.update(self._saved)


def other_guild_home(path):
    return Environment({"GUILD_HOME": path})


@contextlib.contextmanager
def lines_ignored(patterns):
    """Drops the lines of the block's output that any of the patterns finds."""
    patterns = patterns if isinstance(patterns, list) else [patterns]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        yield
    lines = out.getvalue().split("\n")
    sys.stdout.write("\n".join(s for s in lines if not any(re.search(p, s) for p in patterns)))


@contextlib.contextmanager
def module_path(path=None, prepend=None, append=None):
    saved = sys.path
    sys.path = (prepend or []) + list(saved if path is None else path) + (append or [])
    try:
        yield
    finally:
        sys.path = saved


class StderrCapture(io.StringIO):
    """Collects what this process writes to stderr; our commands' stderr is part of their output already."""

    def __enter__(self):
        self._saved, sys.stderr = sys.stderr, self
        return self

    def __exit__(self, *_exc):
        sys.stderr = self._saved

    def get_value(self):
        return self.getvalue()

    def print(self):
        sys.stdout.write(self.getvalue())


class TempFile:
    def __init__(self, prefix="", suffix="", keep=False):
        handle, self.path = tempfile.mkstemp(prefix=prefix, suffix=suffix)
        os.close(handle)
        self._keep = keep

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        if not self._keep:
            os.remove(self.path)


class Blank:
    """An object to hang attributes on."""


# ---------------------------------------------------------------------------------------------------------------------
# Runs, projects and the Python API, by way of the command line
# ---------------------------------------------------------------------------------------------------------------------


def read_yaml(text):
    if yaml:
        return yaml.safe_load(text)
    lines = [line for line in text.split("\n") if line.strip()]
    if lines and all(line.startswith("- ") for line in lines):
        return [read_scalar(line[2:]) for line in lines]
    if lines and all(re.match(r"[\w.-]+:( |$)", line) for line in lines):
        return {key: read_scalar(value.strip()) for key, value in (line.split(":", 1) for line in lines)}
    if len(lines) > 1:
        raise NotAvailable("yaml")
    return read_scalar(lines[0]) if lines else None


def read_scalar(text):
    words = {"true": True, "yes": True, "false": False, "no": False, "null": None, "~": None, "": None}
    if text.lower() in words:
        return words[text.lower()]
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text[1:-1] if text[:1] in "'\"" and text[-1:] == text[:1] else text


def flag_text(value):
    """A flag value as one would type it."""
    text = yaml_text(value)
    if isinstance(value, str) and " " in text and text[0] not in "'\"":
        return '"' + text + '"' if "'" in text else "'" + text + "'"
    return text


def yaml_text(value):
    """A value in YAML's flow style."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "null"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(list_item_text(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{yaml_text(k)}: {yaml_text(v)}" for k, v in sorted(value.items())) + "}"
    if isinstance(value, str) and needs_yaml_quotes(value):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


def list_item_text(value):
    text = yaml_text(value)
    return repr(text) if isinstance(value, str) and "," in text else text


def needs_yaml_quotes(text):
    if not text or text != text.strip() or not isinstance(read_scalar(text), str):
        return True
    return bool(re.match(r"[\[\]{}!&*|>'\"%@`#,]|[-?:]( |$)|(?i:y|n|on|off)$", text) or re.search(r": |:$| #", text))


def flag_assigns(flags):
    return [f"{name}={flag_text(value)}" for name, value in sorted((flags or {}).items())]


class OpRef:
    """Which operation a run is of, as its directory tells."""

    def __init__(self, text):
        source, _, rest = text.partition(":")
        self.pkg_type = source
        fields = [""] * rest.startswith(" ") + shlex.split(rest) + [""] * 4  # a leading blank: no package name
        self.pkg_name, self.pkg_version, self.model_name, self.op_name = fields[:4]

    def __getattr__(self, name):
        raise NotAvailable(f"opref.{name}")

    def to_opspec(self, cwd=None):
        if self.pkg_type == "script":
            script = os.path.join(self.pkg_name, self.op_name)
            return os.path.relpath(script, cwd) if cwd else script
        package = self.pkg_name + "/" if self.pkg_type == "package" and self.pkg_name else ""
        return package + (self.model_name + ":" if self.model_name else "") + self.op_name


class Run:
    """A run directory, read as files."""

    def __init__(self, run_id, path, op_desc=None):
        self.id = run_id
        self.short_id = run_id[:8]
        self.path = self.dir = path
        self.op_desc = op_desc

    @classmethod
    def for_dir(cls, path, op_desc=None):
        return cls(os.path.basename(path), path, op_desc)

    def __repr__(self):
        return f"<guild.run.Run '{self.id}'>"

    def __getattr__(self, name):
        raise NotAvailable(f"run.{name}")

    def guild_path(self, *parts):
        return os.path.join(self.path, ".guild", *parts)

    @property
    def opref(self):
        with open(self.guild_path("opref")) as f:
            return OpRef(f.read())

    def attr_names(self):
        return list_dir(self.guild_path("attrs"))

    def has_attr(self, name):
        return os.path.exists(self.guild_path("attrs", name))

    def get(self, name, default=None):
        if not self.has_attr(name):
            return default
        with open(self.guild_path("attrs", name)) as f:
            value = read_yaml(f.read())
        return default if value is None else value

    def __getitem__(self, name):
        if not self.has_attr(name):
            raise KeyError(name)
        return self.get(name)

    @property
    def status(self):
        for mark, status in (("LOCK.remote", "running"), ("PENDING", "pending"), ("STAGED", "staged")):
            if os.path.exists(self.guild_path(mark)):
                return status
        with contextlib.suppress(OSError, ValueError):
            with open(self.guild_path("LOCK")) as f:
                os.kill(int(f.read().split()[0]), 0)
            return "running"
        code = self.get("exit_status")
        if code is None:
            return "error"
        return "completed" if code == 0 else "terminated" if code < 0 else "error"


LISTED_RUN = re.compile(r"\[\d+:([^\]\s]+)\]\s+(.*?)(?:\s{2,}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b.*)?$")

# Keyword of the Python API -> option of the command line, where they differ by more than `_` for `-`.
FILTER_OPTIONS = {"expr": "filter", "ops": "operation", "labels": "label", "tags": "tag", "comments": "comment"}
STATUSES = ("completed", "error", "pending", "running", "staged", "terminated")
RUN_OPTIONS = {"tags": "tag", "batch_tags": "batch-tag", "deps": "dep"}


def to_options(kw, renamed):
    args = []
    for key, value in kw.items():
        option = "--" + renamed.get(key, key.replace("_", "-"))
        if value is True:
            args.append(option)
        elif value is False and key in STATUSES:
            args.append("--not-" + key)
        elif value is not None and value is not False:
            for item in value if isinstance(value, (list, tuple)) else [value]:
                args += [option, str(item)]
    return args


def run_ids(runs):
    return [getattr(run, "id", None) if isinstance(run, Run) else str(run) for run in runs or []]


class Api:
    """The functions of Guild's Python API that are a guild command in disguise."""

    RunError = RunError

    def __init__(self, commands):
        self._commands = commands

    def __getattr__(self, name):
        raise NotAvailable(f"gapi.{name}")

    def _env(self, home, extra=None):
        env = {**os.environ, "NO_IMPORT_FLAGS_PROGRESS": "1", "COLUMNS": "999", **(extra or {})}
        env["GUILD_HOME"] = home or guild_home()
        return env

    def run_capture_output(self, opspec=None, flags=None, *, opt_flags=None, batch_files=None, cwd=".",
                           guild_home=None, extra_env=None, debug=False, **kw):
        args = (["--debug"] if debug else []) + ["run", "-y"] + ([opspec] if opspec else [])
        args += to_options(kw, RUN_OPTIONS)
        for assign in flag_assigns(opt_flags):
            args += ["--opt-flag", assign]
        args += flag_assigns(flags) + ["@" + name for name in batch_files or []]
        env = self._env(guild_home, extra_env)
        status, out = self._commands.guild(args, env, cwd)
        if status != 0:
            raise RunError((["guild", *args], cwd, env), status, out)
        return out

    def run_quiet(self, *args, **kw):
        self.run_capture_output(*args, **kw)

    def run(self, *args, stdout=None, stderr=None, **kw):
        if stdout or stderr:  # streams apart: our commands have them together
            raise NotAvailable("gapi.run with streams")
        print(self.run_capture_output(*args, **kw), end="")
        return None, None

    def _command(self, args, cwd, home):
        status, out = self._commands.guild(args, self._env(home), cwd)
        print(out.strip())
        if status != 0:
            raise SystemExit(status)

    def runs_list(self, all=False, deleted=False, cwd=".", guild_home=None, limit=None, **kw):
        args = ["runs", "list", "--all"] + (["--deleted"] if deleted else []) + to_options(kw, FILTER_OPTIONS)
        env = self._env(guild_home)
        status, out = self._commands.guild(args, env, cwd)
        if status != 0:
            raise SystemExit(out.strip())
        base = os.path.join(env["GUILD_HOME"], "trash" if deleted else "", "runs")
        ids = os.listdir(base) if os.path.isdir(base) else []
        runs = []
        for listed in filter(None, map(LISTED_RUN.match, out.split("\n"))):
            full = [name for name in ids if name.startswith(listed.group(1))]
            runs += [Run.for_dir(os.path.join(base, name), listed.group(2).strip()) for name in full[:1]]
        return runs[:limit]

    def runs_delete(self, runs=None, cwd=".", guild_home=None, **kw):
        self._command(["runs", "delete", "-y", *to_options(kw, FILTER_OPTIONS), *run_ids(runs)], cwd, guild_home)

    def runs_label(self, runs=None, cwd=".", guild_home=None, **kw):
        self._command(["label", "-y", *to_options(kw, FILTER_OPTIONS), *run_ids(runs)], cwd, guild_home)

    def runs_tag(self, runs=None, cwd=".", guild_home=None, **kw):
        options = to_options(kw, {**FILTER_OPTIONS, "remove": "delete"})
        self._command(["tag", "-y", *options, *run_ids(runs)], cwd, guild_home)

    def runs_stop(self, runs=None, cwd=".", guild_home=None, **kw):
        self._command(["stop", "-y", *to_options(kw, FILTER_OPTIONS), *run_ids(runs)], cwd, guild_home)

    def mark(self, runs, cwd=".", guild_home=None, **kw):
        self._command(["mark", "-y", *to_options(kw, FILTER_OPTIONS), *run_ids(runs)], cwd, guild_home)

    def publish(self, runs=None, cwd=".", guild_home=None, **kw):
        self._command(["publish", "-y", *to_options(kw, FILTER_OPTIONS), *run_ids(runs)], cwd, guild_home)

    def package(self, cwd=".", guild_home=None, **kw):
        self._command(["package", *to_options(kw, {})], cwd, guild_home)

    def select(self, runs=None, cwd=".", guild_home=None, **kw):
        specs = [runs] if isinstance(runs, str) else run_ids(runs)
        env = self._env(guild_home)
        status, out = self._commands.guild(["select", *to_options(kw, FILTER_OPTIONS), *specs], env, cwd)
        if status != 0:
            raise ValueError((out.strip().removeprefix("guild: "), status))
        return Run.for_dir(os.path.join(env["GUILD_HOME"], "runs", out.strip()))


class Project:
    """A project directory with a Guild home of its own."""

    api = None  # set per file: the Api to use

    def __init__(self, cwd, guild_home=None, env=None):
        self.cwd = self.dir = cwd
        self.guild_home = guild_home or tempfile.mkdtemp(prefix="home-")
        self._env = {"NO_WARN_RUNDIR": "1", **(env or {})}

    def __getattr__(self, name):
        raise NotAvailable(f"project.{name}")

    def _start(self, *args, cwd=".", ignore_output=(), **kw):
        with Environment(self._env):
            out = self.api.run_capture_output(
                *args, cwd=os.path.join(self.cwd, cwd), guild_home=self.guild_home, **kw
            )
        ignored = [ignore_output] if isinstance(ignore_output, str) else ignore_output or ()
        if ignored:
            out = "\n".join(line for line in out.split("\n") if not any(s in line for s in ignored))
        return out.strip()

    def _run_dir_of(self, spec):
        """The directory of the run that a restart or prototype names: by id, otherwise by operation."""
        runs = self.list_runs()
        named = [r for r in runs if r.id.startswith(spec)] or [r for r in runs if r.op_desc.split(" ")[0] == spec]
        if not named:
            raise SystemExit(f"no run matches {spec}")
        return named[0].dir

    def run_capture(self, *args, **kw):
        earlier = kw.get("restart") or kw.get("start") or kw.get("proto")
        if kw.get("run_dir"):
            run_dir = kw["run_dir"]
        elif earlier:
            run_dir = self._run_dir_of(earlier)
        else:
            run_dir = kw["run_dir"] = os.path.join(self.guild_home, "runs", uuid.uuid4().hex)
        return Run.for_dir(run_dir), self._start(*args, **kw)

    def run(self, *args, **kw):
        try:
            print(self.run_capture(*args, **kw)[1])
        except RunError as e:
            print(f"{e.output.strip()}\n<exit {e.returncode}>")

    def run_quiet(self, *args, **kw):
        self._start(*args, **kw)

    def print_trials(self, *args, **kw):
        print(self._start(*args, print_trials=True, **kw))

    def list_runs(self, **kw):
        return self.api.runs_list(cwd=self.cwd, guild_home=self.guild_home, **kw)

    def print_runs(self, runs=None, cwd=None, limit=None, **columns):
        where = os.path.join(self.cwd, cwd or ".")
        shown = self.list_runs(limit=limit) if runs is None else runs
        descriptions = {r.id: r.op_desc for r in self.api.runs_list(cwd=where, guild_home=self.guild_home)}
        for run in shown:
            print("  ".join(run_columns(run, descriptions.get(run.id) or run.op_desc, columns)).rstrip())

    def delete_runs(self, runs=None, **kw):
        self.api.runs_delete(runs, guild_home=self.guild_home, **kw)

    def mark(self, runs, **kw):
        self.api.mark(runs, cwd=self.cwd, guild_home=self.guild_home, **kw)

    def label(self, runs=None, **kw):
        self.api.runs_label(runs, cwd=self.cwd, guild_home=self.guild_home, **kw)

    def tag(self, runs=None, **kw):
        self.api.runs_tag(runs, cwd=self.cwd, guild_home=self.guild_home, **kw)

    def publish(self, runs=None, **kw):
        self.api.publish(runs, cwd=self.cwd, guild_home=self.guild_home, **kw)

    def package(self, **kw):
        self.api.package(cwd=self.cwd, guild_home=self.guild_home, **kw)

    def select(self, run=None, **kw):
        return self.api.select(run, cwd=self.cwd, guild_home=self.guild_home, **kw)

    def stop_runs(self, runs, **kw):
        self.api.runs_stop(runs, cwd=self.cwd, guild_home=self.guild_home, **kw)

    def ls(self, run=None, all=False, sourcecode=False):
        if sourcecode:
            raise NotAvailable("project.ls(sourcecode)")
        run = run or self.list_runs(limit=1)[0]
        return [name for name in list_files(run.dir) if all or not name.startswith(".guild")]

    @staticmethod
    def cat(run, path):
        cat(run.path, path)


def run_columns(run, op_desc, wanted):
    if wanted.get("scalars") or op_desc is None:
        raise NotAvailable("print_runs")
    known = {
        "ids": lambda: run.id,
        "short_ids": lambda: run.short_id,
        "flags": lambda: " ".join(flag_assigns(run.get("flags"))),
        "labels": lambda: run.get("label") or "",
        "tags": lambda: " ".join(sorted(run.get("tags") or [])),
        "status": lambda: run.status,
    }
    return [op_desc] + [text() for name, text in known.items() if wanted.get(name)]


# ---------------------------------------------------------------------------------------------------------------------
# The names that examples see
# ---------------------------------------------------------------------------------------------------------------------

NEED_GUILD = "LogCapture ModelPath Platform SetUserConfig UserConfig cli guildfile print_runs config".split()


def guild_package(tree, api):
    """The little of the package `guild` that can be had: where it is, its API, and reading a run's directory."""
    package, run_module = types.ModuleType("guild"), types.ModuleType("guild.run")
    for module, content in (
        (run_module, {"for_dir": Run.for_dir, "Run": Run}),
        (package, {"__pkgdir__": tree, "__path__": [], "_api": api, "run": run_module}),
    ):
        module.__dict__.update(content, __getattr__=lambda name: Unavailable("guild")._refuse())
        sys.modules[module.__name__] = module
    return package


def namespace(tree, commands):
    tests = os.path.join(tree, "guild", "tests")
    api = Api(commands)
    project_class = type("Project", (Project,), {"api": api})

    def sample(*parts):
        return os.path.join(tests, "samples", *parts)

    def examples_dir():
        return os.environ.get("EXAMPLES") or os.path.join(tree, "examples")

    def cd(path):
        os.chdir(os.path.expandvars(path))

    def use_project(name, guild_home=None):
        cd(sample("projects", name))
        set_guild_home(guild_home or mkdtemp())

    def mkdtemp(prefix="guild-test-"):
        return tempfile.mkdtemp(prefix=prefix)

    def mktemp_guild_dir():
        home = mkdtemp()
        for name in ("runs", "trash", "cache"):
            os.mkdir(os.path.join(home, name))
        return home

    names = {name: Unavailable(name) for name in NEED_GUILD}
    names.update(
        __name__="__main__", _dir=dir, PLATFORM="Linux", RunError=RunError, Project=project_class,
        Proxy=Blank, Chdir=contextlib.chdir, SetCwd=contextlib.chdir, Env=Environment, Ignore=lines_ignored,
        SetGuildHome=other_guild_home, PrintStderr=contextlib.nullcontext, StderrCapture=StderrCapture,
        SysPath=module_path, TempFile=TempFile, gapi=api, guild=guild_package(tree, api), guild_home=guild_home,
        not_used=object(), abspath=os.path.abspath, basename=os.path.basename, dirname=os.path.dirname,
        exists=os.path.exists, isdir=os.path.isdir, isfile=os.path.isfile, islink=os.path.islink,
        join_path=os.path.join, path=os.path.join, relpath=os.path.relpath, realpath=realpath, cat=cat,
        cat_json=cat_json, cd=cd, cwd=os.getcwd, compare_dirs=compare_dirs, compare_paths=compare_paths,
        copyfile=copyfile, copytree=copytree, diff=diff, dir=list_dir, find=find, findl=list_files,
        ensure_dir=lambda d: os.makedirs(d, exist_ok=True), example=lambda name: os.path.join(examples_dir(), name),
        examples_dir=examples_dir, make_executable=make_executable, mkdir=os.mkdir, mkdtemp=mkdtemp,
        mktemp_guild_dir=mktemp_guild_dir, normlf=lambda s: s.replace("\r", ""), printl=print_lines,
        pprint=pprint.pprint, rm=rm, rmdir=rmdir, run=commands.shell, sample=sample,
        samples_dir=lambda: sample()[:-1], set_guild_home=set_guild_home, sha256=sha256, shlex_quote=shlex_quote,
        sleep=time.sleep, symlink=os.symlink, tests_dir=lambda: tests, touch=touch, use_project=use_project,
        which=shutil.which, write=write, json=json, os=os, re=re, sys=sys, yaml=yaml or Unavailable("yaml"),
        quiet=lambda cmd, **kw: commands.shell(cmd, quiet=True, **kw),
        run_capture=lambda cmd, **kw: commands.shell(cmd, capture=True, **kw),
    )
    return names
