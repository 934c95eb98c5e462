#!/usr/bin/env python3
"""package_graph.py STATUS LOGS REPORT RANKS BEST: whether package_report's output and page_rank's
agree with what this program computes from the same files."""

import collections
import gzip
import pathlib
import re
import sys


def read_packages(path):
    packages = {}
    for stanza in pathlib.Path(path).read_text(encoding="utf-8").split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", stanza, re.MULTILINE))
        if fields.get("Status") == "install ok installed":
            # A package may be there for several architectures.
            packages.setdefault(fields["Package"], []).append(fields)
    return packages


def names_of(field):
    alternatives = (item.split("|")[0].strip() for item in field.split(",") if item.strip())
    return {re.split(r"[ :(]", name)[0] for name in alternatives}


def expected_sections(packages):
    sections = collections.defaultdict(lambda: [0, 0])
    for fields in (f for group in packages.values() for f in group):
        total = sections[fields.get("Section", "")]
        total[0] += 1
        total[1] += int(fields.get("Installed-Size", 0))
    return {name: tuple(total) for name, total in sections.items()}


def expected_days(packages, logs):
    last = {}
    for path in pathlib.Path(logs).iterdir():
        opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path, encoding="utf-8")
        with opened as lines:
            for line in lines:
                words = line.split()
                if len(words) > 4 and words[2:4] == ["status", "installed"]:
                    name = words[4].split(":")[0]
                    last[name] = max(last.get(name, ""), words[0])
    days = collections.defaultdict(lambda: [0, 0])
    for name, day in last.items():
        for fields in packages.get(name, []):
            days[day][0] += 1
            days[day][1] += int(fields.get("Installed-Size", 0))
    return {day: tuple(total) for day, total in days.items()}


def page_ranks(edges, iterations):
    links = collections.defaultdict(set)
    for source, target in edges:
        links[source].add(target)
    ranks = dict.fromkeys(links, 1.0)
    for _ in range(iterations):
        given = collections.defaultdict(float)
        for source, targets in links.items():
            given[source] += 0.0
            for target in targets:
                given[target] += ranks[source] / len(targets)
        ranks = {node: 0.15 + 0.85 * rank for node, rank in given.items()}
        # A node without links has a rank, but gives nothing on.
    return ranks


def lines_of(directory):
    assert (pathlib.Path(directory) / "_SUCCESS").exists(), f"{directory} has no _SUCCESS"
    return [line for part in sorted(pathlib.Path(directory).glob("part-*"))
            for line in part.read_text(encoding="utf-8").splitlines()]


def totals_of(directory):
    rows = [re.fullmatch(r"\((.*),\((\d+),(\d+)\)\)", line).groups()
            for line in lines_of(directory)]
    assert rows == sorted(rows), f"{directory} is not in order"
    return {key: (int(count), int(kib)) for key, count, kib in rows}


def main():
    status, logs, report, ranks, best = sys.argv[1:]
    packages = read_packages(status)
    assert totals_of(f"{report}/sections") == expected_sections(packages), "sections differ"
    assert totals_of(f"{report}/days") == expected_days(packages, logs), "days differ"

    edges = {(name, target) for name, group in packages.items() for fields in group
             for key in ("Depends", "Pre-Depends") for target in names_of(fields.get(key, ""))}
    lines = lines_of(f"{report}/dependencies")
    assert len(lines) == len(edges), "an edge is there twice, or is missing"
    assert {tuple(line.split()) for line in lines} == edges, "dependencies differ"

    expected = page_ranks(edges, 10)
    found = dict(re.fullmatch(r"\((.*),(.*)\)", line).groups() for line in lines_of(ranks))
    assert found.keys() == expected.keys(), "ranks are of other nodes"
    for node, rank in expected.items():
        assert abs(float(found[node]) - rank) <= 1e-9 * rank, f"{node}: {found[node]}, not {rank}"
    top = [line.split("\t")[0] for line in pathlib.Path(best).read_text().splitlines()]
    wanted = sorted(expected, key=lambda node: (-expected[node], node))[:10]
    assert top == wanted, f"best nodes: {top}, not {wanted}"


if __name__ == "__main__":
    main()
