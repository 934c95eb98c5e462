#!/usr/bin/env python3
"""A file has at most 500 lines, a function at most 60 from its opening to its closing brace, and
control flow nests at most 4 deep. Lambdas count towards their function's lines, but their nesting
starts anew. Functions are found by braces and the words before them, without a compiler."""

import re

import tree

FILE_LINES = 500
FUNCTION_LINES = 60
NESTING = 4

TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w'.]*|->|::|\S")
CONTROL = {"if", "for", "while", "switch", "catch", "constexpr"}
TYPE_WORDS = {"class", "struct", "union", "enum"}
FUNCTION_KINDS = {"function", "lambda"}


def tokens_of(text):
    """(token, line) without comments, literals, preprocessor lines and template parameter lists."""
    text = tree.without_comments(text)
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: "\n" * m.group(0).count("\n"), text,
                  flags=re.M)
    tokens = []
    for number, line in enumerate(text.splitlines(), 1):
        tokens += [(match.group(0), number) for match in TOKEN.finditer(line)]
    return without_template_parameters(tokens)


def without_template_parameters(tokens):
    kept, i = [], 0
    while i < len(tokens):
        if tokens[i][0] == "template" and i + 1 < len(tokens) and tokens[i + 1][0] == "<":
            i = closing_angle(tokens, i + 1) + 1
        else:
            kept.append(tokens[i])
            i += 1
    return kept


def closing_angle(tokens, i):
    angles = parentheses = 0
    while i < len(tokens):
        token = tokens[i][0]
        parentheses += {"(": 1, ")": -1}.get(token, 0)
        if parentheses == 0:
            angles += {"<": 1, ">": -1}.get(token, 0)
            if angles == 0:
                return i
        i += 1
    return i


def opening(head, close="()"):
    """Index in head of the bracket that its last token closes, or -1."""
    depth = 0
    for i in range(len(head) - 1, -1, -1):
        depth += {close[1]: 1, close[0]: -1}.get(head[i], 0)
        if depth == 0:
            return i
    return -1


def top_level(head):
    """The tokens of head outside parentheses."""
    depth, kept = 0, []
    for token in head:
        if token == "(":
            depth += 1
        if depth == 0:
            kept.append(token)
        if token == ")":
            depth -= 1
    return kept


def in_parentheses(head):
    return head.count("(") > head.count(")")


def is_lambda(head):
    """Whether head ends as a lambda does before its body: ], ](...), specifiers, -> result."""
    arrow = len(head) - 1 - head[::-1].index("->") if "->" in head else -1
    result = set(head[arrow:])
    if arrow > 0 and head[arrow - 1] in {")", "mutable", "noexcept"} and not {"(", ")"} & result:
        head = head[:arrow]
    while head and head[-1] in {"mutable", "noexcept", "constexpr"}:
        head = head[:-1]
    if not head:
        return False
    if head[-1] == ")":
        head = head[:max(opening(head), 0)]
        if head and head[-1] == ">":
            head = head[:max(opening(head, "<>"), 0)]
    return bool(head) and head[-1] == "]"


def kind_outside(head, after):
    """What a brace opens in a namespace or class; `after` is the token behind its closing brace."""
    outer = top_level(head)
    if "namespace" in outer or outer in (["extern", '"', '"'], ["export"]):
        return "namespace"
    if not head or head[-1] in {"=", "requires", ","} or in_parentheses(head):
        return "lambda" if is_lambda(head) else "braces"
    if head[-1] == ")" and head[opening(head) - 1] == "requires":
        return "braces"
    if TYPE_WORDS & set(outer) and "operator" not in outer:
        return "class"
    if "(" not in head or after in {",", "{"}:
        return "braces"
    return "function"


def kind_inside(head, parent):
    """What a brace opens in a function."""
    if is_lambda(head):
        return "lambda"
    if not head:
        return "braces" if parent == "braces" else "block"
    if head[0] in TYPE_WORDS and not in_parentheses(head):
        return "class"
    if head[-1] == ")" and not in_parentheses(head):
        before = head[opening(head) - 1] if opening(head) > 0 else ""
        return "block" if before in CONTROL or before.isupper() else "braces"
    if in_parentheses(head):
        return "braces"
    return "block" if head[-1] in {"else", "do", "try", ":"} else "braces"


def without_calls_of(head, words):
    kept, depth = [], 0
    for token in head:
        if depth == 0 and token == "(" and kept and kept[-1] in words:
            depth = 1
        elif depth:
            depth += {"(": 1, ")": -1}.get(token, 0)
        else:
            kept.append(token)
    return kept


def name_of(head):
    """`a::b` before the parameter list, which is not that of a requires, decltype or the like."""
    head = without_calls_of(head, {"requires", "decltype", "noexcept", "explicit", "alignas"})
    end = head.index("(") if "(" in head else len(head)
    if "operator" in head[:end]:
        begin = head.index("operator")
        return "".join(head[begin:end]) if end > begin + 1 else "operator()"
    begin = end
    while begin > 0 and (head[begin - 1] in {"::", "~"} or re.match(r"\w", head[begin - 1])):
        if begin < end and re.match(r"\w", head[begin]) and re.match(r"\w", head[begin - 1]):
            break
        begin -= 1
    return "".join(head[begin:end])


def matching_braces(tokens):
    partner, stack = {}, []
    for i, (token, _) in enumerate(tokens):
        if token == "{":
            stack.append(i)
        elif token == "}" and stack:
            partner[stack.pop()] = i
    return partner


class Scanner:
    """Walks the tokens with a stack of open braces: (kind, name, line, head before the brace)."""

    def __init__(self, text):
        self.tokens = tokens_of(text)
        self.partner = matching_braces(self.tokens)
        self.stack = []
        self.head = []
        self.functions = []  # (name, line, lines)
        self.deepest = {}  # (name, line of the function) -> (depth, line)

    def scan(self):
        for i, (token, line) in enumerate(self.tokens):
            if token == "{":
                self.open(i, line)
            elif token == "}":
                self.close(line)
            elif token == ";" and not in_parentheses(self.head):
                self.head = []
            else:
                self.head.append(token)
                if self.head[-2:] in (["public", ":"], ["private", ":"], ["protected", ":"]):
                    self.head = []
        return self

    def inside_function(self):
        for kind, *_ in reversed(self.stack):
            if kind in FUNCTION_KINDS or kind == "class":
                return kind != "class"
        return False

    def open(self, i, line):
        behind = self.partner.get(i, len(self.tokens)) + 1
        after = self.tokens[behind][0] if behind < len(self.tokens) else ""
        parent = self.stack[-1][0] if self.stack else ""
        if self.inside_function():
            kind = kind_inside(self.head, parent)
        else:
            kind = kind_outside(self.head, after)
        name = name_of(self.head) if kind == "function" else ""
        self.stack.append((kind, name, line, self.head))
        self.head = []
        if kind == "block":
            self.note_depth(line)

    def note_depth(self, line):
        depth = 0
        for kind, name, begin, _ in reversed(self.stack):
            depth += kind == "block"
            if kind in FUNCTION_KINDS:
                key = (name or "lambda", begin)
                if depth > self.deepest.get(key, (0, 0))[0]:
                    self.deepest[key] = (depth, line)
                return

    def close(self, line):
        if not self.stack:
            return
        kind, name, begin, head = self.stack.pop()
        if kind == "function":
            self.functions.append((name, begin, line - begin + 1))
        # An expression goes on behind a braced value or a lambda, a statement does not.
        self.head = head + ["{}"] if kind in {"braces", "lambda", "class"} else []


def check_text(name, text):
    findings = []
    lines = text.count("\n")
    if lines > FILE_LINES:
        findings.append(f"{name}:1: file of {lines} lines, at most {FILE_LINES}")
    scanner = Scanner(text).scan()
    for function, line, length in scanner.functions:
        if length > FUNCTION_LINES:
            findings.append(
                f"{name}:{line}: {function} has {length} lines, at most {FUNCTION_LINES}")
    for (function, _), (depth, line) in scanner.deepest.items():
        if depth > NESTING:
            findings.append(f"{name}:{line}: {function} nests {depth} deep, at most {NESTING}")
    return findings


def main():
    findings = []
    paths = tree.cpp_files()
    for path in paths:
        findings += check_text(path.as_posix(), (tree.ROOT / path).read_text())
    others = [p for p in tree.files() if p.suffix in {".py", ".sh", ".cmake"}]
    for path in others:
        lines = (tree.ROOT / path).read_text().count("\n")
        if lines > FILE_LINES:
            findings.append(f"{path}:1: file of {lines} lines, at most {FILE_LINES}")
    tree.finish("sizes", findings, len(paths) + len(others))


if __name__ == "__main__":
    main()
