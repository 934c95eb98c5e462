#!/usr/bin/env python3
"""Applications on ranks of this machine while a killer ends processes of theirs with SIGKILL.

A seed decides the application, the layout of the ranks, the victims' kinds and the moments. Wherever
a kill lands, the run must end by itself with exit code 0, its output must be that of an undisturbed
run byte for byte, and no process and no shared memory may stay behind. (The one exception is client
mode, where a lost driver ends the application: it must fail and say so.)"""

import argparse
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "end_to_end"))
import cluster_run  # noqa: E402

TIMEOUT = 3  # volley.network.timeout, in seconds
KINDS = ("executor", "am", "driver", "rank")
SETTINGS = {
    "volley.network.timeout": f"{TIMEOUT}s",
    "volley.executor.heartbeatInterval": "300ms",
    "volley.am.maxAttempts": "6",
    "volley.executor.maxNumFailures": "50",
    "volley.task.maxFailures": "10",
    "volley.arena.size": "1g",
}


class Jobs:
    """The applications, their input, and what their output must be."""

    def __init__(self, place, scale):
        self.place = place
        chance = random.Random(4711)
        words = [f"word{int(chance.paretovariate(0.3)) % 90000}" for _ in range(int(500000 * scale))]
        self.text = place / "text"
        page = "\n".join(" ".join(words[i:i + 12]) for i in range(0, len(words), 12)) + "\n"
        self.text.write_text(page * 16)
        self.edges = place / "edges"
        nodes = int(15000 * scale)
        self.edges.write_text("".join(
            f"n{chance.randrange(nodes)} n{chance.randrange(nodes)}\n" for _ in range(8 * nodes)))
        records = str(int(4000000 * scale))
        splits = ["--conf", "volley.default.parallelism=6"]
        self.commands = {
            "word_count": lambda out: (splits, "word_count", [self.text, out]),
            "sort": lambda out: ([], "sort_and_join", ["sort", records, out]),
            "join": lambda out: ([], "sort_and_join", ["join", records, out]),
            "page_rank": lambda out: (splits, "page_rank", [self.edges, "4", out]),
        }
        self.expected = {}
        self.seconds = {}

    @staticmethod
    def content(output):
        parts = sorted(output.glob("part-*"))
        if not (output / "_SUCCESS").exists():
            return None
        if [path.name for path in output.iterdir() if path.is_dir()]:
            return None
        lines = [line for part in parts for line in part.read_bytes().splitlines()]
        return lines

    def comparable(self, name, output):
        lines = self.content(output)
        # Only a sort promises an order of lines.
        return lines if name == "sort" or lines is None else sorted(lines)


def application(build, name):
    found = [p for p in (build / "apps" / name, build / "tests/chaos" / name) if p.exists()]
    assert found, f"{name} is not built in {build}"
    return str(found[0])


class Killer:
    """Ends what the plan says when its time has come."""

    def __init__(self, run, plan, chance):
        self.run, self.plan, self.chance = run, list(plan), chance
        self.log = []
        self.ready = None

    def masters(self, text):
        """Process ids of containers with the AM or a driver of its own, by kind."""
        found = {"am": set(), "driver": set()}
        for kind, pid in re.findall(r"\((ApplicationMaster|driver)\)[^\n]*: running, pid (\d+)", text):
            found["am" if kind == "ApplicationMaster" else "driver"].add(int(pid))
        return found

    def candidates(self, kind):
        here = cluster_run.alive(self.run.mark)
        if kind == "rank":
            return sorted(pid for pid, words in here.items() if self.rank_of(pid, words) > 0)
        masters = self.masters(self.run.read())
        containers = {pid for pid, words in here.items() if "volley-container" in words}
        if kind == "executor":
            return sorted(containers - masters["am"] - masters["driver"])
        # In cluster mode the driver is in the ApplicationMaster's container.
        wanted = masters[kind] or masters["am"]
        return sorted(containers & wanted)

    @staticmethod
    def rank_of(pid, words):
        if "volley-container" in words:
            return -1
        try:
            settings = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return -1
        if b"volley" not in words.encode():
            return -1
        for name in (b"OMPI_COMM_WORLD_RANK=", b"PMIX_RANK="):
            for setting in settings:
                if setting.startswith(name):
                    return int(setting[len(name):])
        return -1

    def look(self):
        """Kills what is due; moments count from when the cluster is ready: before that a rank's
        death is a failed start."""
        if self.ready is None:
            if "cluster ready" in self.run.read():
                self.ready = time.monotonic()
            return
        while self.plan and time.monotonic() - self.ready >= self.plan[0][0]:
            moment, kind = self.plan.pop(0)
            victims = self.candidates(kind)
            if not victims:
                self.log.append(f"{moment:.2f}s no {kind}")
                continue
            victim = self.chance.choice(victims)
            try:
                os.kill(victim, signal.SIGKILL)
                self.log.append(f"{moment:.2f}s {kind} {victim}")
            except ProcessLookupError:
                self.log.append(f"{moment:.2f}s {kind} {victim} was gone")


class Chaos:
    def __init__(self, options):
        self.options = options
        self.build = pathlib.Path(options.build).resolve()
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="volley-chaos."))
        self.jobs = Jobs(self.place, options.scale)
        self.kinds = options.kill.split(",")
        bad = set(self.kinds) - set(KINDS)
        if bad:
            sys.exit(f"chaos: --kill takes {', '.join(KINDS)}, not {', '.join(bad)}")

    def command(self, name, output, ranks, settings, client_mode=False):
        extra, program, arguments = self.jobs.commands[name](output)
        words = [str(self.build / "volley"), "run"]
        if self.options.launcher:
            words = [*self.options.launcher.split(), "-n", str(ranks), *words]
        else:
            words += ["--master", f"local[{ranks}]"]
        words += extra
        for key, value in {**SETTINGS, **settings}.items():
            words += ["--conf", f"{key}={value}"]
        if client_mode:
            words += ["--deploy-mode", "client"]
        return [*words, application(self.build, program), *map(str, arguments)]

    def reference(self, name):
        """Runs the application undisturbed, once."""
        if name in self.jobs.expected:
            return
        output = self.place / f"expected.{name}"
        run = cluster_run.Run(self.command(name, output, self.options.ranks or 3, {}), self.place)
        code = run.wait()
        text = run.text
        run.end()
        if code != 0:
            sys.exit(f"chaos: {name} fails undisturbed with exit code {code}:\n{text}")
        self.jobs.expected[name] = self.jobs.comparable(name, output)
        self.jobs.seconds[name] = self.serving(text)

    @staticmethod
    def serving(text):
        """Seconds from when the cluster is ready to when the program has ended, by the log."""
        def at(words):
            hour, minute, second = re.search(rf"^(\d+):(\d+):([\d.]+) .*{words}", text, re.M).groups()
            return int(hour) * 3600 + int(minute) * 60 + float(second)
        return (at("The program has ended") - at("cluster ready")) % 86400

    def plan(self, seed):
        chance = random.Random(seed)
        name = chance.choice(sorted(self.jobs.commands))
        ranks = chance.choice([2, 3, 4, 4] if self.options.ranks == 0 else [self.options.ranks])
        settings = {"volley.node.ranks": chance.choice(["0", "1", "1", "2"])}
        if chance.random() < 0.3:
            settings["volley.exchange.segment"] = "4k"
        if chance.random() < 0.25:
            settings["volley.shuffle.compress"] = "true"
            settings["volley.io.compression.codec"] = chance.choice(["lz4", "zstd"])
        self.reference(name)
        longest = self.jobs.seconds[name]
        kills = chance.choice([1, 1, 2, 3])
        plan = []
        for i in range(kills):
            kind = chance.choice(self.kinds)
            if "rank" in self.kinds and i == 0:
                kind = "rank"
            # One rank beside rank 0 stays, so that there is room for what it had.
            if kind == "rank" and sum(k == "rank" for _, k in plan) >= ranks - 1:
                continue
            plan.append((chance.uniform(0.01, longest), kind))
        client_mode = "driver" in self.kinds and chance.random() < 0.3
        return name, ranks, settings, sorted(plan), client_mode, chance

    def one(self, seed):
        name, ranks, settings, plan, client_mode, chance = self.plan(seed)
        output = self.place / f"output.{seed}"
        verdict = self.place / f"verdict.{seed}"
        run = cluster_run.Run(self.command(name, output, ranks, settings, client_mode), self.place,
                              {"VOLLEY_VERDICT": str(verdict)} if self.options.launcher else None)
        killer = Killer(run, plan, chance)
        deadline = run.start + self.options.patience
        while run.process.poll() is None and time.monotonic() < deadline:
            killer.look()
            time.sleep(0.005)
        problem = None
        if run.process.poll() is None:
            problem = f"hangs for {self.options.patience} s"
            text = run.read() + self.stacks(run)
        else:
            code = run.wait()
            text = run.text
            # After a loss a launcher other than volley's own ends with the dead rank's code.
            if verdict.exists():
                code = int(verdict.read_text().split()[0])
            # In client mode nobody can start the driver anew: the run fails, and says why.
            lost_driver = client_mode and code == 1 and "the driver was lost" in text and \
                any(" driver " in line for line in killer.log)
            if lost_driver:
                left = run.left()
                problem = f"left behind: {left}" if left else None
            elif code != 0:
                problem = f"exit code {code}"
            elif self.jobs.comparable(name, output) != self.jobs.expected[name]:
                problem = "another output"
            else:
                left = run.left()
                problem = f"left behind: {left}" if left else None
        seconds = time.monotonic() - run.start
        run.end()
        layout = " ".join(f"{k.rpartition('.')[2]}={v}" for k, v in settings.items())
        print(f"seed {seed}: {'FAILED, ' + problem if problem else 'ok'}, {seconds:.1f} s, {name}, "
              f"{ranks} ranks, {layout}{', client mode' if client_mode else ''}; "
              f"{'; '.join(killer.log) or 'ended before any kill'}", flush=True)
        if problem or self.options.keep_logs:
            log = pathlib.Path(self.options.logs) / f"chaos.{seed}.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(" ".join(run.command) + "\n" + "\n".join(killer.log) + "\n" + text)
        if problem:
            print(f"  log: {log}\n  again: scripts/chaos --runs 1 --first {seed} "
                  f"--kill {self.options.kill} --scale {self.options.scale}", flush=True)
        shutil.rmtree(output, ignore_errors=True)
        return problem is None, seconds, sum(k[-1].isdigit() for k in killer.log)

    @staticmethod
    def stacks(run):
        """What hangs, and where its processes are."""
        text = "\n"
        for pid, words in cluster_run.alive(run.mark).items():
            text += f"--- {pid} {words}\n"
            if shutil.which("gdb"):
                text += subprocess.run(["gdb", "-p", str(pid), "-batch", "-ex", "thread apply all bt 12"],
                                       capture_output=True, text=True, check=False).stdout[-6000:]
        return text

    def run(self):
        failed, kills, times = [], 0, []
        begin = time.monotonic()
        for seed in range(self.options.first, self.options.first + self.options.runs):
            good, seconds, killed = self.one(seed)
            times.append(seconds)
            kills += killed
            if not good:
                failed.append(seed)
            if self.options.seconds and time.monotonic() - begin > self.options.seconds:
                break
        shutil.rmtree(self.place, ignore_errors=True)
        times.sort()
        print(f"{len(times)} runs (seeds {self.options.first} to {self.options.first + len(times) - 1}), "
              f"{kills} kills, {len(failed)} failed{': seeds ' + str(failed) if failed else ''}; "
              f"median {times[len(times) // 2]:.1f} s, longest {times[-1]:.1f} s")
        return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="the build directory")
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--first", type=int, default=1, help="the first seed; the others follow")
    parser.add_argument("--kill", default="executor,am,driver",
                        help="kinds of victims: executor, am, driver, rank; with rank, every run loses one")
    parser.add_argument("--scale", type=float, default=1.0, help="of the input's size")
    parser.add_argument("--ranks", type=int, default=0, help="always so many; 0: the seed decides")
    parser.add_argument("--launcher", default="",
                        help="how the ranks are started, as one word: 'srun --mpi=pmix --no-kill'; "
                             "by default the command is its own launcher")
    parser.add_argument("--patience", type=float, default=90, help="seconds until a run hangs")
    parser.add_argument("--seconds", type=float, default=0, help="begin no run after this time")
    parser.add_argument("--keep-logs", action="store_true", help="of runs that succeed, too")
    parser.add_argument("--logs", default=tempfile.gettempdir() + "/volley-chaos-logs")
    sys.exit(Chaos(parser.parse_args()).run())


if __name__ == "__main__":
    main()
