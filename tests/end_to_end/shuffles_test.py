#!/usr/bin/env python3
"""shuffles_test.py BUILD-DIRECTORY: shuffles while executors end themselves, beside a task that waits,
through the scratch disk; and numbers that are the same wherever they are made."""

import re

import cluster_run
from cluster_run import ClusterTest
from damaged_data_test import SMALL_MEMORY


class Shuffles(ClusterTest):
    def ends_with(self, code, *arguments, ranks=3, options=()):
        return self.ended(self.under_mpirun("shuffling", *arguments, ranks=ranks, options=options),
                          code)

    def lost(self, run):
        return run.text.partition("lost containers:")[2].count("\n  executor ")

    def test_DIST_020_a_job_survives_executors_that_end_themselves(self):
        run = self.ends_with(0, "leave", self.place)
        self.assertIn("rows: 2\n", run.text)
        self.assertIn("exited with code 42", run.text)
        self.assertEqual(self.lost(run), 2, run.text)

    def test_DIST_021_executors_die_in_the_map_stage_again_and_again(self):
        run = self.ends_with(0, "rounds", self.place)
        for number in range(3):
            self.assertIn(f"round {number}: 2\n", run.text)
        self.assertEqual(self.lost(run), 3, run.text)

    def test_MPI_003_who_waits_holds_up_nobody_else(self):
        options = ["--conf", "volley.node.ranks=1", "--conf", "volley.rank.slots=2"]
        run = self.ends_with(0, "beside", self.place, options=options)
        self.assertIn("beside: 100, waiting: 1\n", run.text)
        self.assertIn("waited: 1\n", run.text)

    def test_MPI_007_MPI_008_numbers_do_not_depend_on_ranks_and_runs(self):
        found = set()
        for ranks, node_ranks in (1, 1), (2, 2), (3, 1), (4, 2), (4, 2):
            run = self.ends_with(0, "numbers", ranks=ranks,
                                 options=["--conf", f"volley.node.ranks={node_ranks}"])
            sums = sorted(re.findall(r"^sum .*", run.text, re.MULTILINE))
            bounds = re.findall(r"^bound .*", run.text, re.MULTILINE)
            self.assertEqual((len(sums), len(bounds)), (8, 6), run.text)
            found.add("\n".join(sums + bounds))
        self.assertEqual(len(found), 1, "\n\n".join(found))

    def spills(self, code, how):
        scratch = self.place / "scratch"
        scratch.mkdir()
        run = self.ends_with(code, "spill", how, options=[
            *SMALL_MEMORY, "--conf", f"volley.local.dir={scratch}"])
        self.assertIn("spilled to the scratch disk", run.text)
        self.assertIn("sums: 79999800000\n", run.text)
        self.assertEqual(list(scratch.iterdir()), [], "files are left")
        return run

    def test_SPILL_005_SPILL_012_spilling_changes_nothing_and_leaves_no_file(self):
        self.assertIn("grouped: 400000\n", self.spills(0, "succeed").text)

    def test_SPILL_012_no_file_is_left_of_a_run_that_failed(self):
        self.assertIn("the reduce task fails", self.spills(1, "fail").text)


if __name__ == "__main__":
    cluster_run.main()
