#!/usr/bin/env python3
"""lost_containers_test.py BUILD-DIRECTORY: processes of containers are killed exactly while a stage
runs; the output and the exit code are those of a run without losses, and the summary names the loss."""

import os
import re
import signal

import cluster_run
from cluster_run import ClusterTest, until

RECORDS, MAPS, REDUCES = 40000, 4, 4


def expected():
    sums = {}
    for number in range(RECORDS):
        key = f"key{number % 997 + number % 13 * 1000}"
        sums[key] = sums.get(key, 0) + number
    return sorted(f"({key},{total})" for key, total in sums.items())


class LostContainers(ClusterTest):
    def setUp(self):
        super().setUp()
        self.gates = self.place / "gates"
        self.gates.mkdir()
        self.output = self.place / "output"

    def hold(self, gate):
        (self.gates / f"hold.{gate}").touch()

    def let_go(self, gate):
        (self.gates / f"go.{gate}").touch()

    def at(self, gate, number, run):
        """The processes that wait at a gate, once there are that many."""
        def waiting():
            found = {int(path.name.rsplit(".", 1)[1]) for path in self.gates.glob(f"at.{gate}.*")}
            return sorted(found) if len(found) >= number else None
        return until(waiting, f"{number} processes are at gate {gate}", run.process)

    def start_sum(self, ranks=3, options=(), records=RECORDS):
        return self.under_mpirun("gated_sum", self.output, self.gates, records, MAPS, REDUCES,
                                 ranks=ranks, options=options)

    def succeeded(self, run, lost):
        """The right output, exit code 0, and as many lost executors in the summary."""
        self.ended(run, 0)
        lines = sorted(line for part in self.output.glob("part-*")
                       for line in part.read_text().splitlines())
        self.assertEqual(lines, expected())
        self.assertTrue((self.output / "_SUCCESS").exists())
        self.assertEqual([path.name for path in self.output.iterdir() if path.is_dir()], [])
        named = run.text.partition("lost containers:")[2].count("\n  executor ")
        self.assertEqual(named, lost, run.text)

    def kill_at(self, gate, number=1, waiting=2, **start):
        self.hold(gate)
        run = self.start_sum(**start)
        victims = self.at(gate, waiting, run)[:number]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        self.let_go(gate)
        self.succeeded(run, number)
        self.assertIn("SIGKILL", run.text)

    def test_executor_in_the_map_stage(self):
        self.kill_at("map")

    def test_executor_in_the_reduce_stage(self):
        self.kill_at("reduce")

    def test_executor_that_falls_silent(self):
        self.hold("map")
        options = ["--conf", "volley.network.timeout=2s", "--conf",
                   "volley.executor.heartbeatInterval=200ms"]
        run = self.start_sum(ranks=2, options=options)
        victim = self.at("map", 2, run)[0]
        os.kill(victim, signal.SIGSTOP)
        until(lambda: "heartbeat timed out" in run.read(), "its silence is noticed", run.process)
        self.let_go("map")
        self.succeeded(run, 1)

    def test_two_executors_at_once(self):
        self.kill_at("map", number=2)

    def test_all_executors_at_once_on_nodes_of_their_own(self):
        self.kill_at("reduce", number=3, waiting=3, options=["--conf", "volley.node.ranks=1"])

    def test_member_of_a_container_of_two_ranks(self):
        self.kill_at("map", ranks=4, options=["--executor-cores", "2", "--num-executors", "2",
                                              "--conf", "volley.rank.slots=1"])

    def test_executors_while_the_exchange_runs(self):
        self.hold("map")
        run = self.start_sum(options=["--conf", "volley.node.ranks=1", "--conf",
                                      "volley.exchange.segment=64", "--conf",
                                      "volley.exchange.window=1"])
        victim = self.at("map", 2, run)[0]
        self.let_go("map")
        until(lambda: "Shuffle 0:" in run.read(), "the exchange begins", run.process)
        os.kill(victim, signal.SIGKILL)
        self.succeeded(run, 1)

    def lose_master(self, gate, options=()):
        """The first attempt's driver is killed while it or its tasks wait at the gate."""
        self.hold(gate)
        run = self.start_sum(options=options)
        self.at(gate, 1, run)
        master = int(re.search(r"ApplicationMaster\).*: running, pid (\d+)", run.read()).group(1))
        os.kill(master, signal.SIGKILL)
        self.let_go(gate)
        self.succeeded(run, 0)
        self.assertIn("attempt 1 of 2 failed", run.text)

    def test_driver_before_its_first_job(self):
        self.lose_master("driver")

    def test_driver_in_the_map_stage(self):
        self.lose_master("map")

    def test_driver_in_the_reduce_stage_when_output_has_begun(self):
        self.lose_master("reduce")

    def test_driver_when_the_output_is_complete(self):
        self.lose_master("saved")

    def test_master_beside_a_driver_of_its_own(self):
        self.lose_master("reduce", ["--deploy-mode", "client"])


if __name__ == "__main__":
    cluster_run.main()
