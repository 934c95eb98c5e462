#!/usr/bin/env python3
"""The code on the documentation's pages is code that is compiled and run. Before a block of code on a
page stands the comment "<!-- snippet: FILE NAME -->"; the block is what FILE of docs/snippets has
between "// [NAME]" and "// [/NAME]", parts of one name one after another. Pages that have such
comments have no C++ without, and every part is shown somewhere. With --write the blocks are
filled in."""

import pathlib
import re
import sys
import textwrap

import tree

PLACE = "docs/snippets/"
MARK = re.compile(r"^\s*// \[(/?)([a-z0-9_]+)\]$")
BLOCK = re.compile(r"(?:<!-- snippet: (\S+) (\S+) -->\n)?```(\w*)\n(.*?)```\n", re.DOTALL)


def parts_of(name, text):
    """({part: lines, not indented}, findings)"""
    parts, findings, inside, lines = {}, [], None, []
    for number, line in enumerate(text.splitlines(), 1):
        mark = MARK.match(line)
        if mark is None:
            lines.append(line)
        elif bool(mark.group(1)) == (inside is not None) and inside in (None, mark.group(2)):
            if inside:
                more = textwrap.dedent("\n".join(lines)).strip("\n") + "\n"
                parts[inside] = parts.get(inside, "") + more
            inside, lines = (None if inside else mark.group(2)), []
        else:
            findings.append(f"{name}:{number}: mark [{mark.group(1)}{mark.group(2)}] out of place")
    if inside:
        findings.append(f"{name}: [{inside}] has no end")
    return parts, findings


def check_page(name, text, sources):
    """(findings, text with the blocks as they should be, parts it shows)"""
    findings, shown = [], set()

    def judge(block):
        file, part, language, code = block.groups()
        place = f"{name}:{text.count(chr(10), 0, block.start()) + 1}"
        if file is None:
            if language == "cpp" and "<!-- snippet:" in text:
                findings.append(f"{place}: C++ that is not part of {PLACE}")
            return block.group(0)
        expected = sources.get(file, {}).get(part)
        if expected is None:
            findings.append(f"{place}: {PLACE}{file} has no part [{part}]")
            return block.group(0)
        shown.add((file, part))
        if code != expected:
            findings.append(f"{place}: differs from [{part}] of {PLACE}{file}; "
                            "tests/checks/snippets.py --write fills it in")
        return f"<!-- snippet: {file} {part} -->\n```cpp\n{expected}```\n"

    whole = BLOCK.sub(judge, text)
    return findings, whole, shown


def main():
    sources, findings = {}, []
    for path in tree.cpp_files():
        if path.as_posix().startswith(PLACE):
            parts, wrong = parts_of(path.as_posix(), (tree.ROOT / path).read_text())
            sources[path.name] = parts
            findings += wrong
    shown = set()
    for path in tree.files():
        if path.suffix != ".md":
            continue
        text = (tree.ROOT / path).read_text()
        wrong, whole, parts = check_page(path.as_posix(), text, sources)
        shown |= parts
        if "--write" in sys.argv[1:] and whole != text:
            (tree.ROOT / path).write_text(whole)
        findings += wrong
    every = {(file, part) for file, parts in sources.items() for part in parts}
    findings += [f"{PLACE}{file}: [{part}] is on no page" for file, part in sorted(every - shown)]
    tree.finish("snippets", findings, len(shown))


if __name__ == "__main__":
    main()
