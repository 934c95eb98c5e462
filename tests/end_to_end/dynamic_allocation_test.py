#!/usr/bin/env python3
"""dynamic_allocation_test.py BUILD-DIRECTORY: executors come while tasks wait and go when they are
idle; the output is that of a run without either."""

import cluster_run
from cluster_run import ClusterTest, until
from lost_containers_test import RECORDS, expected

SETTINGS = {
    "volley.dynamicAllocation.enabled": "true",
    "volley.dynamicAllocation.initialExecutors": "1",
    "volley.dynamicAllocation.schedulerBacklogTimeout": "50ms",
    "volley.dynamicAllocation.executorIdleTimeout": "200ms",
    "volley.rank.slots": "1",
}


class DynamicAllocation(ClusterTest):
    def setUp(self):
        super().setUp()
        self.gates = self.place / "gates"
        self.gates.mkdir()
        self.output = self.place / "output"

    def start_sum(self, maps, reduces, **settings):
        options = [word for key, value in {**SETTINGS, **settings}.items()
                   for word in ("--conf", f"{key}={value}")]
        return self.under_mpirun("gated_sum", self.output, self.gates, RECORDS, maps, reduces,
                                 ranks=3, options=options)

    def waiting(self, gate):
        return {path.name for path in self.gates.glob(f"at.{gate}.*")}

    def succeeded(self, run):
        self.ended(run, 0)
        lines = sorted(line for part in self.output.glob("part-*")
                       for line in part.read_text().splitlines())
        self.assertEqual(lines, expected())
        self.assertNotIn("lost containers:", run.text)

    def test_DYN_007_grows_with_waiting_tasks_and_shrinks_when_idle(self):
        for gate in ("map", "reduce"):
            (self.gates / f"hold.{gate}").touch()
        run = self.start_sum(maps=6, reduces=1)
        until(lambda: len(self.waiting("map")) == 3, "tasks wait on all ranks", run.process)
        (self.gates / "go.map").touch()
        until(lambda: self.waiting("reduce"), "the last task runs", run.process)
        # The master's container stays, and that of the executor which is busy.
        until(lambda: len(run.containers()) == 2, "the idle executors are gone", run.process)
        (self.gates / "go.reduce").touch()
        self.succeeded(run)
        self.assertEqual(run.text.count("is idle and is released"), 2, run.text)

    def test_DYN_009_begins_without_executors(self):
        run = self.start_sum(maps=2, reduces=2,
                             **{"volley.dynamicAllocation.initialExecutors": "0"})
        self.succeeded(run)

    def test_no_more_than_the_maximum(self):
        (self.gates / "hold.map").touch()
        run = self.start_sum(maps=8, reduces=2, **{"volley.dynamicAllocation.maxExecutors": "2"})
        until(lambda: len(self.waiting("map")) == 2, "two executors run", run.process)
        (self.gates / "go.map").touch()
        self.succeeded(run)
        self.assertNotIn("3 executors wanted", run.text)


if __name__ == "__main__":
    cluster_run.main()
