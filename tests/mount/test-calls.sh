#!/bin/bash
# SPDX-License-Identifier: MIT
# System calls, one by one, as no shell makes them: which errno each gets where it is refused, and
# that descriptors, directory streams, mappings and names do what those of a plain file do.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
start_mount
echo >"$MNT/models/m/operations/quick/flags"
finish
python3 - "$MNT" "$HOME_DIR" <<'END'
import ctypes, errno, fcntl, mmap, os, select, stat, sys, threading

mnt, home = sys.argv[1:]
op = mnt + "/models/m/operations/quick"
flags = op + "/flags"
run = os.path.realpath(mnt + "/runs/latest")
R, W, RW = os.O_RDONLY, os.O_WRONLY, os.O_RDWR
CREAT, EXCL, TRUNC, APPEND = os.O_CREAT, os.O_EXCL, os.O_TRUNC, os.O_APPEND

def equal(name, wanted, got):
    print(f"ok {name}" if wanted == got else f"not ok {name}: wanted {wanted!r}, got {got!r}")

def said(call, *args):
    """What a call returns, or the name of its errno."""
    try:
        return call(*args)
    except OSError as e:
        return errno.errorcode[e.errno]

def text(path):
    with open(path, "rb") as f:
        return f.read()

def put(path, what, mode="wb"):
    with open(path, mode, buffering=0) as f:
        f.write(what)

def runs():
    return len(os.listdir(home + "/runs"))

def newest_flags():
    return text(mnt + "/runs/latest/flags").decode().split("\n")

def with_fd(path, how, *steps):
    """What each step, a function of the descriptor, returns; last what close says."""
    fd = os.open(path, how)
    got = [said(step, fd) for step in steps]
    return got + [said(os.close, fd)]

def write(what):
    return lambda fd: os.write(fd, what)

def pwrite(what, at):
    return lambda fd: os.pwrite(fd, what, at)

def read(fd):
    return os.read(fd, 100)

# --- what is refused, and how -----------------------------------------------------------------
files = {"a text": run + "/id", "an artifact": run + "/files/result.txt", "output": run + "/output",
         "wait": run + "/wait", "events": mnt + "/events"}
for name, path in files.items():
    got = [said(os.truncate, path, 0), said(os.chmod, path, 0o600), said(os.chown, path, 0, 0),
           said(os.utime, path), said(os.unlink, path), said(os.rename, path, path + "x")]
    if os.getuid() == 0:  # another is refused by the mode first
        equal(f"{name}: nothing changes it", ["EPERM"] * 6, got)
    equal(f"{name}: open for writing", ["EACCES"] * 2, [said(os.open, path, W), said(os.open, path, RW)])
for name, path in {"a run": run, "runs": mnt + "/runs", "the mount": mnt, "files": run + "/files"}.items():
    new = path + "/new"
    got = [said(os.mkdir, new), said(os.open, new, CREAT | W), said(os.symlink, "x", new),
           said(os.mkfifo, new), said(os.link, run + "/id", new), said(os.mknod, new, stat.S_IFREG)]
    equal(f"{name}: nothing is made in it", [], [e for e in got if e not in ("EPERM", "EACCES")])
new = op + "/new"
equal("an operation: files only", ["EPERM"] * 4,
      [said(os.mkdir, new), said(os.symlink, "x", new), said(os.mkfifo, new), said(os.link, flags, new)])
for name, path in {"a text": run + "/id", "label": run + "/label", "flags": flags, "a run": run}.items():
    equal(f"{name}: extended attributes", ["ENOTSUP"] * 2,
          [said(os.getxattr, path, "user.x"), said(os.listxattr, path)])
    if os.getuid() == 0 or os.access(path, os.W_OK):
        equal(f"{name}: none is set", ["ENOTSUP"] * 2,
              [said(os.setxattr, path, "user.x", b""), said(os.removexattr, path, "user.x")])
equal("a directory is no file", ["EISDIR", "EISDIR"], [said(os.unlink, run), said(os.open, run, W)])
equal("a file is no directory", ["ENOTDIR"] * 4,
      [said(os.rmdir, run + "/id"), said(os.rmdir, mnt + "/runs/latest"),
       said(os.stat, run + "/id/x"), said(os.open, run + "/id", os.O_DIRECTORY)])
equal("a link in a view is not removed", "EPERM", said(os.unlink, mnt + "/by/status/completed/" + os.path.basename(run)))
equal("to another file system", ["EXDEV"] * 2,
      [said(os.rename, op + "/flags", home + "/x"),
       said(os.copy_file_range, os.open(run + "/id", R), os.open(home + "/copied", W | CREAT), 10)])
equal("an id in other letters, or longer", ["ENOENT"] * 2,
      [said(os.stat, mnt + "/runs/" + os.path.basename(run).upper() + "X"), said(os.stat, run + "0")])

libc = ctypes.CDLL(None, use_errno=True)
def rename2(old, new, how):
    r = libc.renameat2(-100, old.encode(), -100, new.encode(), how)
    return "done" if r == 0 else errno.errorcode[ctypes.get_errno()]
put(op + "/scratch", b"epochs: 4\n")
before = runs()
equal("exchange and whiteout", ["EINVAL"] * 2,
      [rename2(op + "/scratch", flags, 2), rename2(op + "/scratch", op + "/x", 4)])
equal("noreplace", ["EEXIST"] * 2,
      [rename2(op + "/scratch", flags, 1), rename2(op + "/scratch", op + "/scratch", 1)])
equal("nothing was started by that", before, runs())

# --- attributes --------------------------------------------------------------------------------
modes = {run: 0o40755, run + "/id": 0o100444, run + "/env": 0o100400, run + "/label": 0o100644,
         run + "/ctl": 0o100644, run + "/wait": 0o100444, flags: 0o100644, op: 0o40755,
         mnt + "/runs/latest": 0o120777, run + "/files/result.txt": 0o100444, mnt: 0o40755}
equal("modes", modes, {path: os.lstat(path).st_mode for path in modes})
equal("one link each", {1}, {os.lstat(path).st_nlink for path in modes})
equal("the owner", {os.getuid()}, {os.lstat(path).st_uid for path in modes})
equal("no size of what blocks", [0, 0], [os.stat(run + "/wait").st_size, os.stat(mnt + "/events").st_size])
equal("blocks as the size says", [True] * 3,
      [(os.stat(p).st_blocks + 7) * 512 >= os.stat(p).st_size > (os.stat(p).st_blocks - 8) * 512
       for p in (run + "/id", flags, run + "/files/result.txt")])
began = os.stat(mnt + "/runs").st_mtime
put(flags, b"\n")
text(mnt + "/runs/latest/wait")
equal("runs/ is as new as its newest run", True, os.stat(mnt + "/runs").st_mtime > began)
st = os.statvfs(mnt)
equal("names are as long as statfs says", [255, "ENAMETOOLONG", "ENAMETOOLONG"],
      [st.f_namemax, said(os.open, op + "/" + "n" * 256, CREAT | W),
       said(os.rename, op + "/scratch", op + "/" + "n" * 256)])
equal("and no longer ones are there", "ENOENT", said(os.stat, run + "/" + "n" * 256))
equal("modes, owners and times of what can be written are kept", [None, None, None, 0o100644],
      [os.chmod(flags, 0o600), os.chown(flags, os.getuid(), os.getgid()), os.utime(flags, (1, 1)),
       os.stat(flags).st_mode])
equal("and so are its times", True, os.stat(flags).st_mtime > 1)

# --- descriptors that read -----------------------------------------------------------------------
for name, path in {"a text": run + "/id", "an artifact": run + "/files/result.txt", "label": run + "/label",
                   "flags": flags}.items():
    whole = text(path)
    fd = os.open(path, R)
    equal(f"{name}: byte by byte", whole, b"".join(iter(lambda: os.read(fd, 1), b"")))
    equal(f"{name}: its end", len(whole), os.lseek(fd, 0, os.SEEK_END))
    equal(f"{name}: behind that", b"", os.pread(fd, 10, 1 << 40))
    equal(f"{name}: from the middle", whole[3:], os.pread(fd, 1000, 3))
    equal(f"{name}: data and hole", [0, len(whole)],
          [os.lseek(fd, 0, os.SEEK_DATA), os.lseek(fd, 0, os.SEEK_HOLE)])
    equal(f"{name}: mapped", [whole] * 2, [mmap.mmap(fd, 0, flags=how, prot=mmap.PROT_READ)[:]
                                           for how in (mmap.MAP_SHARED, mmap.MAP_PRIVATE)])
    out = os.open(home + "/copied", RW | CREAT | TRUNC)
    os.sendfile(out, fd, 0, 1000)
    equal(f"{name}: sendfile", whole, os.pread(out, 1000, 0))
    os.close(out)
    equal(f"{name}: locks, fsync, no ioctl", [None, None, None, "ENOTTY"],
          [said(fcntl.flock, fd, fcntl.LOCK_EX | fcntl.LOCK_NB),
           said(fcntl.lockf, fd, fcntl.LOCK_SH | fcntl.LOCK_NB), said(os.fsync, fd),
           said(fcntl.ioctl, fd, 0x5401, b"x" * 100)])
    equal(f"{name}: not written", ["EBADF", "EINVAL"], [said(os.write, fd, b"x"), said(os.ftruncate, fd, 0)])
    os.close(fd)
unmappable = []
for at, _, names in os.walk(run):
    for path in (os.path.join(at, name) for name in names):
        if not os.path.islink(path) and os.stat(path).st_size and path != run + "/wait":
            with open(path, "rb") as f:
                if not isinstance(said(mmap.mmap, f.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ), mmap.mmap):
                    unmappable.append(path)
equal("all of a run that is over can be mapped", [], unmappable)

# A descriptor reads what was there when it was opened, and says how long that is.
put(run + "/label", b"a long label\n")
fd = os.open(run + "/label", R)
put(run + "/label", b"new\n")
equal("a snapshot and its size", [13, b"a long label\n"], [os.fstat(fd).st_size, read(fd)])
os.close(fd)

# --- flags ---------------------------------------------------------------------------------------
def starts(name, made, steps, wanted_flags=(), path=flags, how=W | TRUNC, said_last=None):
    before = runs()
    got = with_fd(path, how, *steps)
    equal(f"{name}: runs", made, runs() - before)
    equal(f"{name}: close", said_last, got[-1])
    if wanted_flags:
        equal(f"{name}: flags", [], [f for f in wanted_flags if f not in newest_flags()])
    return got

starts("byte by byte", 1, [write(bytes([b])) for b in b"epochs: 41\nrate: 0.5\n"], ["epochs: 41", "rate: 0.5"])
starts("empty writes", 0, [write(b""), write(b"")])
starts("appended, at an offset", 1, [write(b"epochs: 42\n"), pwrite(b"rate: 0.7\n", 0)],
       ["epochs: 42", "rate: 0.7"], how=W | APPEND)
starts("the second line first", 1, [pwrite(b"rate: 0.9\n", 11), pwrite(b"epochs: 44\n", 0)],
       ["epochs: 44", "rate: 0.9"])
starts("a hole that stays", 0, [pwrite(b"epochs: 45\n", 100)], said_last="EINVAL")
equal("is told", True, b"NUL byte" in text(op + "/error"))
got = starts("read and written over", 1, [read, lambda fd: os.lseek(fd, 0, 0), write(b"epochs: 53\n"),
                                          lambda fd: os.fstat(fd).st_size], ["epochs: 53", "rate: 0.1"], how=RW)
equal("what was read", [b"epochs: 10\nkind: fast\nname: a b\nrate: 0.1\n", 42], [got[0], got[3]])
starts("only read", 0, [read], how=RW)
starts("cut to nothing", 0, [lambda fd: os.ftruncate(fd, 0)], how=W)
starts("cut, and written", 1, [write(b"epochs: 46\nrub"), lambda fd: os.ftruncate(fd, 11)], ["epochs: 46"])
starts("closed copies between", 1, [write(b"epochs: 54\n"), lambda fd: os.close(os.dup(fd)),
       write(b"rate: 0.4\n"), lambda fd: os.close(os.dup(fd))], ["epochs: 54", "rate: 0.4"])
starts("fsync between", 1, [write(b"epochs: 5"), os.fsync, write(b"6\n")], ["epochs: 56"])
got = starts("a fault after a flush", 0, [write(b"epochs: 54\n"), lambda fd: os.close(os.dup(fd)),
             write(b"bad: 1\n"), write(b"epochs: 1\n")], said_last="EINVAL")
equal("spoils what follows", ["EINVAL", "EINVAL"], got[2:4])
for name, steps in {"in one write": [write(b"#" * (1 << 20)), write(b"#")],
                    "at an offset": [pwrite(b"#", 1 << 20), write(b"#")]}.items():
    got = starts(f"over 1 MiB, {name}", 0, steps, said_last="EINVAL")
    equal(f"over 1 MiB, {name}: the writes", "EFBIG", got[1])
with open(flags, "w") as f:
    got = said(lambda: (f.write("#" * (2 << 20)), f.flush()))
    equal("over 1 MiB, through Python's buffer", "EFBIG", got)
    said(f.close)
starts("exactly 1 MiB", 1, [write(b"#" * ((1 << 20) - 12) + b"\n"), write(b"epochs: 47\n")], ["epochs: 47"])
equal("ftruncate over 1 MiB", ["EFBIG", None], with_fd(flags, W, lambda fd: os.ftruncate(fd, 2 << 20)))
equal("created where it is", "EEXIST", said(os.open, flags, W | CREAT | EXCL))
os.unlink(flags)
starts("created after it was removed", 1, [write(b"epochs: 58\n")], ["epochs: 58"], how=W | CREAT | EXCL)
for name, content in {"CR LF": b"epochs: 51\r\nrate: 0.5\r\n", "a byte order mark": b"\xef\xbb\xbfepochs: 51\nrate: 0.5\n",
                      "a document's mark": b"---\nepochs: 51\nrate: 0.5\n"}.items():
    starts(name, 1, [write(content)], ["epochs: 51", "rate: 0.5"])
for name, content in {"not UTF-8": b"name: \xff\n", "a NUL byte": b"name: a\0b\n", "two documents": b"epochs: 1\n---\nepochs: 2\n",
                      "a list": b"[1]\n", "a tab for blanks": b"\tepochs: 5\n"}.items():
    equal(f"{name}: refused at the write", "EINVAL", starts(name, 0, [write(content)], said_last="EINVAL")[0])

# --- new files -----------------------------------------------------------------------------------
starts("a new .yml", 1, [write(b"epochs: 59\n")], ["epochs: 59"], path=op + "/e1.yml", how=W | CREAT | EXCL)
equal("is a link then", [True, "EEXIST"], [os.path.islink(op + "/e1.yml"), said(os.open, op + "/e1.yml", W | CREAT | EXCL)])
starts("one that is removed before its close", 0, [write(b"epochs: 60\n"), lambda fd: os.unlink(op + "/e2.yml")],
       path=op + "/e2.yml", how=W | CREAT)
starts("one that is renamed to scratch", 0, [write(b"epochs: 60\n"), lambda fd: os.rename(op + "/e3.yml", op + "/e3.txt")],
       path=op + "/e3.yml", how=W | CREAT)
equal("neither comes back", ["ENOENT"] * 2, [said(os.lstat, op + "/e2.yml"), said(os.lstat, op + "/e3.yml")])
starts("one that is renamed while it is open starts by that", 1,
       [write(b"epochs: 61\n"), lambda fd: os.rename(op + "/e4.yml", op + "/e5.yml")], ["epochs: 61"],
       path=op + "/e4.yml", how=W | CREAT)
starts("scratch that is renamed while it is open", 1,
       [write(b"epochs: 62\n"), lambda fd: os.rename(op + "/tmp1", flags)], ["epochs: 62"],
       path=op + "/tmp1", how=W | CREAT)
odd = "\u00e4 b'\"\n$x"
starts("an odd name", 1, [write(b"epochs: 62\n")], path=op + "/" + odd + ".yml", how=W | CREAT)
equal("is the label, and a link", [odd + "\n", True],
      [text(mnt + "/runs/latest/label").decode(), os.path.islink(op + "/" + odd + ".yml")])
before = runs()
equal("a name that is not UTF-8", "EINVAL", said(os.open, op.encode() + b"/\xff.yml", W | CREAT))
equal("is told", True, b"UTF-8" in text(op + "/error"))
for name in (".yml", ".hidden.yml", "x.YML", "x.yml~", "#x.yml#"):
    put(op + "/" + name, b"epochs: 1\n")
equal("scratch files start nothing", before, runs())
for _ in range(70000):
    said(os.lstat, f"{op}/none{_}.yml")
starts("a file after many names that are not there", 1, [write(b"epochs: 63\n")], path=op + "/last.yml", how=W | CREAT)
equal("is a link", True, os.path.islink(op + "/last.yml"))
first, second = os.open(op + "/two.yml", W | CREAT), os.open(op + "/two.yml", W)
before = runs()
os.write(first, b"epochs: 65\n"), os.write(second, b"epochs: 66\n"), os.close(second), os.close(first)
equal("two that write one new file: a run each", 2, runs() - before)
equal("a scratch file is a file", [6, b"EPOCHS", 9, b"EPOCHS: 1", 101, b"\0" * 92, 50, "ENOSPC", None],
      with_fd(op + "/scratch2", RW | CREAT, write(b"epochs"), lambda fd: (os.pwrite(fd, b"EPOCHS: 1", 0), os.pread(fd, 6, 0))[1],
              lambda fd: os.fstat(fd).st_size, lambda fd: os.pread(fd, 100, 0),
              lambda fd: (os.pwrite(fd, b"x", 100), os.fstat(fd).st_size)[1], lambda fd: os.pread(fd, 91, 9) + b"\0",
              lambda fd: (os.ftruncate(fd, 50), os.fstat(fd).st_size)[1], lambda fd: os.ftruncate(fd, 1 << 30)))
fd = os.open(op + "/scratch2", RW | APPEND)
reader = os.open(op + "/scratch2", R)
os.write(fd, b"end")
os.unlink(op + "/scratch2")
equal("also when it is unlinked", [0, 53, b"end", b"end"],
      [os.fstat(fd).st_nlink, os.fstat(fd).st_size, os.pread(fd, 10, 50), os.pread(reader, 10, 50)])
os.close(fd), os.close(reader)

# --- label, tags, comments, marked, ctl -----------------------------------------------------------------
label = run + "/label"
for what in (b"1.0", b"true", b"null", b"~", b"'q'", b"# c", b"- a", b"a: b", b"a\tb", b"a\\nb", b"\x1b[31m", b"..",
             "\u00e9 \u65e5\u672c".encode(), b"x" * 5000):
    put(label, what + b"\n")
    shown = text(label)
    put(label, shown)
    equal(f"label: {what[:20]!r} is shown, and written back", [what + b"\n"] * 2, [shown, text(label)])
for what in (b"1", b"yes", b"null", b"a b", b"a,b", b"# x", b"- x", b"a: b", b"..", "\u65e5".encode(), b"x" * 300):
    put(run + "/tags", what + b"\n")
    put(run + "/tags", text(run + "/tags"))
    equal(f"tags: {what[:20]!r}", what + b"\n", text(run + "/tags"))
for what in (b"# x\n", b"\\# x\n", b"a\n\nb\n", b"  lead\n", b"# 2020-01-01T00:00:00.000000Z me@host\nold\n", b"\n"):
    put(run + "/comments", what)
    shown = text(run + "/comments")
    put(run + "/comments", shown)
    equal(f"comments: {what[:20]!r} written back", shown, text(run + "/comments"))
put(label, b"kept\n")
for path, what in ((label, b"\xff\n"), (label, b"a\0b\n"), (run + "/tags", b"\xff\n"), (run + "/comments", b"\xff\n"),
                   (run + "/comments", b"a\0b\n"), (run + "/marked", b"\n"), (run + "/marked", b"maybe\n")):
    equal(f"{os.path.basename(path)}: {what!r}", "EINVAL", said(put, path, what))
    equal("says why", False, b"Invalid argument" in text(mnt + "/errors").split(b"\n")[-2])
equal("label: over 1 MiB", ["EFBIG", "EINVAL"],
      with_fd(label, W | TRUNC, write(b"x" * (1 << 20)), write(b"x"))[1:])
equal("label: is what it was", b"kept\n", text(label))
equal("label: read, and written over", [b"kept\n", 0, 1, None],
      with_fd(label, RW, read, lambda fd: os.lseek(fd, 0, 0), write(b"K")))
equal("label: the rest stays", b"Kept\n", text(label))
equal("label: truncated by its name", [None, b""], [os.truncate(label, 0), text(label)])

ctl = run + "/ctl"
equal("ctl: nothing, and an empty line", [0, 1, 4, None], with_fd(ctl, W, write(b""), write(b"\n"), write(b"# x\n")))
equal("ctl: in pieces", [2, 5, "EINVAL", None], with_fd(ctl, W, write(b"ex"), write(b"plode"), write(b"\n")))
equal("ctl: without a newline", [7, "EINVAL"], with_fd(ctl, W, write(b"explode")))
equal("ctl: stop when it is over", "ESRCH", said(put, ctl, b"stop\n"))
equal("ctl: start when it is over", "EBUSY", said(put, ctl, b"start\n"))
equal("ctl: read where it is written", text(ctl), with_fd(ctl, RW, write(b"st"), lambda fd: os.pread(fd, 100, 0))[1])
equal("ctl: the rest of a line that was too long is no verb", ["E2BIG", "E2BIG"],
      with_fd(ctl, W, write(b"#" * 5000), write(b"restart\n"))[:2])
before = text(run + "/started")
with_fd(ctl, W, *[write(bytes([b])) for b in b"restart\n"])
text(run + "/wait")
equal("ctl: byte by byte", False, before == text(run + "/started"))

# --- wait ----------------------------------------------------------------------------------------
slow = mnt + "/models/m/operations/slow/flags"
put(slow, b"seconds: 60\n")
live = os.path.realpath(mnt + "/runs/latest")
fd = os.open(live + "/wait", R | os.O_NONBLOCK)
poll, epoll = select.poll(), select.epoll()
poll.register(fd, select.POLLIN), epoll.register(fd, select.EPOLLIN)
equal("wait: not readable yet", [[], [], "EAGAIN"], [poll.poll(20), epoll.poll(0.02), said(os.read, fd, 10)])
readers = [os.open(live + "/wait", R) for _ in range(60)]
answers = []
threads = [threading.Thread(target=lambda fd=fd: answers.append(os.read(fd, 2) + os.read(fd, 10))) for fd in readers]
for thread in threads:
    thread.start()
equal("wait: many who wait hold nobody up", b"id" in b"".join(e.encode() for e in os.listdir(live)), True)
put(live + "/ctl", b"kill\n")
equal("wait: poll tells", True, bool(poll.poll(20000)) and bool(epoll.poll(20)))
for thread in threads:
    thread.join()
equal("wait: all are answered, in pieces", {b"-9\n"}, set(answers))
equal("wait: and who did not block", [b"-9\n", b""], [read(fd), read(fd)])
equal("wait: byte by byte", [b"-", b"9", b"\n", b"", None],
      with_fd(live + "/wait", R, *[lambda fd: os.read(fd, 1)] * 4))

# --- directories ---------------------------------------------------------------------------------
class Dirent(ctypes.Structure):
    _fields_ = [("ino", ctypes.c_ulong), ("off", ctypes.c_long), ("reclen", ctypes.c_ushort),
                ("type", ctypes.c_ubyte), ("name", ctypes.c_char * 256)]
libc.opendir.restype, libc.readdir.restype = ctypes.c_void_p, ctypes.POINTER(Dirent)
libc.telldir.restype = ctypes.c_long
for call in (libc.readdir, libc.telldir, libc.rewinddir, libc.closedir):
    call.argtypes = [ctypes.c_void_p]
libc.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]

def entries(stream):
    at = libc.telldir(stream)
    while entry := libc.readdir(stream):
        yield at, entry.contents.name, entry.contents.ino, entry.contents.type
        at = libc.telldir(stream)

for path in ("", "/runs", "/models/m/operations/quick", "/models/m/operations/quick/runs", "/by/status/completed",
             "/where/epochs > 3", "/tensorboard", run[len(mnt):], run[len(mnt):] + "/files"):
    stream = libc.opendir((mnt + path).encode())
    first = list(entries(stream))
    wrong = []
    for at, name, ino, kind in reversed(first):
        libc.seekdir(stream, at)
        if libc.readdir(stream).contents.name != name:
            wrong.append(name)
        st = os.lstat(os.path.join((mnt + path).encode(), name))
        if name not in (b".", b"..") and (st.st_ino != ino or stat.S_IFMT(st.st_mode) != kind << 12):
            wrong.append((name, "inode or type"))
    libc.rewinddir(stream)
    equal(f"{path or '/'}: each place found again, inode and type", [[], len(first), len(first)],
          [wrong, len(list(entries(stream))), len({name for _, name, _, _ in first})])
    libc.closedir(stream)
END
[ $? = 0 ] || not_ok "system calls" "the program that makes them failed"
