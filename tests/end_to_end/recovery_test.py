#!/usr/bin/env python3
"""recovery_test.py BUILD-DIRECTORY: what survives the end of the whole MPI job, and how a run ends
when it is told to drain: the second run goes on from where the first one was, with the same result."""

import os
import shutil
import signal

import cluster_run
from cluster_run import ClusterTest, until

ITERATIONS = 8


def text_of(directory):
    """The lines of a saved output; each iteration puts keys into the same partitions."""
    parts = sorted(directory.glob("part-*"))
    return [sorted(part.read_text().splitlines()) for part in parts]


class Recovery(ClusterTest):
    def setUp(self):
        super().setUp()
        self.gates = self.place / "gates"
        self.gates.mkdir()
        self.input = self.place / "input.txt"
        self.output = self.place / "output"
        self.kept = self.place / "kept"
        self.write_input(1)

    def write_input(self, seed):
        self.input.write_text("".join(f"{n * 7919 * seed % 10007}\n" for n in range(2000)))

    def go(self, start=None, options=(), recovery=True, **more):
        kept = ["--conf", f"volley.recovery.dir={self.kept}"] if recovery else []
        return (start or self.launched)("iterate", self.input, self.output, self.gates, ITERATIONS,
                                        options=[*kept, *options], cwd=self.place, **more)

    def expected(self):
        """What a run without interruptions saves."""
        output, gates = self.place / "reference", self.place / "no-gates"
        shutil.rmtree(output, ignore_errors=True)
        shutil.rmtree(self.place / "reference.first", ignore_errors=True)
        gates.mkdir(exist_ok=True)
        self.ended(self.launched("iterate", self.input, output, gates, ITERATIONS), 0)
        return text_of(output)

    def hold(self, gate):
        (self.gates / f"hold.{gate}").touch()

    def at(self, gate, run):
        until(lambda: list(self.gates.glob(f"at.{gate}.*")), f"tasks wait at {gate}", run.process)

    def take_ran(self):
        """The iterations of which tasks have run since the last call."""
        ran = self.gates / "ran"
        lines = ran.read_text().splitlines() if ran.exists() else []
        ran.unlink(missing_ok=True)
        return {int(line.split()[0]) for line in lines}

    def killed_at(self, gate, **how):
        """A first run of which every process is killed while tasks wait at the gate."""
        self.hold(gate)
        run = self.go(**how)
        self.at(gate, run)
        run.end()
        (self.gates / f"hold.{gate}").unlink()
        return self.take_ran()

    def finishes(self, **how):
        run = self.ended(self.go(**how), 0)
        self.assertEqual(text_of(self.output), self.expected(), run.text)
        self.assertTrue((self.output / "_SUCCESS").exists())
        return run

    def test_killed_run_goes_on(self):
        self.assertEqual(self.killed_at(6), {0, 1, 2, 3, 4, 5})
        run = self.finishes()
        # Iteration 5 is computed again from the checkpoint of iteration 4.
        self.assertEqual(self.take_ran(), {5, 6, 7, 8}, run.text)
        self.assertIn("iteration 1:", run.text)  # the program itself runs again
        self.assertIn("5 jobs, 1 outputs and 2 checkpoints were taken from", run.text)

    def test_finished_application_is_not_repeated(self):
        self.finishes()
        self.take_ran()
        before = (self.output / "part-00000").stat().st_mtime_ns
        run = self.ended(self.go(), 0)
        self.assertIn("has finished in an earlier run", run.text)
        self.assertEqual(self.take_ran(), set())
        self.assertEqual((self.output / "part-00000").stat().st_mtime_ns, before)
        # Only the mark is kept.
        state, = self.kept.iterdir()
        self.assertEqual(sorted(path.name for path in state.iterdir()), ["finished", "identity"])
        # Another name is another application, which finds an output that is not its own.
        other = self.go(options=["--name", "other"])
        other.wait()
        self.assertEqual(other.code, 1)
        self.assertIn("already exists", other.text)

    def test_saved_output_is_kept(self):
        self.assertEqual(self.killed_at("first"), {0})
        before = (self.place / "output.first" / "part-00000").stat().st_ino
        self.finishes()
        self.assertNotIn(0, self.take_ran())
        self.assertEqual((self.place / "output.first" / "part-00000").stat().st_ino, before)

    def test_removed_output_is_made_again(self):
        self.killed_at(3)
        shutil.rmtree(self.place / "output.first")
        self.finishes()
        self.assertEqual(self.take_ran(), {0, 3, 4, 5, 6, 7, 8})
        self.assertTrue((self.place / "output.first" / "_SUCCESS").exists())

    def test_changed_input_is_not_the_same_application(self):
        self.killed_at(5)
        self.write_input(3)
        self.finishes()
        self.assertEqual(self.take_ran(), set(range(ITERATIONS + 1)))

    def test_damaged_checkpoint(self):
        self.killed_at(6)
        for part in self.kept.glob("*/checkpoints/*/part-00001"):
            data = bytearray(part.read_bytes())
            data[-60] ^= 1
            part.write_bytes(data)
        run = self.go()
        run.wait()
        self.assertEqual(run.code, 1, run.text)
        self.assertRegex(run.text, "Checkpoint part .*/part-00001 is damaged: .*remove .*/rdd-")
        for checkpoint in self.kept.glob("*/checkpoints/rdd-*"):
            shutil.rmtree(checkpoint)
        self.take_ran()
        self.finishes()
        self.assertIn(1, self.take_ran())  # from the beginning, as far as records are needed

    def test_damaged_results_are_made_again(self):
        self.killed_at(6)
        for results in self.kept.glob("*/jobs/*"):
            results.write_bytes(results.read_bytes()[:-3])
        run = self.finishes()
        self.assertIn("0 jobs, 1 outputs", run.text)

    def drained(self, start, target):
        """USR1 comes while iteration 5 runs; it may finish, and no other begins."""
        self.hold(5)
        run = self.go(start)
        self.at(5, run)
        os.kill(target(run), signal.SIGUSR1)
        until(lambda: "Draining (received signal USR1)" in run.read(), "it drains", run.process)
        (self.gates / "go.5").touch()
        self.ended(run, 75)
        self.assertIn("run it again with the same volley.recovery.dir", run.text)
        self.assertIn("iteration 5:", run.text)
        self.assertFalse((self.output / "_SUCCESS").exists())
        self.assertEqual(self.take_ran(), {0, 1, 2, 3, 4, 5})
        second = self.finishes(start=start)
        self.assertEqual(self.take_ran(), {5, 6, 7, 8}, second.text)

    def test_drained_by_the_launcher(self):
        self.drained(self.launched, lambda run: run.process.pid)

    def test_drained_by_mpirun(self):
        self.drained(self.under_mpirun, lambda run: run.process.pid)

    def test_jobs_end_with_the_grace(self):
        self.hold(5)
        run = self.go(options=["--conf", "volley.drain.timeout=0"])
        self.at(5, run)
        run.process.send_signal(signal.SIGUSR1)
        self.ended(run, 75)
        (self.gates / "hold.5").unlink()
        self.take_ran()
        self.finishes()
        self.assertEqual(self.take_ran(), {5, 6, 7, 8})

    def test_drained_without_a_recovery_directory(self):
        self.hold(2)
        run = self.go(recovery=False, options=["--conf", "volley.drain.timeout=0"])
        self.at(2, run)
        run.process.send_signal(signal.SIGUSR1)
        self.ended(run, 75)
        self.assertIn("nothing of it is kept", run.text)

    def test_drained_before_the_end_of_the_slurm_job(self):
        self.hold(3)
        os.environ["SLURM_JOB_END_TIME"] = "1000"
        self.addCleanup(os.environ.pop, "SLURM_JOB_END_TIME")
        options = ["--conf", "volley.drain.beforeEnd=60s", "--conf", "volley.drain.timeout=0"]
        run = self.ended(self.go(options=options), 75)
        self.assertIn("volley.drain.beforeEnd", run.text)

    def test_directory_that_cannot_be_made(self):
        (self.place / "file").touch()
        self.kept = self.place / "file"
        run = self.ended(self.go(), 2)
        self.assertIn("volley.recovery.dir", run.text)


if __name__ == "__main__":
    cluster_run.main()
