#!/usr/bin/env python3
"""compile_fail.py BUILD-DIRECTORY [SNIPPET...]: what must not compile does not, and says why.

Each file of snippets/ has a line "// expect: TEXT". It must not compile, and the first line with an
error must contain TEXT, name the header or the snippet, and be short. "// expect: nothing" marks
controls, which compile without a warning. The flags are those of apps/word_count.cpp; a precompiled
header saves most of the time."""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

LONGEST = 200
HERE = pathlib.Path(__file__).resolve().parent
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
SKIPPED = 77


def flags_of_applications(build):
    """The compiler and its flags, without source and output; None when they are not known."""
    commands = build / "compile_commands.json"
    if not commands.exists():
        return None
    for entry in json.loads(commands.read_text()):
        if entry["file"].endswith("/apps/word_count.cpp"):
            words = shlex.split(entry["command"])
            if "ccache" in words[0]:
                words = words[1:]
            end = words.index("-o")
            return words[:end] + WARNINGS
    return None


def compile_source(flags, source, more):
    command = [*flags, *more, str(source)]
    return subprocess.run(command, capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"}, check=False)


def check(flags, include, snippet):
    """Returns what is wrong with a snippet, or nothing."""
    expected = re.search(r"// expect: (.*)", snippet.read_text()).group(1)
    done = compile_source(flags, snippet, ["-I", include, "-fsyntax-only"])
    if expected == "nothing":
        return "" if done.returncode == 0 else "does not compile:\n" + done.stderr[:2000]
    if done.returncode == 0:
        return "compiles"
    lines = done.stderr.splitlines()
    error = next((line for line in lines if "error: " in line), done.stderr[:500])
    error = re.sub(r"^\S*/", "", error)  # how deep the tree lies is not ours
    if expected not in error:
        return f"the first error does not say '{expected}':\n  {error[:1000]}"
    if len(error) >= LONGEST:
        return f"the first error has {len(error)} characters:\n  {error}"
    return ""


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    flags = flags_of_applications(build)
    if flags is None:
        print(f"no compile commands for apps/word_count.cpp in {build}: nothing checked")
        return SKIPPED
    snippets = sorted((HERE / "snippets").glob("*.cpp"))
    if len(sys.argv) > 2:
        snippets = [s for s in snippets if s.stem in sys.argv[2:]]
    failures = 0
    with tempfile.TemporaryDirectory() as directory:
        include = pathlib.Path(directory)
        (include / "volley").mkdir()
        header = HERE.parents[1] / "include/volley/volley.hpp"
        made = compile_source(flags, header, ["-x", "c++-header", "-w", "-o",
                                              str(include / "volley/volley.hpp.gch")])
        if made.returncode != 0:
            print("volley.hpp does not compile alone:\n" + made.stderr)
            return 1
        with ThreadPoolExecutor(max_workers=2) as pool:
            results = pool.map(lambda s: check(flags, str(include), s), snippets)
            for snippet, wrong in zip(snippets, results):
                if wrong:
                    failures += 1
                    print(f"{snippet.name}: {wrong}")
    print(f"{len(snippets)} snippets, {failures} wrong")
    return 1 if failures or not snippets else 0


if __name__ == "__main__":
    sys.exit(main())
