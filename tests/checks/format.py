#!/usr/bin/env python3
"""Every C++ file is as clang-format 14 writes it with the tree's .clang-format. Other versions lay
out some lines differently, so only version 14 judges."""

import re
import shutil
import subprocess
import sys

import tree

VERSION = "14"


def find_formatter():
    for name in (f"clang-format-{VERSION}", "clang-format"):
        if shutil.which(name):
            banner = subprocess.run([name, "--version"], capture_output=True, text=True).stdout
            found = re.search(r"version (\d+)", banner)
            if found and found.group(1) == VERSION:
                return name
    return None


def findings_of(formatter, paths):
    command = [formatter, "--dry-run", "--ferror-limit=1"]
    run = subprocess.run(command + [str(path) for path in paths], capture_output=True, text=True,
                         cwd=tree.ROOT)
    if run.returncode != 0:
        return [f"{formatter} failed: {run.stderr}"]
    return sorted(set(re.findall(r"^(\S+:\d+:\d+): warning: code should be", run.stderr, re.M)))


def main():
    formatter = find_formatter()
    if formatter is None:
        tree.skip(f"clang-format {VERSION} is not installed")
    paths = tree.cpp_files()
    findings = [f"{place}: not as {formatter} writes it; run {formatter} -i"
                for place in findings_of(formatter, paths)]
    tree.finish("format", findings, len(paths))


if __name__ == "__main__":
    sys.exit(main())
