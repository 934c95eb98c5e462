#!/usr/bin/env python3
"""broadcast_memory_test.py BUILD-DIRECTORY: a broadcast takes its size of memory once on each node,
however many executors read it there."""

import re

import cluster_run
from cluster_run import ClusterTest

SIZE = 256  # MiB
EXECUTORS = 4


class BroadcastMemory(ClusterTest):
    def measure(self, *options):
        run = self.ended(self.under_mpirun("broadcast_memory", SIZE, EXECUTORS, ranks=EXECUTORS,
                                           options=["--num-executors", str(EXECUTORS), *options]), 0)
        found = re.search(r"^processes (\d+) pss (\d+) rss (\d+) made (\S+) read (\S+)$", run.text,
                          re.M)
        self.assertTrue(found, run.text)
        print(found.group(0), flush=True)
        self.assertEqual(int(found.group(1)), 2 * EXECUTORS + 1)
        return int(found.group(2)), int(found.group(3))

    def test_one_copy_for_all_executors_of_a_node(self):
        pss, rss = self.measure()
        self.assertGreaterEqual(rss, EXECUTORS * SIZE, "not all of them have read it")
        self.assertGreaterEqual(pss, 0.95 * SIZE)
        self.assertLess(pss, 1.25 * SIZE)

    def test_one_copy_on_each_node(self):
        pss, _ = self.measure("--conf", "volley.node.ranks=2")
        self.assertGreaterEqual(pss, 0.95 * 2 * SIZE)
        self.assertLess(pss, 1.25 * 2 * SIZE)


if __name__ == "__main__":
    cluster_run.main()
