#!/usr/bin/env python3
"""same_output_test.py BUILD-DIRECTORY [OPTION-OF-VOLLEY-RUN...]: the output does not depend on how
many executors, partitions, ranks of a node, slots or bytes at a time there are."""

import cluster_run
from cluster_run import ClusterTest

RECORDS = 40000


def expected(records=RECORDS):
    sums = {}
    for number in range(records):
        key = f"key{number % 997 + number % 13 * 1000}"
        sums[key] = sums.get(key, 0) + number
    return sorted(f"({key},{total})" for key, total in sums.items())


class SameOutput(ClusterTest):
    def gives_the_same(self, ranks, partitions, *options):
        self.count = getattr(self, "count", 0) + 1
        output = self.place / f"output{self.count}"
        run = self.under_mpirun("gated_sum", output, self.place, RECORDS, partitions, partitions,
                                ranks=ranks, options=options)
        self.ended(run, 0)
        parts = sorted(output.glob("part-*"))
        self.assertEqual(len(parts), partitions)
        lines = sorted(line for part in parts for line in part.read_text().splitlines())
        self.assertEqual(lines, expected(), " ".join(run.command))
        return run

    def test_executors_and_partitions(self):
        for executors in 1, 2, 3, 5:
            for partitions in 1, 7, 64:
                with self.subTest(executors=executors, partitions=partitions):
                    self.gives_the_same(executors, partitions, "--num-executors", executors)

    def test_many_nodes_with_tiny_pieces(self):
        tiny = ["--conf", "volley.exchange.segment=64", "--conf", "volley.router.segment=64",
                "--conf", "volley.arena.slab=4k", "--conf", "volley.exchange.window=1"]
        for node_ranks in 1, 2:
            for options in [], tiny:
                with self.subTest(node_ranks=node_ranks, options=options):
                    run = self.gives_the_same(4, 7, "--conf", f"volley.node.ranks={node_ranks}",
                                              *options)
                    self.assertIn(f"{4 // node_ranks} nodes, 4 ranks", run.text)

    def test_containers_of_two_ranks(self):
        self.gives_the_same(4, 7, "--conf", "volley.rank.slots=1", "--executor-cores", "2",
                            "--num-executors", "2")

    def test_four_tasks_in_one_process(self):
        self.gives_the_same(2, 7, "--conf", "volley.rank.slots=4", "--conf", "volley.node.ranks=1")

    def test_client_mode(self):
        for ranks in 1, 3:
            self.gives_the_same(ranks, 7, "--deploy-mode", "client")


if __name__ == "__main__":
    cluster_run.main()
