#!/usr/bin/env python3
"""shared_variables_test.py BUILD-DIRECTORY: broadcasts reach all tasks and accumulators count each
of them once while executors and ranks are lost."""

import os
import signal

import cluster_run
from cluster_run import until
import lost_ranks_test

RANKS = 4


class SharedVariables(cluster_run.ClusterTest):
    _losses = lost_ranks_test.LostRanks
    hold, let_go, at, rank = _losses.hold, _losses.let_go, _losses.at, _losses.rank

    def setUp(self):
        super().setUp()
        self.gates = self.place / "gates"
        self.gates.mkdir()

    def begin(self, gate, ranks_of_node=1):
        self.hold(gate)
        return self.launched("shared_variables", self.gates, 64, ranks=RANKS, options=[
            *self._losses.OPTIONS, "--conf", f"volley.node.ranks={ranks_of_node}"])

    def finish(self, run):
        run.wait()
        self.assertEqual(run.code, 0, run.text)
        self.assertIn("sums are right, counted 24\n", run.text)
        self.assertIn("accumulators in stage 0: tasks 8\n", run.text)
        self.assertEqual(run.left(), "")

    def lost(self, run, number):
        until(lambda: f"rank {number} was lost" in run.read(), "the loss is noticed", run.process)

    def test_a_rank_that_has_a_copy(self):
        run = self.begin("driver")
        self.at("driver", 1, run)
        os.kill(self.rank(run, 3), signal.SIGKILL)
        self.lost(run, 3)
        self.let_go("driver")
        self.finish(run)

    def test_a_rank_while_it_gets_a_copy(self):
        """Or before, or after: the kill comes whenever it comes."""
        run = self.begin("map")
        self.at("map", RANKS, run)
        victim = self.rank(run, 3)
        self.let_go("map")
        os.kill(victim, signal.SIGKILL)
        self.finish(run)

    def test_executors_that_are_about_to_read(self):
        run = self.begin("map", 2)
        for pid in self.at("map", RANKS, run)[:2]:
            os.kill(int(pid), signal.SIGKILL)
        self.let_go("map")
        self.finish(run)


if __name__ == "__main__":
    cluster_run.main()
