#!/usr/bin/env python3
"""damaged_data_test.py BUILD-DIRECTORY [OPTION-OF-VOLLEY-RUN...]: shuffle data that changes on the
scratch disk, between a map task and the reduce task that reads it."""

import os

import cluster_run
from cluster_run import ClusterTest, alive, until
from same_output_test import expected

RECORDS = 400000
SMALL_MEMORY = ["--executor-memory", "16m", "--conf", "volley.memory.fraction=0.01",
                "--conf", "volley.memory.shuffleFraction=0.01", "--conf", "volley.arena.slab=4k"]


def scratch_files(mark, directory):
    """Paths by which the open scratch files of a run can be opened again, each file once."""
    found = {}
    for pid in alive(mark):
        try:
            for descriptor in os.listdir(f"/proc/{pid}/fd"):
                path = f"/proc/{pid}/fd/{descriptor}"
                if os.readlink(path).startswith(f"{directory}/"):
                    found[os.stat(path).st_ino] = path
        except OSError:
            pass
    return list(found.values())


def damage(path):
    """Changes a byte in every 256 of those that were written; returns how many."""
    changed = 0
    file = os.open(path, os.O_RDWR)
    try:
        at, end = 0, os.fstat(file).st_size
        while at < end:
            try:
                at = os.lseek(file, at, os.SEEK_DATA)
            except OSError:
                break
            hole = os.lseek(file, at, os.SEEK_HOLE)
            for place in range(at, hole, 256):
                byte = os.pread(file, 1, place)
                os.pwrite(file, bytes([byte[0] ^ 8]), place)
                changed += 1
            at = hole
    finally:
        os.close(file)
    return changed


class DamagedData(ClusterTest):
    def damaged_run(self, *options):
        """A run whose data on disk is changed before its reduce tasks have read most of it."""
        gates, scratch = self.place / "gates", self.place / "scratch"
        gates.mkdir()
        scratch.mkdir()
        (gates / "hold.reduce").touch()
        self.output = self.place / "output"
        run = self.under_mpirun("gated_sum", self.output, gates, RECORDS, 2, 8, ranks=2, options=[
            *SMALL_MEMORY, "--conf", f"volley.local.dir={scratch}", *options])
        # Each executor has read one partition, and nobody the other ones.
        until(lambda: len(list(gates.glob("at.reduce.*"))) == 2, "two reduce tasks", run.process)
        changed = sum(damage(path) for path in scratch_files(run.mark, scratch))
        self.assertGreater(changed, 100, "nothing was on disk")
        (gates / "go.reduce").touch()
        return run

    def names_the_damage(self, run):
        self.assertRegex(run.text, r"map output \d, partition \d, held by rank \d, came back "
                                   r"damaged from the scratch file .*scratch/")

    def test_SHUF_013_damage_on_disk_is_found_and_made_good(self):
        run = self.ended(self.damaged_run(), 0)
        lines = sorted(line for part in self.output.glob("part-*") for line in
                       part.read_text().splitlines())
        self.assertEqual(lines, expected(RECORDS))
        self.names_the_damage(run)
        self.assertIn("The map output is made again", run.text)

    def test_SHUF_013_damage_fails_a_stage_that_may_not_run_again(self):
        run = self.ended(self.damaged_run("--conf", "volley.stage.maxConsecutiveAttempts=1"), 1)
        self.names_the_damage(run)
        self.assertIn("failed the maximum allowable number of times: 1", run.text)
        self.assertFalse((self.output / "_SUCCESS").exists())


if __name__ == "__main__":
    cluster_run.main()
