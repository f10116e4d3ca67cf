#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the documented command transcripts of Guild AI against any `guild` executable.

Guild AI keeps its tests as Markdown files whose indented `>>>` examples are mostly shell commands
with their expected output. This program executes those examples with helpers of its own (no Guild
code is imported) and counts, statement by statement, what matches.

    transcripts.py --guildai DIR --guild PATH --list visible.txt -j2 [--only FILE...] [-v]

DIR is a checkout of Guild AI (0.9.1), or what `pip download --no-deps guildai==0.9.0` gives,
unzipped; the wheel has no examples/. Prints one line per file, `name passed failed na`, then sums.
-v shows each statement that did not pass, with the wanted and the given text.

A statement is one `>>>` example. Its kind is `cli` if it started guild, else `helper`; only `cli`
statements are counted. `na` needs Guild AI's Python code, or a Python module that is not there.
Examples that their own options leave out (another system or Python, no R, timing) are not counted.
A statement after a failed one is still run: one missing feature can fail many.

Matching is doctest's with ELLIPSIS and NORMALIZE_WHITESPACE; a wanted text may start with `???`
for `...`, colours are ignored, and a final `<exit 0>` may be left out.

Each file has its own process, its own copy of tests and samples (committed to a Git repository,
since source code selection looks at Git), its own virtual environment on top of --python, its own
HOME, TMPDIR and GUILD_HOME, and nothing of the caller's environment but PATH. When it is done, all
that it left running is killed.

Python 3.11, standard library only; PyYAML is used where it can be imported.
"""

import argparse
import ast
import collections
import concurrent.futures
import contextlib
import doctest
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.dont_write_bytecode = True

from transcript_helpers import (
    GUILD_COMMAND, Commands, NotAvailable, RefuseGuildImports, Unavailable, adopt_orphans, kill_descendants, kill_group,
    list_files, namespace
)

PASSED, FAILED, NA = "passed", "failed", "na"
CLI, HELPER = "cli", "helper"

# ---------------------------------------------------------------------------------------------------------------------
# Example options
# ---------------------------------------------------------------------------------------------------------------------

FLAG = {
    name: doctest.register_optionflag(name)
    for name in (
        "FIXME FIXME_CI FIXME_WINDOWS GIT_LS_FILES_TARGET KEEP_LF MACOS NORMALIZE_PATHS NORMALIZE_PATHSEP PY3 PY37 PY38"
        " PY39 PY310 PY311 R STRICT STRIP_ANSI_FMT STRIP_EXIT_0 TIMING_CRITICAL WINDOWS WINDOWS_ONLY"
    ).split()
}

DEFAULT_FLAGS = (
    doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | FLAG["NORMALIZE_PATHS"] | FLAG["STRIP_ANSI_FMT"]
    | FLAG["STRIP_EXIT_0"]
)

GIT_WITH_TARGETED_LS_FILES = (2, 32)


def is_skipped(options):
    """Whether example (or file) options leave it out on this system: Linux, this Python, this Git."""
    on = {name for name, flag in FLAG.items() if options.get(flag) is True}
    off = {name for name, flag in FLAG.items() if options.get(flag) is False}
    this_python = "PY%d%d" % sys.version_info[:2]
    if this_python in on:
        return False
    if this_python in off or "PY3" in off:
        return True
    if on & {"FIXME", "WINDOWS_ONLY", "TIMING_CRITICAL"}:
        return True
    if "R" in on and not shutil.which("Rscript"):
        return True
    has_target = git_version() >= GIT_WITH_TARGETED_LS_FILES
    return ("GIT_LS_FILES_TARGET" in on and not has_target) or ("GIT_LS_FILES_TARGET" in off and has_target)


def git_version():
    try:
        text = subprocess.run(["git", "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return (0, 0)
    digits = re.search(r"(\d+)\.(\d+)", text)
    return tuple(int(x) for x in digits.groups()) if digits else (0, 0)


def front_matter(text):
    """The `key: value` lines between the leading `---` marks."""
    block = re.match(r"---\n(.*?)\n---", text, re.DOTALL)
    pairs = re.findall(r"^([\w-]+):\s*(.*)$", block.group(1), re.MULTILINE) if block else []
    return {key: value.split("#")[0].strip() for key, value in pairs}


def file_options(text):
    words = front_matter(text).get("doctest", "").split()
    return {FLAG[word[1:]]: word[0] == "+" for word in words if word[1:] in FLAG}


# ---------------------------------------------------------------------------------------------------------------------
# Matching
# ---------------------------------------------------------------------------------------------------------------------


class Checker(doctest.OutputChecker):
    """doctest's matching, plus: colours ignored, `???` may start a wanted text, a final `<exit 0>` may be left out."""

    def check_output(self, want, got, optionflags):
        if optionflags & FLAG["STRICT"]:
            return super().check_output(want, got, optionflags & ~doctest.ELLIPSIS)
        if optionflags & FLAG["STRIP_ANSI_FMT"]:
            got = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", got)
        if optionflags & FLAG["NORMALIZE_PATHSEP"]:
            want = want.replace("::", os.pathsep)
        if want.startswith("???"):
            want = "..." + want[3:]
        if optionflags & FLAG["STRIP_EXIT_0"]:
            want, got = (self.without_exit_0(s) for s in (want, got))
        return super().check_output(want, got, optionflags)

    @staticmethod
    def without_exit_0(text):
        tail = "\n<exit 0>\n"
        return text[: 1 - len(tail)] if text.endswith(tail) else text


# ---------------------------------------------------------------------------------------------------------------------
# One file
# ---------------------------------------------------------------------------------------------------------------------


class FileTimeout(BaseException):
    pass


def exception_text(error):
    """The last line that a traceback would show, the class without its module."""
    text = "".join(traceback.format_exception_only(type(error), error))
    return re.sub(r"^[\w.]+\.(?=\w+(:|\n|$))", "", text)


SHELL_CALL = re.compile(r"\b(?:run|quiet|run_capture)\(\s*f?r?[\"'](.*)", re.DOTALL)
METHOD_CALL = re.compile(r"\b(?:\w*project|gapi)\.\w*(?:run|trials|label|tag|mark|select|publish|package)\w*\(")


def calls_guild(source):
    """Whether the text of a statement is one that starts guild, should it not come to that."""
    call = SHELL_CALL.search(source)
    return bool(call and GUILD_COMMAND.search(call.group(1)) or METHOD_CALL.search(source))


def names_bound_by(source):
    """Names that a statement binds in its own scope."""
    bound = set()

    def visit(node):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            bound.add(node.name)
            return
        if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            return
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            bound.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    with contextlib.suppress(SyntaxError):
        visit(ast.parse(source))
    return bound


def execute(example, names):
    """(stdout, exception or None)"""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            exec(compile(example.source, "<example>", "single"), names)
        except (NotAvailable, FileTimeout, KeyboardInterrupt):
            raise
        except BaseException as e:
            return out.getvalue(), e
    return out.getvalue(), None


def run_example(example, names, checker):
    """(verdict, why)"""
    flags = DEFAULT_FLAGS
    for flag, on in example.options.items():
        flags = flags | flag if on else flags & ~flag
    try:
        got, error = execute(example, names)
    except NotAvailable as e:
        return NA, str(e)
    if isinstance(error, ModuleNotFoundError) and not example.exc_msg:
        return NA, str(error)
    want = example.want
    if error is not None:
        got = exception_text(error)
        if example.exc_msg is None:
            return FAILED, f"want:\n{want}got exception:\n{got}"
        want = example.exc_msg
    if checker.check_output(want, got, flags):
        return PASSED, None
    return FAILED, f"want:\n{want}got:\n{got}"


def run_file(name, tree, timeout, command_timeout):
    """Runs a file's examples in this process. Returns its records."""
    path = os.path.join(tree, "guild", "tests", name)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if is_skipped(file_options(text)):
        return []
    commands = Commands(command_timeout)
    names = namespace(tree, commands)
    if name.startswith("uat/"):
        names.update({k: v for k, v in os.environ.items() if k in UAT_NAMES}, INDEX="tests/uat/README.md")
    checker = Checker()
    os.chdir(os.path.dirname(path))
    sys.meta_path.insert(0, RefuseGuildImports())
    sys.displayhook = sys.__displayhook__
    records, late = [], False

    def on_alarm(*_args):
        raise FileTimeout()

    signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    for example in doctest.DocTestParser().get_examples(text, name):
        if is_skipped(example.options):
            continue
        commands.guild_was_run = False
        began = time.monotonic()
        try:
            verdict, why = (FAILED, "file timeout") if late else run_example(example, names, checker)
        except FileTimeout:
            verdict, why, late = FAILED, "file timeout", True
        if verdict == NA:
            names.update((bound, Unavailable(bound)) for bound in names_bound_by(example.source))
        records.append({
            "file": name,
            "line": example.lineno + 1,
            "sha1": hashlib.sha1(example.source.encode()).hexdigest(),
            "verdict": verdict,
            "kind": CLI if commands.guild_was_run or calls_guild(example.source) else HELPER,
            "seconds": round(time.monotonic() - began, 2),
            "source": example.source,
            "why": why,
        })
    signal.setitimer(signal.ITIMER_REAL, 0)
    return records


UAT_NAMES = ("WORKSPACE", "GUILD_HOME", "TEMP", "GUILD_PKG", "REQUIREMENTS_PATH", "EXAMPLES")


def worker_main(args):
    """Runs a file in a child. This process stays behind as its init: it reaps daemons and, at the end, kills them."""
    adopt_orphans()
    child = os.fork()
    if child == 0:
        records = run_file(args.worker, args.guildai, args.timeout, args.command_timeout)
        with open(args.json, "w") as f:
            json.dump(records, f)
        sys.exit(0)
    while os.wait()[0] != child:
        pass
    kill_descendants()


# ---------------------------------------------------------------------------------------------------------------------
# All files
# ---------------------------------------------------------------------------------------------------------------------


def test_files(guildai):
    tests = os.path.join(guildai, "guild", "tests")
    top = [n for n in os.listdir(tests) if n.endswith(".md")]
    uat = ["uat/" + n for n in os.listdir(os.path.join(tests, "uat")) if n.endswith(".md") and n != "README.md"]
    return sorted(top) + sorted(uat)


def git(cwd, *args):
    return subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "safe.directory=*", *args], cwd=cwd,
        check=True, capture_output=True, text=True
    ).stdout


def make_venv(python, dest):
    """The `python` of the examples: it sees the given one's packages, and what they install stays in it."""
    subprocess.run([python, "-m", "venv", "--without-pip", dest], check=True)
    script = "import sys, sysconfig as c; s = c.get_path('stdlib'); print(*(p for p in sys.path[1:] if p not in "
    script += "(s, s + '/lib-dynload') and not p.endswith('.zip')), sep='\\n')"
    paths = subprocess.run([python, "-c", script], check=True, capture_output=True, text=True).stdout
    site_packages = os.path.join(dest, "lib", os.listdir(os.path.join(dest, "lib"))[0], "site-packages")
    with open(os.path.join(site_packages, "inherited.pth"), "w") as f:
        f.write(paths)


def make_checkout(guildai, dest):
    """A copy of the tests, samples and examples in a Git repository of its own, as a checkout would be."""
    wanted = ["guild/tests", "examples", ".gitignore", ".gitattributes"]
    if os.path.exists(os.path.join(guildai, ".git")):
        names = git(guildai, "ls-files", "-z", *wanted).split("\0")
    else:
        names = [os.path.join(top, n) for top in wanted[:2] for n in list_files(os.path.join(guildai, top))]
    for name in filter(None, names):
        target = os.path.join(dest, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.lexists(os.path.join(guildai, name)):
            shutil.copy2(os.path.join(guildai, name), target, follow_symlinks=False)
    git(dest, "init", "-q")
    git(dest, "add", "-A", "-f", ".")
    git(dest, "commit", "-q", "-m", "checkout")
    git(dest, "gc", "-q")  # fewer files to copy


def base_environment(scratch, bin_dir, name, tree):
    """The variables that a file's examples start with; nothing else of the caller's environment is passed on."""
    tmp, home, guild_dir = (os.path.join(scratch, d) for d in ("tmp", "home", "guild-home"))
    env = {
        "PATH": os.pathsep.join([bin_dir, os.path.join(scratch, "venv", "bin"), os.environ.get("PATH", os.defpath)]),
        "HOME": home, "TMPDIR": tmp,
        "LANG": "C.UTF-8", "USER": "user", "SHELL": "/bin/sh", "TERM": "dumb", "COLUMNS": "999", "CONCURRENCY": "1",
        "GUILD_HOME": guild_dir, "NO_IMPORT_FLAGS_PROGRESS": "1", "SYNC_RUN_OUTPUT": "1",
        "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNODEBUGRANGES": "1", "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1", "GIT_TERMINAL_PROMPT": "0",
    }
    if name.startswith("uat/"):
        env.update(
            WORKSPACE=os.path.join(scratch, "workspace"), TEMP=tmp, GUILD_PKG=tree, GUILD_PKGDIR=tree,
            EXAMPLES=os.path.join(tree, "examples"), REQUIREMENTS_PATH=os.path.join(tree, "requirements.txt"),
            GUILD_HOME=os.path.join(scratch, "workspace", ".guild"), NO_PIP_FREEZE="", NO_VCS_COMMIT=""
        )
    else:
        env.update(NO_PIP_FREEZE="1", NO_VCS_COMMIT="1")
    for directory in (tmp, home, env["GUILD_HOME"]):
        os.makedirs(directory)
    with open(os.path.join(home, ".gitconfig"), "w") as f:
        f.write("[user]\n\tname = User\n\temail = user@localhost\n[init]\n\tdefaultBranch = master\n"
                "[safe]\n\tdirectory = *\n")
    return env


class Pool:
    """Runs files in worker processes."""

    def __init__(self, args, work_dir):
        self.args = args
        self.work_dir = work_dir
        self.lock = threading.Lock()
        self.pids = set()
        self.template = os.path.join(work_dir, "template")
        self.bin_dir = os.path.join(work_dir, "bin")
        os.makedirs(os.path.join(self.template, "guildai"))
        os.mkdir(self.bin_dir)
        make_checkout(args.guildai, os.path.join(self.template, "guildai"))
        make_venv(args.python, os.path.join(self.template, "venv"))
        os.symlink(os.path.abspath(args.guild), os.path.join(self.bin_dir, "guild"))

    def run(self, number, name):
        scratch = os.path.join(self.work_dir, f"f{number:03}")
        tree = os.path.join(scratch, "guildai")
        result = os.path.join(self.work_dir, f"f{number:03}.json")
        shutil.copytree(self.template, scratch, symlinks=True)
        command = [
            sys.executable, os.path.abspath(__file__), "--worker", name, "--guildai", tree, "--guild", self.args.guild,
            "--json", result, "--timeout", str(self.args.timeout), "--command-timeout", str(self.args.command_timeout)
        ]
        env = base_environment(scratch, self.bin_dir, name, tree)
        with self.lock:
            process = subprocess.Popen(
                command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                start_new_session=True
            )
            self.pids.add(process.pid)
        try:
            _, err = process.communicate(timeout=self.args.timeout + 60)
        except subprocess.TimeoutExpired:
            kill_group(process.pid)
            err = b"worker did not end"
            process.wait()
        with self.lock:
            self.pids.discard(process.pid)
            kill_descendants(keep=self.pids)
        records = []
        if os.path.exists(result):
            with open(result) as f:
                records = json.load(f)
        else:
            sys.stderr.write(f"{name}: {err.decode(errors='replace')[-2000:]}\n")
        shutil.rmtree(scratch, ignore_errors=True)
        return records


def counts(records):
    by = collections.Counter(r["verdict"] for r in records if r["kind"] == CLI)
    return by[PASSED], by[FAILED], by[NA]


def read_baseline(path):
    with open(path) as f:
        return {tuple(line.rstrip("\n").split("\t")) for line in f if line.strip()}


def baseline_key(record):
    return record["file"], str(record["line"]), record["sha1"]


def show_details(records):
    for r in records:
        if r["verdict"] != PASSED:
            print(f"--- {r['file']}:{r['line']} {r['verdict']} ({r['kind']})\n{r['source']}{r['why'] or ''}")


def chosen_files(args):
    files = test_files(args.guildai)
    if args.list:
        with open(args.list) as f:
            listed = set(f.read().split())
        files = [name for name in files if name in listed]
    if args.only:
        unknown = set(args.only) - set(files)
        if unknown:
            sys.exit("no such file: " + " ".join(sorted(unknown)))
        files = [name for name in files if name in args.only]
    return files


def report_score(records, baseline, files):
    wanted = {key for key in baseline if key[0] in files}
    good = {baseline_key(r) for r in records if r["verdict"] == PASSED} & wanted
    percent = 100 * len(good) / len(wanted) if wanted else 0
    print(f"score: {len(good)} of {len(wanted)} baseline statements ({percent:.1f} %)")


def run_all(args, files):
    with tempfile.TemporaryDirectory(prefix="transcripts-", ignore_cleanup_errors=True) as work_dir:
        pool = Pool(args, work_dir)
        everything = []
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as threads:
            for name, records in zip(files, threads.map(pool.run, range(len(files)), files)):
                print(name, *counts(records), flush=True)
                if args.verbose:
                    show_details(records)
                everything += records
    return everything


def parse_args():
    p = argparse.ArgumentParser(description="Run Guild AI's command transcripts against a guild executable.")
    p.add_argument("--guildai", required=True, metavar="DIR", help="checkout of guildai")
    p.add_argument("--guild", required=True, metavar="PATH", help="guild executable to measure")
    p.add_argument("--python", default=sys.executable, metavar="PATH", help="what `python` is for the examples")
    p.add_argument("--only", nargs="+", metavar="FILE", help="only these files, relative to guild/tests")
    p.add_argument("--list", metavar="FILE", help="only the files named in FILE")
    p.add_argument("--baseline", metavar="TSV", help="score only the statements listed in TSV")
    p.add_argument("--write-baseline", metavar="TSV", help="write the cli statements that passed")
    p.add_argument("--json", metavar="OUT", help="write each statement's verdict")
    p.add_argument("-j", "--jobs", type=int, default=2, metavar="N")
    p.add_argument("--timeout", type=float, default=300, metavar="S", help="seconds per file")
    p.add_argument("--command-timeout", type=float, default=90, metavar="S", help="seconds per command")
    p.add_argument("-v", "--verbose", action="store_true", help="show what did not pass, and why")
    p.add_argument("--worker", help=argparse.SUPPRESS)
    return p.parse_args()


def main():
    args = parse_args()
    if args.worker:
        worker_main(args)
        return
    adopt_orphans()
    files = chosen_files(args)
    baseline = read_baseline(args.baseline) if args.baseline else set()
    if baseline:
        files = [name for name in files if any(key[0] == name for key in baseline)]
    records = run_all(args, files)
    if args.json:
        with open(args.json, "w") as f:
            json.dump(records, f, indent=0)
    if args.write_baseline:
        passed = [r for r in records if r["kind"] == CLI and r["verdict"] == PASSED]
        with open(args.write_baseline, "w") as f:
            f.writelines("\t".join(baseline_key(r)) + "\n" for r in passed)
    if args.baseline:
        report_score(records, baseline, set(files))
    print("%d passed, %d failed, %d na in %d files" % (*counts(records), len(files)))


if __name__ == "__main__":
    main()
