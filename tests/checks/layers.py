#!/usr/bin/env python3
"""A directory includes only what the layer table of docs/ARCHITECTURE.md allows, and the headers of
MPI and HDF5 appear only where its second table says. Every rule comes from that page; this program
knows none, except that a table must exist and name every source directory."""

import re

import tree

PAGE = "docs/ARCHITECTURE.md"
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def parse_table(page, marker):
    """Rows of the table after <!-- marker -->: first cell to the set of words of the second."""
    begin = page.find(f"<!-- {marker} -->")
    if begin < 0:
        raise ValueError(f"{PAGE}: no <!-- {marker} --> before a table")
    rows = {}
    for line in page[begin:].splitlines()[1:]:
        if not line.startswith("|"):
            if rows:
                break
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) < 2 or set(cells[0]) <= set("-: "):
            continue
        names = re.findall(r"`([^`]+)`", cells[0])
        if names:
            rows[names[0]] = set(re.findall(r"`([^`]+)`", cells[1]))
    if not rows:
        raise ValueError(f"{PAGE}: the table after <!-- {marker} --> has no rows")
    return rows


def directory_of(path, directories):
    """The longest listed directory that holds the file, or the file itself if listed, or None."""
    parents = [path.as_posix()] + [parent.as_posix() for parent in path.parents]
    return max((d for d in directories if d in parents), key=len, default=None)


def target_of(quote, name, directories):
    """The listed directory that an include line names, or None for headers of other projects."""
    if name.startswith("volley/"):
        return "include/volley"
    if quote == '"':
        first = name.split("/")[0] if "/" in name else None
        for candidate in (f"src/{first}", first):
            if candidate in directories:
                return candidate
    return None


def check_file(path, text, layers, foreign):
    """Findings of one file; path is relative to the root."""
    home = directory_of(path, layers)
    findings = []
    for number, line in enumerate(tree.without_comments(text, keep_strings=True).splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        name = match.group(2)
        place = f"{path.as_posix()}:{number}"
        for header, allowed in foreign.items():
            if name.split("/")[-1] == header and directory_of(path, allowed) is None:
                findings.append(f"{place}: {header} is only for {', '.join(sorted(allowed))}")
        target = target_of(match.group(1), name, layers)
        if target is None or home is None or target == home or "*" in layers[home]:
            continue
        if target not in layers[home]:
            findings.append(f"{place}: {home} must not include {target} ({name}); see {PAGE}")
    return findings


def unknown_directories(paths, layers):
    missing = {p.parent.as_posix() for p in paths if directory_of(p, layers) is None}
    return [f"{PAGE}: the layer table does not name {directory}" for directory in sorted(missing)]


def main():
    page = (tree.ROOT / PAGE).read_text()
    layers = parse_table(page, "layers")
    foreign = parse_table(page, "foreign headers")
    paths = tree.cpp_files()
    findings = unknown_directories(paths, layers)
    for path in paths:
        findings += check_file(path, (tree.ROOT / path).read_text(), layers, foreign)
    tree.finish("layers", findings, len(paths))


if __name__ == "__main__":
    main()
