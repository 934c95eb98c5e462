#!/usr/bin/env python3
"""docs/api.md names Spark's operations and Volley's: every Volley name in its tables is in the
public headers, every public operation of Rdd and Context is in a table, and a row without a name
says why. Rows whose remark begins with "being built" are not compared."""

import re

import tree

PAGE = "docs/api.md"
PUBLIC = "include/volley/"
ROW = re.compile(r"^\|(.*)\|(.*)\|(.*)\|$")
CLASSES = ("Rdd", "Context")
# What only operations themselves use begins after one of these lines.
INTERNAL = re.compile(r"^\s*// (For the operations of other|--- for operations)")
NO_OPERATION = {"lineage", "chained", "core"}


def rows(page):
    """(line number, Spark's name, [Volley's names], remark) of every row of every table."""
    found = []
    for number, line in enumerate(page.splitlines(), 1):
        match = ROW.match(line)
        if not match or set(line) <= set("|- "):
            continue
        spark, volley, remark = (field.strip() for field in match.groups())
        if (spark, volley) != ("Spark", "Volley"):
            found.append((number, spark, re.findall(r"`([^`]+)`", volley), remark))
    return found


def without_comments(text):
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return re.sub(r'"(\\.|[^"\\])*"', '""', re.sub(r"//[^\n]*", "", text))


def body_of(text, name):
    """What stands between the braces of a class, or of the last one of that name."""
    heads = list(re.finditer(rf"^(?:class|struct) {name}\b[^;{{]*{{", text, re.M))
    if not heads:
        return ""
    begin, depth = heads[-1].end(), 1
    for at in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[begin:at]
    return text[begin:]


def public_part(body):
    """The body without what is private or for operations only; comments are still there."""
    kept, visible = [], "public:" not in body
    for line in body.splitlines():
        if line.strip() in ("public:", "private:", "protected:"):
            visible = line.strip() == "public:"
        elif INTERNAL.match(line):
            visible = False
        elif visible:
            kept.append(line)
    return "\n".join(kept)


def functions(body, name):
    """Names of the member functions that a class body declares."""
    flat, depth = [], 0
    for letter in re.sub(r"=\s*{}", "= 0", without_comments(body)):
        depth -= letter == "}"
        if depth == 0:
            flat.append(";" if letter in "{}" else letter)
        depth += letter == "{"
    found = set()
    for statement in "".join(flat).split(";"):
        statement = re.sub(r"requires\s*\([^()]*(?:\([^()]*\)[^()]*)*\)", "", statement)
        match = re.search(r"(~?\b\w+)\s*\(", statement)
        if not match or match[1].lstrip("~") == name or "operator" in statement:
            continue
        if re.match(r"[a-z]\w*$", match[1]) and not match[1].endswith("_"):
            found.add(match[1])
    return found - NO_OPERATION


def operations(headers):
    """{class: {member function}} of the public classes; those of Rdd's bases are Rdd's."""
    found = {}
    for path, text in headers.items():
        for name in re.findall(r"^(?:class|struct) (\w+)", text, re.M):
            members = functions(public_part(body_of(text, name)), name)
            if name.endswith("Operations"):
                found.setdefault("Rdd", set()).update(members)
            elif "/detail/" not in path:
                found.setdefault(name, set()).update(members)
    return found


def judge(page, headers):
    findings, named = [], set()
    members = operations(headers)
    free = " ".join(without_comments(text) for path, text in headers.items()
                    if "/detail/" not in path)
    for number, spark, names, remark in rows(page):
        named.update(names)
        if not names and not remark:
            findings.append(f"{PAGE}:{number}: {spark}: neither a name nor a reason")
        for name in names:
            if remark.startswith("being built"):
                continue
            owner, _, member = name.rpartition("::")
            known = member in members.get(owner, ()) if owner else re.search(rf"\b{name}\(", free)
            if not known:
                findings.append(f"{PAGE}:{number}: {name} is not in the public headers")
    named |= set(re.findall(r"`(\w+::\w+)`", page))
    for owner in CLASSES:
        for member in sorted(members.get(owner, ())):
            if f"{owner}::{member}" not in named:
                findings.append(f"{PAGE}: {owner}::{member} is in no row")
    return findings, len(named)


def main():
    headers = {path.as_posix(): (tree.ROOT / path).read_text() for path in tree.cpp_files()
               if path.as_posix().startswith(PUBLIC)}
    findings, count = judge((tree.ROOT / PAGE).read_text(), headers)
    tree.finish("api_table", findings, count)


if __name__ == "__main__":
    main()
