#!/usr/bin/env python3
"""clang-tidy with the tree's .clang-tidy over the sources that a build directory compiles.

    tidy.py BUILD_DIRECTORY [--changed-since COMMIT] [PATH...]

Without paths, every source under src, io, apps and bench. A file without findings is remembered
in the build directory by the hash of all it was made from, and not examined again."""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess

import tree

CHECKED = ("src", "io", "apps", "bench")


def wanted_files(arguments):
    paths = [pathlib.Path(path) for path in arguments.paths] or tree.cpp_files()
    if arguments.changed_since:
        command = ["git", "-C", str(tree.ROOT), "diff", "--name-only", arguments.changed_since]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        changed = set(run.stdout.split())
        paths = [path for path in paths if path.as_posix() in changed]
    return {str(tree.ROOT / p) for p in paths if p.suffix == ".cpp" and p.parts[0] in CHECKED}


def compile_commands(build):
    """One command for each source: a source of several targets is examined once."""
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        commands.setdefault(str(pathlib.Path(entry["directory"], entry["file"]).resolve()), entry)
    return commands


def inputs_hash(entry, salt):
    """Hash of the source and every header of this tree that it includes, and of the command."""
    words = [w for w in shlex.split(entry["command"]) if not w.endswith("ccache")]
    words = words[:words.index("-o")] + words[words.index("-o") + 2:] if "-o" in words else words
    run = subprocess.run(words + ["-MM", "-MF", "-"], capture_output=True, text=True,
                         cwd=entry["directory"])
    if run.returncode != 0:
        return None
    digest = hashlib.sha256((salt + entry["command"]).encode())
    for name in sorted(set(re.split(r"[\s\\]+", run.stdout.split(":", 1)[1])) - {""}):
        path = pathlib.Path(entry["directory"], name)
        if path.is_relative_to(tree.ROOT) and path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def examine(tidy, build, memory, source, entry, salt):
    """The findings in one source, from memory when nothing has changed."""
    key = inputs_hash(entry, salt)
    if key and (memory / key).exists():
        return []
    # The commands are GCC's, which has warnings to turn off that clang does not know; and its
    # library uses what it deprecates (std::stable_sort's buffer).
    run = subprocess.run([tidy, "-p", str(build), "--quiet",
                          "--extra-arg=-Wno-unknown-warning-option",
                          "--extra-arg=-Wno-deprecated-declarations", source],
                         capture_output=True, text=True)
    findings = re.findall(r"^\S+:\d+:\d+: (?:warning|error): .*", run.stdout, re.M)
    if run.returncode != 0 and not findings:
        findings = [f"{source}: {tidy} failed: {run.stderr[-500:]}"]
    if not findings and key:
        (memory / key).touch()
    return [finding.replace(f"{tree.ROOT}/", "") for finding in findings]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--changed-since")
    parser.add_argument("paths", nargs="*")
    arguments = parser.parse_args()
    # Debian 12's own, 14, does not understand the standard library beside it (source_location) and
    # then takes what it could not read for unused.
    tidy = next((t for t in ("clang-tidy-19", "clang-tidy") if shutil.which(t)), None)
    if tidy is None:
        tree.skip("clang-tidy is not installed")
    wanted = wanted_files(arguments)
    jobs = {s: e for s, e in compile_commands(arguments.build).items() if s in wanted}
    if arguments.changed_since and not wanted:
        print("tidy: no changed sources")
        return
    memory = arguments.build / "tidy"
    memory.mkdir(exist_ok=True)
    salt = (tree.ROOT / ".clang-tidy").read_text() + tidy
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(
            lambda job: examine(tidy, arguments.build, memory, job[0], job[1], salt),
            sorted(jobs.items()))
        findings = sorted({finding for result in results for finding in result})
    tree.finish("tidy", findings, len(jobs))


if __name__ == "__main__":
    main()
