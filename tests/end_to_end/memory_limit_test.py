#!/usr/bin/env python3
"""memory_limit_test.py BUILD-DIRECTORY: executors that take more memory than they were granted are
killed, with a reason that helps; the application goes on, or fails as its limits say."""

import cluster_run
from cluster_run import ClusterTest

SMALL = ["--executor-memory", "64m", "--conf", "volley.executor.memoryOverhead=64m",
         "--conf", "volley.nodemanager.containerMonitor.interval=50ms"]


class MemoryLimit(ClusterTest):
    def start_hungry(self, once="-", options=()):
        self.output = self.place / "output"
        return self.under_mpirun("hungry", self.output, 300, once, ranks=2,
                                 options=[*SMALL, *options])

    def reason(self, run):
        last = [line for line in run.text.splitlines() if " ERROR " in line and " client: " in line]
        self.assertEqual(len(last), 1, run.text)
        for words in ["killed for exceeding physical memory limits", " of 128.0 MiB physical memory",
                      "its peak ", "64.0 MiB for the executor, 64.0 MiB overhead",
                      "Consider boosting volley.executor.memoryOverhead or --executor-memory",
                      "stage 0"]:
            self.assertIn(words, last[0])
        self.assertFalse((self.output / "_SUCCESS").exists())
        return last[0]

    def test_MPI_005_every_attempt_takes_too_much(self):
        run = self.ended(self.start_hungry(), 1)
        self.assertIn("Task 2 in stage 0.0 failed 4 times", self.reason(run))

    def test_too_many_executors_fail(self):
        run = self.ended(self.start_hungry(
            options=["--conf", "volley.executor.maxNumFailures=2"]), 1)
        reason = self.reason(run)
        self.assertIn("Max number of executor failures (2) reached", reason)
        self.assertIn("running then: stage 0 (save_as_text_file at hungry.cpp", reason)

    def test_one_attempt_takes_too_much(self):
        run = self.ended(self.start_hungry(once=self.place / "once"), 0)
        self.assertIn("killed for exceeding physical memory limits", run.text)
        lines = sorted(int(line) for part in self.output.glob("part-*")
                       for line in part.read_text().splitlines())
        self.assertEqual(lines, list(range(400)))

    def test_without_the_check(self):
        run = self.start_hungry(once=self.place / "once", options=[
            "--conf", "volley.nodemanager.pmemCheck.enabled=false",
            "--conf", "volley.executor.heartbeatInterval=200ms"])
        executor = cluster_run.until(lambda: self.hungry_process(run), "a task has eaten",
                                     run.process)
        self.assertNotIn("exceeding", run.read())
        cluster_run.os.kill(executor, cluster_run.signal.SIGKILL)
        self.ended(run, 0)
        self.assertIn("a user or a batch system did", run.text)

    def test_cached_data_stays_within_the_limit(self):
        """Ten times the executor's memory, and the limit is looked at often."""
        texts = (640 << 20) // 200
        size = 60 * texts + sum(len(str(i)) for i in range(texts))
        for level in ["memory_and_disk", "memory_only"]:
            run = self.ended(self.under_mpirun("big_cache", 640, level, ranks=2, options=[
                *SMALL, "--num-executors", "1"]), 0)
            self.assertNotIn("exceeding", run.text)
            found = [line.split()[1:] for line in run.text.splitlines()
                     if line.startswith("found ")]
            self.assertEqual(len(found), 3, run.text)
            self.assertEqual({line[1] for line in found}, {str(size)})
            self.assertEqual(len({line[0] for line in found}), 1)
            self.assertRegex(run.text, r"cached: \d+ partitions, [^,]* in memory, ")

    def hungry_process(self, run):
        for pid in run.containers():
            status = cluster_run.pathlib.Path(f"/proc/{pid}/status").read_text()
            anonymous = [line for line in status.splitlines() if line.startswith("RssAnon:")]
            if anonymous and int(anonymous[0].split()[1]) > 300 << 10:
                return pid
        return None


if __name__ == "__main__":
    cluster_run.main()
