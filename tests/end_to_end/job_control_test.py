#!/usr/bin/env python3
"""job_control_test.py BUILD-DIRECTORY: jobs are cancelled by name while others go on, the process of
a task that does not stop is ended, and of two copies of a slow task one publishes its output."""

import cluster_run
from cluster_run import ClusterTest


def settings(**values):
    return [word for key, value in values.items()
            for word in ("--conf", f"volley.{key.replace('__', '.')}={value}")]


class JobControl(ClusterTest):
    def cancelled(self, how, options=()):
        run = self.under_mpirun("job_control", "cancel", self.place, how, options=options)
        self.ended(run, 0)
        self.assertIn("quick: 100\n", run.text)
        return run.text

    def test_CANC_003_a_group_is_cancelled_with_its_reason(self):
        self.assertIn("slow: Job 0 cancelled as was asked\n", self.cancelled("group"))

    def test_CANC_006_jobs_are_cancelled_by_tag(self):
        self.assertIn("slow: Job 0 cancelled as was asked\n", self.cancelled("tag"))

    def test_one_job_and_all_jobs(self):
        self.assertIn("slow: Job 0 cancelled as was asked\n", self.cancelled("job"))
        (self.place / "runs").unlink()
        self.assertIn("slow: Job 0 cancelled as part of cancellation of all jobs\n",
                      self.cancelled("all"))

    def test_the_reaper_ends_the_process_of_a_task_that_does_not_stop(self):
        options = settings(task__reaper__enabled="true", task__reaper__pollingInterval="100ms",
                           task__reaper__killTimeout="300ms", rank__slots=1)
        run = self.under_mpirun("job_control", "stubborn", self.place, ranks=2, options=options)
        self.ended(run, 0)
        self.assertIn("slow: Job 0 cancelled as was asked\n", run.text)
        self.assertIn("quick: 100\n", run.text)
        self.assertIn("did not stop within 300 ms (volley.task.reaper.killTimeout)", run.text)

    def test_OCC_003_TSM_019_copies_of_slow_tasks_leave_one_output(self):
        options = settings(speculation="true", speculation__quantile=0.5, rank__slots=1)
        run = self.under_mpirun("job_control", "straggler", self.place, 12, 50, 100,
                                options=options)
        self.ended(run, 0)
        self.assertIn("take long and are to get a copy elsewhere", run.text)
        lines = sorted(int(line) for part in (self.place / "output").glob("part-*")
                       for line in part.read_text().splitlines())
        self.assertEqual(lines, list(range(12)))
        self.assertTrue((self.place / "output" / "_SUCCESS").exists())
        self.assertFalse((self.place / "output" / "_temporary").exists())


if __name__ == "__main__":
    cluster_run.main()
