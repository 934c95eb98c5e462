#!/usr/bin/env python3
"""signals_test.py BUILD-DIRECTORY: runs that are stopped or killed from outside leave nothing."""

import os
import shutil
import signal

import cluster_run
from cluster_run import ClusterTest, until


# Files of Open MPI that its mpirun removes, unless it is killed.
FILES_OF_MPIRUN = ["/ompi.", "/prterun."]


class Signals(ClusterTest):
    def setUp(self):
        super().setUp()
        self.gates = self.place / "gates"
        self.gates.mkdir()
        (self.gates / "hold.map").touch()
        self.output = self.place / "output"

    def busy(self, start):
        """A run in whose map stage tasks wait."""
        for old in self.gates.glob("at.map.*"):
            old.unlink()
        shutil.rmtree(self.output, ignore_errors=True)
        run = start("gated_sum", self.output, self.gates, 4000, 4, 4)
        until(lambda: len(list(self.gates.glob("at.map.*"))) >= 2, "tasks wait", run.process)
        run.note_shared_memory()
        return run

    def gone(self, run, besides=()):
        """Nothing of the run is left but files that a killed mpirun could not remove."""
        self.assertEqual(run.left(besides), "", run.text)
        self.assertFalse((self.output / "_SUCCESS").exists())

    def stopped_by(self, start, number, code):
        run = self.busy(start)
        os.kill(run.process.pid, number)
        run.wait()
        self.assertEqual(run.code, code, run.text)
        self.gone(run)
        return run

    def test_launcher_is_asked_to_stop(self):
        for number in signal.SIGTERM, signal.SIGINT:
            with self.subTest(number.name):
                self.stopped_by(self.launched, number, 128 + number)

    def test_launcher_is_asked_to_stop_early(self):
        """As soon as it has made its directory."""
        run = self.launched("gated_sum", self.output, self.gates, 4000, 4, 4)
        until(lambda: list(run.place.iterdir()), "there is a directory", run.process)
        os.kill(run.process.pid, signal.SIGINT)
        run.wait()
        self.assertEqual(run.code, 128 + signal.SIGINT, run.text)
        self.gone(run)

    def test_mpirun_is_asked_to_stop(self):
        run = self.busy(self.under_mpirun)
        os.kill(run.process.pid, signal.SIGTERM)
        run.wait()
        self.assertNotEqual(run.code, 0)
        self.gone(run)

    def test_ctrl_c(self):
        run = self.busy(self.launched)
        os.killpg(run.process.pid, signal.SIGINT)
        run.wait()
        self.assertNotEqual(run.code, 0)
        # mpirun may be told twice, by the group and by the launcher; then it leaves its own files.
        self.gone(run, besides=FILES_OF_MPIRUN)

    def test_launcher_is_killed(self):
        run = self.busy(self.launched)
        run.process.kill()
        run.wait()
        self.gone(run, besides=["volley-launch-"])

    def test_mpirun_is_killed(self):
        run = self.busy(self.under_mpirun)
        run.process.kill()
        run.wait()
        self.gone(run, besides=FILES_OF_MPIRUN + ["/dev/shm/"])

    def test_mpirun_under_the_launcher_is_killed(self):
        run = self.busy(self.launched)
        # Open MPI 5 replaces mpirun by prterun.
        starters = run.processes("mpirun ") + run.processes("prterun ")
        self.assertEqual(len(starters), 1)
        os.kill(starters[0], signal.SIGKILL)
        run.wait()
        self.assertEqual(run.code, 70, run.text)
        self.gone(run, besides=FILES_OF_MPIRUN + ["/dev/shm/"])


if __name__ == "__main__":
    cluster_run.main()
