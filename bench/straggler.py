#!/usr/bin/env python3
"""straggler.py BUILD-DIRECTORY [RANKS [TASKS]]: how much one slow executor costs. Runs a job of equal
tasks that sleep: without a slow executor, with one that is ten times as slow, and with speculation
besides. Sleeping tasks need no cores, so that a small machine shows it."""

import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

BUILD = pathlib.Path(sys.argv[1])
RANKS = sys.argv[2] if len(sys.argv) > 2 else "8"
TASKS = sys.argv[3] if len(sys.argv) > 3 else "160"
MILLISECONDS = "200"
REPEATS = 3


def seconds(factor, speculation):
    application = BUILD / "tests/end_to_end/job_control"
    with tempfile.TemporaryDirectory() as place:
        run = subprocess.run(
            [BUILD / "volley", "run", "--master", f"local[{RANKS}]",
             "--conf", "volley.rank.slots=1", "--conf", f"volley.speculation={speculation}",
             application, "straggler", place, TASKS, MILLISECONDS, factor],
            capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(f"ended with {run.returncode}:\n{run.stderr[-2000:]}")
    return float(re.search(r"seconds: ([\d.]+)", run.stdout).group(1))


def main():
    plain = 0
    for name, factor, speculation in (("all executors alike", "1", "false"),
                                      ("one 10 times slower", "10", "false"),
                                      ("the same, speculation", "10", "true")):
        times = [seconds(factor, speculation) for _ in range(REPEATS)]
        median = statistics.median(times)
        plain = plain or median
        print(f"{name:24} {median:6.2f} s   {median / plain:5.2f} times   "
              f"({min(times):.2f} to {max(times):.2f})", flush=True)


if __name__ == "__main__":
    main()
