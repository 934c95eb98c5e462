#!/usr/bin/env python3
"""failing_programs_test.py BUILD-DIRECTORY [OPTION-OF-VOLLEY-RUN...]: programs that throw, crash or
leave: the exit code, one reason, and no output that looks complete."""

import pathlib

import cluster_run
from cluster_run import EXTRA, ClusterTest


class FailingPrograms(ClusterTest):
    def fails(self, where, how, code, *words, name="misbehave", start=None):
        """A run that ends with this code, and with these words in the line of its failure."""
        output = self.place / "output"
        run = (start or self.launched)(name, where, how, output)
        self.ended(run, code)
        last = [line for line in run.text.splitlines() if " ERROR " in line and " client: " in line]
        self.assertEqual(len(last), 1, run.text)
        for word in words:
            self.assertIn(word, last[0])
        self.assertFalse((output / "_SUCCESS").exists())
        self.assertFalse(list(output.glob("part-*")) if output.exists() else [])
        return run

    def task_fails(self, how, *words, **options):
        return self.fails("task", how, 1, "Task 2 in stage 0.0 failed 4 times", *words, **options)

    def task_crashes(self, how, words):
        if EXTRA:
            self.skipTest("a crash ends a rank whose containers are threads")
        run = self.task_fails(how, words, "executor", "on rank")
        self.assertEqual(run.text.partition("lost containers:")[2].count("\n  executor "), 4)

    def test_FAIL_008_DAG_047_task_throws(self):
        """The reason names the type, the text and the task's place, and the action's line."""
        run = self.task_fails("throw", "std::runtime_error: the ninth wave", "executor")
        line = self.line_of("misbehave.cpp", "map(Worse{where")
        self.assertIn(f"Job 0 (save_as_text_file at {line}) failed after", run.text)
        self.assertNotIn("finished: 4 tasks", run.text)

    def line_of(self, name, text):
        source = pathlib.Path(__file__).resolve().parent / "apps" / name
        lines = source.read_text().splitlines()
        return f"{name}:{1 + next(i for i, line in enumerate(lines) if text in line)}"

    def test_task_throws_under_mpirun(self):
        self.task_fails("throw", "the ninth wave", start=self.under_mpirun)

    def test_DIST_001_task_of_a_module_throws(self):
        """What is no exception fails the job and no executor."""
        run = self.task_fails("throw_int", "not a std::exception", name="misbehave.so")
        self.assertNotIn("lost containers:", run.text)

    def test_DIST_007_task_crashes(self):
        for how, words in [("segfault", "SIGSEGV"), ("overflow", "SIGSEGV"), ("abort", "SIGABRT"),
                           ("exit", "exited with code 3")]:
            with self.subTest(how):
                self.task_crashes(how, words)

    def test_YARN_019_driver_throws(self):
        run = self.fails("driver", "throw", 1, "the ninth wave")
        self.assertEqual(run.text.count("the ninth wave"), 1, run.text)

    def test_driver_returns(self):
        self.fails("driver", "return", 7, "exit code 7")

    def test_driver_captures_a_reference(self):
        self.fails("driver", "capture", 1, "map at misbehave.cpp:", "pointer or a reference")

    def test_driver_crashes(self):
        if EXTRA:
            self.skipTest("a crash ends a rank whose containers are threads")
        for how, code, words in [("segfault", 1, "SIGSEGV"), ("exit", 5, "exited with code 5"),
                                 ("thread", 1, "SIGABRT")]:
            with self.subTest(how):
                self.fails("driver", how, code, "2 attempts failed", words)


if __name__ == "__main__":
    cluster_run.main()
