#!/usr/bin/env python3
"""beside_tasks_test.py BUILD-DIRECTORY: what tasks have beside them when their executor is killed:
cached partitions, of which there are copies elsewhere (LRU_010), and commands, which end with it
(PIPE_010)."""

import os
import signal

import cluster_run
from cluster_run import ClusterTest, until

LINES = 3000
# Reads of cached partitions must not wait for a place beside them, nor executors be short.
OPTIONS = ["--conf", "volley.node.ranks=1"]


class BesideTasks(ClusterTest):
    def pids(self, name):
        return sorted(int(path.name.split(".")[1]) for path in self.place.glob(f"{name}.*")
                      if path.name.split(".")[1].isdigit())

    def test_copies_of_cached_partitions_survive_their_executor(self):
        lines = self.place / "lines.txt"
        lines.write_text("".join(f"line {number}\n" for number in range(LINES)))
        run = self.under_mpirun("beside_tasks", "copies", lines, self.place,
                                options=[*OPTIONS, "--conf", "volley.log.level=debug"])
        until(lambda: run.read().count("keeps a copy of partition") == 6,
              "every partition has its copy", run.process)
        until(lambda: not lines.exists(), "the file is gone", run.process)
        os.kill(self.pids("at")[0], signal.SIGKILL)
        until(lambda: "Lost executor" in run.read(), "the loss is known", run.process)
        (self.place / "go").touch()
        self.ended(run, 0)
        self.assertIn(f"lines {LINES}\n", run.text)
        self.assertIn(f"lines again {LINES}\n", run.text)

    def test_commands_end_with_their_executor(self):
        run = self.under_mpirun("beside_tasks", "commands", self.place, options=OPTIONS)
        until(lambda: len(self.pids("at")) == 2, "both commands run", run.process)
        until(lambda: len(run.processes("sleep 1000")) >= 2, "both sleep", run.process)
        (self.place / "go").touch()
        for pid in self.pids("executor"):
            os.kill(pid, signal.SIGKILL)
        until(lambda: not run.processes("sleep 1000"), "the commands are gone", run.process)
        self.ended(run, 0)
        self.assertIn("records 100\n", run.text)


if __name__ == "__main__":
    cluster_run.main()
