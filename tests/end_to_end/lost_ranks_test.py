#!/usr/bin/env python3
"""lost_ranks_test.py BUILD-DIRECTORY: ranks die while their job runs; the others finish it without
them, with the output of an undisturbed run, and the launcher returns the application's exit code."""

import os
import pathlib
import re
import signal

import cluster_run
from cluster_run import ClusterTest, alive, until
import lost_containers_test
from lost_containers_test import expected


class LostRanks(ClusterTest):
    _gated = lost_containers_test.LostContainers
    hold, let_go, at = _gated.hold, _gated.let_go, _gated.at
    OPTIONS = ["--conf", "volley.network.timeout=3s", "--conf",
               "volley.executor.heartbeatInterval=300ms"]

    def setUp(self):
        super().setUp()
        self.gates = self.place / "gates"
        self.gates.mkdir()
        self.output = self.place / "output"

    def start_sum(self, ranks, options=()):
        return self.launched("gated_sum", self.output, self.gates, 40000, 4, 4, ranks=ranks,
                             options=[*self.OPTIONS, *options])

    def rank(self, run, number):
        """The process id of a rank."""
        word = f"OMPI_COMM_WORLD_RANK={number}".encode()
        for pid, words in alive(run.mark).items():
            settings = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            if word in settings and "volley-container" not in words:
                return pid
        raise AssertionError(f"rank {number} is not there")

    def lose(self, gate, victims, waiting, ranks=4, options=()):
        self.hold(gate)
        run = self.start_sum(ranks, options)
        self.at(gate, waiting, run)
        for number in victims:
            os.kill(self.rank(run, number), signal.SIGKILL)
        until(lambda: all(f"rank {number} was lost" in run.read() for number in victims),
              "the loss is noticed", run.process)
        self.let_go(gate)
        run.wait()
        self.assertEqual(run.code, 0, run.text)
        lines = sorted(line for part in self.output.glob("part-*")
                       for line in part.read_text().splitlines())
        self.assertEqual(lines, expected())
        self.assertEqual(run.left(), "")
        return run

    def test_rank_in_the_map_stage(self):
        self.lose("map", [3], 3)

    def test_rank_in_the_reduce_stage(self):
        self.lose("reduce", [2], 3)

    def test_rank_of_a_node_of_its_own(self):
        self.lose("reduce", [2], 3, options=["--conf", "volley.node.ranks=1"])

    def test_only_the_lost_map_partition_is_made_again(self):
        self.hold("map")
        self.hold("reduce")
        run = self.start_sum(4, ["--conf", "volley.node.ranks=1"])
        self.at("map", 4, run)  # one on each rank
        self.let_go("map")
        self.at("reduce", 3, run)
        os.kill(self.rank(run, 2), signal.SIGKILL)
        until(lambda: "rank 2 was lost" in run.read(), "the loss is noticed", run.process)
        self.let_go("reduce")
        run.wait()
        self.assertEqual(run.code, 0, run.text)
        again = re.findall(r"Submitting (\d+) missing tasks? of ShuffleMapStage \d+\.[1-9]", run.text)
        self.assertEqual(again, ["1"], run.text)

    def test_two_ranks_at_once(self):
        self.lose("reduce", [2, 3], 3, options=["--conf", "volley.node.ranks=1"])

    def test_rank_of_the_driver(self):
        run = self.lose("reduce", [1], 3)
        self.assertIn("attempt 1 of 2 failed", run.text)

    def test_rank_0_takes_the_job_along(self):
        self.hold("map")
        run = self.start_sum(3)
        self.at("map", 2, run)
        os.kill(self.rank(run, 0), signal.SIGKILL)
        run.wait()
        self.assertEqual(run.code, 70, run.text)
        self.assertIn("rank 0 died", run.text)
        self.assertEqual(run.left(), "")

    def test_rank_that_stands_still_is_not_waited_for(self):
        self.hold("reduce")
        run = self.start_sum(4)
        self.at("reduce", 3, run)
        still = self.rank(run, 3)
        os.kill(still, signal.SIGSTOP)
        until(lambda: "rank 3 was lost" in run.read(), "its silence is noticed", run.process)
        os.kill(still, signal.SIGCONT)
        until(lambda: still not in alive(run.mark), "it ends when it goes on", run.process)
        self.let_go("reduce")
        run.wait()
        self.assertEqual(run.code, 0, run.text)
        self.assertEqual(run.left(), "")


if __name__ == "__main__":
    cluster_run.main()
