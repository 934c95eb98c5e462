#!/usr/bin/env python3
"""leaving_ranks_test.py BUILD-DIRECTORY: a rank that is told to leave gives its executors up in peace
while a stage runs; the output is that of a run without leaves."""

import os
import pathlib
import signal

import cluster_run
from cluster_run import ClusterTest, until
from lost_containers_test import RECORDS, expected


def parent(pid):
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


class LeavingRanks(ClusterTest):
    def setUp(self):
        super().setUp()
        self.gates = self.place / "gates"
        self.gates.mkdir()
        self.output = self.place / "output"

    def waiting(self, gate):
        return {int(path.name.rsplit(".", 1)[1]) for path in self.gates.glob(f"at.{gate}.*")}

    def leave_at(self, gate, *options):
        (self.gates / f"hold.{gate}").touch()
        run = self.under_mpirun("gated_sum", self.output, self.gates, RECORDS, 4, 4, ranks=3,
                                options=["--conf", "volley.rank.slots=1", *options])
        executor = min(until(lambda: len(self.waiting(gate)) >= 2 and self.waiting(gate),
                             "tasks wait", run.process))
        os.kill(parent(executor), signal.SIGPWR)
        until(lambda: " is leaving: rank " in run.read(), "the driver knows", run.process)
        self.assertIn(executor, run.containers(), "its task goes on")
        (self.gates / f"go.{gate}").touch()
        self.ended(run, 0)
        lines = sorted(line for part in self.output.glob("part-*")
                       for line in part.read_text().splitlines())
        self.assertEqual(lines, expected())
        self.assertIn("it gets no more containers", run.text)
        self.assertNotIn("Lost task", run.text)

    def test_in_the_map_stage(self):
        self.leave_at("map")

    def test_in_the_reduce_stage_on_nodes_of_their_own(self):
        self.leave_at("reduce", "--conf", "volley.node.ranks=1")


if __name__ == "__main__":
    cluster_run.main()
