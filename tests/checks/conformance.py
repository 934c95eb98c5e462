#!/usr/bin/env python3
"""docs/conformance.md says for each promised case which test shows it. It is made from the lists in
docs/conformance/*.tsv (id, case, status, reason) and from the case ids in the tests' names:
  conformance.py           the page is fresh, and every case is tested or says why not
  conformance.py --write   writes the page
A status is `tested` (some test must carry the id), `open` (not yet; the reason says what is missing)
or `no` (does not apply; the reason says why)."""

import re
import sys

import tree

PAGE = "docs/conformance.md"
LISTS = "docs/conformance"
STATUSES = ("tested", "open", "no")
HEADER = "id\tcase\tstatus\treason"
ID = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2,6}_\d{3}(?![0-9])")
TEST_NAME = re.compile(r"\b(?:TYPED_)?TEST(?:_[PF])?\(\s*(\w+),\s*(\w+)")
SOURCES = {".cpp", ".hpp", ".py", ".sh", ""}


def read_list(name, text):
    """(rows, findings); a row is (id, case, status, reason)."""
    rows, findings = [], []
    lines = text.splitlines()
    if not lines or lines[0] != HEADER:
        return rows, [f"{name}:1: the first line is not '{HEADER}'"]
    for number, line in enumerate(lines[1:], 2):
        fields = line.split("\t")
        if len(fields) == 3:
            fields.append("")
        if len(fields) != 4 or not ID.fullmatch(fields[0]) or not fields[1]:
            findings.append(f"{name}:{number}: not an id, a case, a status and a reason")
        elif fields[2] not in STATUSES:
            findings.append(f"{name}:{number}: status '{fields[2]}' is none of {STATUSES}")
        elif (fields[2] == "tested") == bool(fields[3]):
            findings.append(f"{name}:{number}: a reason belongs to 'open' and 'no', and to these")
        else:
            rows.append(tuple(fields))
    return rows, findings


def tests_in(name, text):
    """{id: {test}}: a C++ test by its name, anything else by its file."""
    found = {}
    if name.endswith((".cpp", ".hpp")):
        for suite, test in TEST_NAME.findall(text):
            for case in ID.findall(test):
                found.setdefault(case, set()).add(f"{suite}.{test}")
            text = text.replace(test, "", 1)
    for case in ID.findall(text):
        found.setdefault(case, set()).add(name)
    return found


def judge(rows, tests, prefixes):
    """What does not fit together."""
    findings, seen = [], set()
    for case, _, status, _ in rows:
        if case in seen:
            findings.append(f"{case}: listed twice")
        seen.add(case)
        if status == "tested" and case not in tests:
            findings.append(f"{case}: listed as tested, but no test carries it in its name")
        if status != "tested" and case in tests:
            findings.append(f"{case}: listed as '{status}', but {sorted(tests[case])[0]} shows it")
    for case in sorted(set(tests) - seen):
        if case.split("_")[0] in prefixes:
            findings.append(f"{case}: in no list, but {sorted(tests[case])[0]} names it")
    return findings


def escaped(text):
    return text.replace("|", "\\|")


def page(sections, tests):
    rows = [row for _, rows in sections for row in rows]
    count = {status: sum(row[2] == status for row in rows) for status in STATUSES}
    lines = ["# Conformance", "",
             "What users of Spark rely on, case by case, and the test that shows it here. Made by",
             "`tests/checks/conformance.py --write` from `docs/conformance/` and the tests' names;",
             "a check compares it. `open` is not shown yet, `no` does not apply.", "",
             f"{len(rows)} cases: {count['tested']} tested, {count['open']} open, "
             f"{count['no']} do not apply."]
    for title, rows in sections:
        lines += ["", f"## {title}", "", "| id | case | status | test or reason |",
                  "| --- | --- | --- | --- |"]
        for case, text, status, reason in rows:
            shown = ", ".join(f"`{test}`" for test in sorted(tests.get(case, ()))) or reason
            lines.append(f"| {case} | {escaped(text)} | {status} | {escaped(shown)} |")
    return "\n".join(lines) + "\n"


def collect():
    """(sections, tests, findings) of the tree; a section's title is its file's name in words."""
    sections, tests, findings = [], {}, []
    for path in tree.files():
        name = path.as_posix()
        if name.startswith(LISTS + "/") and path.suffix == ".tsv":
            rows, wrong = read_list(name, (tree.ROOT / path).read_text())
            findings += wrong
            title = re.sub(r"^section_(\d+)_?", r"\1 ", path.stem).replace("_", " ")
            sections.append((title.strip(), rows))
        elif name.startswith("tests/") and not name.startswith("tests/checks/"):
            if path.suffix not in SOURCES:
                continue
            for case, where in tests_in(name, (tree.ROOT / path).read_text()).items():
                tests.setdefault(case, set()).update(where)
    return sections, tests, findings


def main():
    sections, tests, findings = collect()
    rows = [row for _, rows in sections for row in rows]
    findings += judge(rows, tests, {row[0].split("_")[0] for row in rows})
    text = page(sections, tests)
    if "--write" in sys.argv[1:]:
        (tree.ROOT / PAGE).write_text(text)
    elif not (tree.ROOT / PAGE).is_file() or (tree.ROOT / PAGE).read_text() != text:
        findings.append(f"{PAGE}: stale, run tests/checks/conformance.py --write")
    tree.finish("conformance", findings, len(rows))


if __name__ == "__main__":
    main()
