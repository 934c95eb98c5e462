#!/usr/bin/env python3
"""wrong_input_test.py BUILD-DIRECTORY [OPTION-OF-VOLLEY-RUN...]: mistakes of users get one message
that names them and the right exit code, and nothing stays behind."""

import os
import subprocess

import cluster_run
from cluster_run import ClusterTest, application, volley


class WrongInput(ClusterTest):
    def setUp(self):
        super().setUp()
        self.place.chmod(0o755)
        self.input = self.place / "input.txt"
        self.input.write_text("a b c\na b\n")
        self.output = self.place / "output"

    def refused(self, run, code, words):
        """This exit code, and the words in exactly one line that is an error."""
        self.ended(run, code)
        errors = [line for line in run.text.splitlines()
                  if "volley: error:" in line or " ERROR " in line]
        self.assertEqual(len(errors), 1, run.text)
        self.assertIn(words, errors[0])
        if run.command[0] == volley():
            self.assertNotIn("mpirun", run.text)
        self.assertFalse((self.output / "_SUCCESS").exists())

    def both_ways(self, code, words, *arguments, options=(), name="word_count", **popen):
        for start in (self.launched, self.under_mpirun):
            with self.subTest(start.__name__):
                self.refused(start(name, *arguments, options=options, **popen), code, words)

    def option(self, words, *options):
        self.both_ways(2, words, self.input, self.output, options=options)

    def test_missing_input(self):
        for name in "word_count", "word_count.so":
            self.both_ways(1, "Input path does not exist: /missing", "/missing", self.output,
                           name=name)

    def test_unreadable_input(self):
        self.input.chmod(0)
        if os.geteuid() == 0:
            self.skipTest("root can read everything")
        self.both_ways(1, "Permission denied", self.input, self.output)

    def test_existing_output(self):
        self.output.mkdir()
        self.both_ways(1, f"Output directory {self.output} already exists", self.input, self.output)
        self.assertEqual(list(self.output.iterdir()), [])

    def test_output_in_no_place(self):
        self.both_ways(1, "/proc/none/output cannot be created", self.input, "/proc/none/output")

    def test_disk_full(self):
        disk = self.place / "disk"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]
        if subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode != 0:
            self.skipTest("cannot mount a small disk")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        with self.input.open("w") as text:
            text.writelines(f"a-rather-long-word-that-is-number-{n:015}\n" for n in range(20000))
        run = self.launched("word_count", self.input, disk / "output")
        self.ended(run, 1)
        self.assertIn("No space left on device", run.text.splitlines()[-1])
        self.assertFalse((disk / "output").exists())

    def test_options(self):
        self.option("Unrecognized option '--nonsense'", "--nonsense")
        self.option("volley.nonsense", "--conf", "volley.nonsense=1")
        self.option("'blah' is not a size", "--conf", "volley.executor.memory=blah")
        self.option("--num-executors 0", "--num-executors", "0")

    def test_executors_that_never_fit(self):
        self.both_ways(1, "one needs 1000 cores", self.input, self.output,
                       options=["--executor-cores", "1000"])
        self.both_ways(1, "one needs 1.1 TiB", self.input, self.output,
                       options=["--executor-memory", "1000g"])

    def test_more_executors_than_fit(self):
        run = self.launched("word_count", self.input, self.output, options=["--num-executors", "9"])
        self.ended(run, 0)
        self.assertEqual(run.text.count("2 of 9 executors granted"), 1, run.text)
        self.assertTrue((self.output / "_SUCCESS").exists())

    def test_no_application(self):
        not_executable = self.place / "plain"
        not_executable.write_text("text")
        for path, words in [(self.place / "none", "No such file"), (self.place, "is a directory"),
                            (not_executable, "is not executable"),
                            (cluster_run.BUILD / "libvolley.so", "is not an application"),
                            ("/bin/true", "VOLLEY_APPLICATION")]:
            with self.subTest(str(path)):
                self.refused(self.start([volley(), "run", "--master", "local[2]", path]), 2, words)

    def test_overwriting_on_request(self):
        options = ["--conf", "volley.output.validateSpecs=false"]
        for _ in range(2):
            self.ended(self.launched("word_count", self.input, self.output, options=options), 0)
        lines = [line for part in self.output.glob("part-*") for line in part.read_text().splitlines()]
        self.assertEqual(len(lines), 3)

    def test_arguments_of_the_application(self):
        self.refused(self.start([application("word_count")]), 2, "exit code 2")


if __name__ == "__main__":
    cluster_run.main()
