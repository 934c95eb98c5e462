"""Runs of applications on ranks of this machine, for tests: start one in any of the ways that users
have, wait, kill what the test wants, and check that nothing stays behind."""

import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

BUILD = pathlib.Path(".")
EXTRA = []  # options of `volley run` for every run of this test, from the command line
MARK = "VOLLEY_TEST_RUN"
PATIENCE = 120  # seconds until a hanging run is a failure


def main():
    """For test programs: `test.py BUILD-DIRECTORY [OPTION-OF-VOLLEY-RUN...] [-- unittest words...]`"""
    global BUILD
    words = sys.argv[1:]
    mine, rest = (words[: words.index("--")], words[words.index("--") + 1 :]) \
        if "--" in words else (words, [])
    BUILD = pathlib.Path(mine[0]).resolve()
    EXTRA.extend(mine[1:])
    unittest.main(module="__main__", argv=[sys.argv[0], "-v", *rest])


def end_with_the_test():
    """For a child before exec: SIGTERM when the test program dies, for example of a time limit."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def application(name):
    found = [p for p in (BUILD / "apps" / name, BUILD / "tests/end_to_end" / name) if p.exists()]
    assert found, f"{name} is not built in {BUILD}"
    return str(found[0])


def volley():
    return str(BUILD / "volley")


def mpirun(ranks):
    root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    return ["mpirun", *root, "--oversubscribe", "--bind-to", "none", "-n", str(ranks)]


def alive(mark):
    """Processes, not zombies, that have the mark in their environment: {pid: command line}."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if words:
                    found[int(entry.name)] = words
        except OSError:
            pass
    return found


def unused_shared_memory(before):
    """New files in /dev/shm that no living process maps; those of other jobs are mapped."""
    fresh = set(os.listdir("/dev/shm")) - before
    for entry in pathlib.Path("/proc").iterdir():
        if not fresh or not entry.name.isdigit():
            continue
        try:
            maps = (entry / "maps").read_text()
        except OSError:
            continue
        fresh = {name for name in fresh if f"/dev/shm/{name}" not in maps}
    return fresh


def until(condition, what, process=None):
    """Waits for the condition and returns its value; a run that ended first is an error."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        if process is not None and process.poll() is not None:
            value = condition()
            if value:
                return value
            raise AssertionError(f"the run ended before {what}")
        time.sleep(0.002)
    raise AssertionError(f"waited in vain for {what}")


class Run:
    """One started run. Its output is in `text` when it has been waited for."""

    def __init__(self, command, place, environment=None, **popen):
        self.mark = uuid.uuid4().hex
        self.place = pathlib.Path(tempfile.mkdtemp(dir=place, prefix="tmp."))
        self.shared_before = set(os.listdir("/dev/shm"))
        self.shared = set()
        self.log = open(self.place.parent / f"{self.place.name}.log", "w+b")
        settings = {**os.environ, **(environment or {}), MARK: self.mark, "TMPDIR": str(self.place)}
        self.command = command
        self.start = time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT, env=settings,
                                        start_new_session=True,
                                        preexec_fn=end_with_the_test, **popen)

    def wait(self):
        """The exit code as a shell has it."""
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            print(self.read())
            self.end()
            raise AssertionError(f"hangs: {' '.join(self.command)}") from None
        self.seconds = time.monotonic() - self.start
        self.code = 128 - code if code < 0 else code
        self.text = self.read()
        return self.code

    def read(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def processes(self, with_word):
        return [pid for pid, words in alive(self.mark).items() if with_word in words]

    def containers(self):
        return self.processes("volley-container")

    def left(self, besides=()):
        """What is still there, as text, but for lines with certain words; waits a little for what is
        on its way out."""
        deadline = time.monotonic() + 10
        while True:
            left = [f"process {pid}: {words}" for pid, words in alive(self.mark).items()]
            left += [f"/dev/shm/{name}" for name in unused_shared_memory(self.shared_before)]
            left += [str(path) for path in self.place.iterdir()]
            left = [line for line in left if not any(word in line for word in besides)]
            if not left or time.monotonic() > deadline:
                return "\n".join(left)
            time.sleep(0.02)

    def note_shared_memory(self):
        """Of its processes: when all of them are killed, nobody but the test can remove it."""
        for pid in alive(self.mark):
            try:
                maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
            except OSError:
                continue
            words = (word for line in maps.splitlines() for word in line.split()[5:6])
            self.shared |= {word for word in words if word.startswith("/dev/shm/")}

    def end(self):
        self.note_shared_memory()
        for pid in alive(self.mark):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        self.log.close()
        for name in self.shared:
            pathlib.Path(name).unlink(missing_ok=True)


class ClusterTest(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="volley-test."))
        self.runs = []
        self.addCleanup(shutil.rmtree, self.place, True)
        self.addCleanup(lambda: [run.end() for run in self.runs])

    def start(self, command, **popen):
        run = Run([str(word) for word in command], self.place, **popen)
        self.runs.append(run)
        return run

    def under_mpirun(self, name, *arguments, ranks=3, options=(), **popen):
        """`mpirun volley run [options] APP`."""
        return self.start([*mpirun(ranks), volley(), "run", *EXTRA, *options, application(name),
                           *arguments], **popen)

    def launched(self, name, *arguments, ranks=2, options=(), **popen):
        """`volley run --master local[N] [options] APP`, the launcher."""
        return self.start([volley(), "run", "--master", f"local[{ranks}]", *EXTRA, *options,
                           application(name), *arguments], **popen)

    def ended(self, run, code):
        """Waits for the run and checks its exit code and that nothing stays behind."""
        run.wait()
        self.assertEqual(run.code, code, f"{' '.join(run.command)}\n{run.text}")
        self.assertEqual(run.left(), "", f"left behind by {' '.join(run.command)}")
        return run
