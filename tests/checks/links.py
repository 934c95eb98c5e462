#!/usr/bin/env python3
"""What the documentation's pages point at is there: relative links with their anchors, and paths of
the tree that are named in `code`, from the root or from the page's own directory."""

import fnmatch
import posixpath
import re

import tree

LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w.-]+(/[\w.*-]+)*/?")


def without_blocks(text):
    """The same lines, empty where they are code."""
    return re.sub(r"^```.*?^```$", lambda m: "\n" * m.group(0).count("\n"), text,
                  flags=re.MULTILINE | re.DOTALL)


def anchors_of(text):
    headings = re.findall(r"^#+ (.*)$", without_blocks(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def exists(path, names):
    path = posixpath.normpath(path)
    return any(name == path or name.startswith(path + "/") or fnmatch.fnmatch(name, path)
               for name in names)


def is_path(word, tops):
    """Whether a word of code means a file of the tree, as far as its looks say."""
    return PATH.fullmatch(word) is not None and (
        word.endswith(".md") or ("/" in word and word.split("/")[0] in tops))


def check_pages(texts, names):
    """texts: pages by name; names: all files."""
    anchors = {name: anchors_of(text) for name, text in texts.items()}
    tops = {name.split("/")[0] for name in names if "/" in name} | {"docs", "src", "tests"}
    findings = []
    for page, whole in texts.items():
        here = posixpath.dirname(page)
        text = without_blocks(whole)

        def find(match, problem):
            line = text.count("\n", 0, match.start()) + 1
            findings.append(f"{page}:{line}: {problem}")

        for match in LINK.finditer(text):
            target, _, anchor = match.group(1).partition("#")
            if "://" in target or target.startswith("mailto:"):
                continue
            path = posixpath.normpath(posixpath.join(here, target)) if target else page
            if not exists(path, names):
                find(match, f"the link leads to {path}, which is not there")
            elif anchor and anchor not in anchors.get(path, {anchor}):
                find(match, f"{path} has no heading #{anchor}")
        for match in CODE.finditer(text):
            word = match.group(1)
            if is_path(word, tops) and not (exists(word, names) or
                                            exists(posixpath.join(here, word), names)):
                find(match, f"there is no {word}")
    return findings


def main():
    names = {path.as_posix() for path in tree.files()}
    texts = {name: (tree.ROOT / name).read_text() for name in sorted(names)
             if name.endswith(".md")}
    tree.finish("links", check_pages(texts, names), len(texts))


if __name__ == "__main__":
    main()
