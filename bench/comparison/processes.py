"""Runs of a program under mpirun: how long they take and how much memory all of its processes use."""

import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path


OUTPUT = object()  # in a command: the path of the output of this program


class ProcessTree:
    """The processes below a root, also those whose parent has gone since they were first seen."""

    def __init__(self, root):
        self.members = {root: self.start_time(root)}

    @staticmethod
    def fields(pid):
        try:
            # The command's name, in parentheses, may hold anything.
            return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            return None

    @classmethod
    def start_time(cls, pid):
        fields = cls.fields(pid)
        return fields[19] if fields else None

    def refresh(self):
        parents, starts = {}, {}
        for name in filter(str.isdigit, os.listdir("/proc")):
            fields = self.fields(name)
            if fields:
                parents[int(name)], starts[int(name)] = int(fields[1]), fields[19]
        self.members = {pid: start for pid, start in self.members.items() if starts.get(pid) == start}
        found = True
        while found:
            found = {pid: starts[pid] for pid, parent in parents.items()
                     if parent in self.members and pid not in self.members}
            self.members.update(found)
        return list(self.members)


def field_kib(path, name):
    try:
        for line in Path(path).read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    except OSError:
        pass
    return None


class MemoryPeak:
    """Peak over time of the sum over processes of PSS, which counts shared pages once. Where the kernel does
    not tell it, the sum of each process's own peak instead, which counts shared pages once for each."""

    def __init__(self, root):
        self.tree = ProcessTree(root)
        self.pss_peak = 0
        self.own_peaks = {}

    def sample(self):
        total = 0
        for pid in self.tree.refresh():
            total += field_kib(f"/proc/{pid}/smaps_rollup", "Pss:") or 0
            self.own_peaks[pid] = max(field_kib(f"/proc/{pid}/status", "VmHWM:") or 0, self.own_peaks.get(pid, 0))
        self.pss_peak = max(self.pss_peak, total)

    def mebibytes(self):
        return (self.pss_peak or sum(self.own_peaks.values())) / 1024


def mpirun(ranks, mca=()):
    """The beginning of a command that starts a program in `ranks` ranks; `mca`: pairs of key and value."""
    root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    settings = [word for key, value in mca for word in ("--mca", key, value)]
    return ["mpirun", *root, "--oversubscribe", "--bind-to", "none", *settings, "-n", str(ranks)]


class Program:
    """One of the two sides of a case: a command, and where its output and its logs go."""

    def __init__(self, name, ranks, place, timeout, words, mca=()):
        self.name = name
        self.output = place / f"{name}-output"
        self.timeout = timeout
        self.command = [*mpirun(ranks, mca),
                        *(str(self.output) if word is OUTPUT else str(word) for word in words)]
        self.printed = place / f"{name}.out"
        self.log = place / f"{name}.log"
        self.seconds = []
        self.cpu_seconds = []

    def remove_output(self):
        if self.output.is_dir():
            shutil.rmtree(self.output)
        else:
            self.output.unlink(missing_ok=True)

    def run(self):
        """One more timed run. Ends the comparison when the command fails."""
        seconds, cpu_seconds, _ = self.execute(watch_memory=False)
        self.seconds.append(seconds)
        self.cpu_seconds.append(cpu_seconds)

    def peak_memory(self):
        """MiB, from one more run, which is not timed: watching costs time."""
        return self.execute(watch_memory=True)[2].mebibytes()

    def execute(self, watch_memory):
        self.remove_output()
        cpu_before = cpu_of_children()
        with open(self.printed, "wb") as out, open(self.log, "wb") as log:
            start = time.monotonic()
            process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=log)
            # Popen.wait(timeout) would look every 50 ms only.
            late = threading.Timer(self.timeout, process.terminate)
            late.start()
            peak = MemoryPeak(process.pid) if watch_memory else None
            while peak and process.poll() is None:
                peak.sample()
                time.sleep(0.02)
            code = process.wait()
            seconds = time.monotonic() - start
            late.cancel()
        if code != 0:
            self.fail(code)
        return seconds, cpu_of_children() - cpu_before, peak

    def fail(self, code):
        said = self.printed.read_text(errors="replace") + self.log.read_text(errors="replace")
        sys.exit(f"{' '.join(self.command)}\nfailed or took more than {self.timeout:.0f} s, exit code {code}; its "
                 f"output ({self.printed}, {self.log}) ends with:\n" + "\n".join(said.splitlines()[-15:]))


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
