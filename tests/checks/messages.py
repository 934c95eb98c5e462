#!/usr/bin/env python3
"""docs/ARCHITECTURE.md speaks of messages by their real names: in its section on messages, every
name in CamelCase is a struct of src/protocol."""

import re

import tree

PAGE = "docs/ARCHITECTURE.md"
SECTION = "## One job, as messages"


def unknown_names(page, structs):
    begin = page.find(SECTION)
    if begin < 0:
        return [f"{PAGE}: no section '{SECTION}'"]
    section = page[begin:].split("\n## ", 1)[0]
    names = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", section))
    return [f"{PAGE}: no message is called {name}" for name in sorted(names - structs)]


def main():
    structs = set()
    for path in tree.cpp_files():
        if path.is_relative_to("src/protocol"):
            structs |= set(re.findall(r"^struct (\w+)", (tree.ROOT / path).read_text(), re.M))
    tree.finish("messages", unknown_names((tree.ROOT / PAGE).read_text(), structs), len(structs))


if __name__ == "__main__":
    main()
