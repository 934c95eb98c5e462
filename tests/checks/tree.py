"""What the checks have in common: which files belong to the tree, C++ without comments and strings,
and how a check ends (0 held, 1 findings, 77 skipped)."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77
CPP_SUFFIXES = {".cpp", ".hpp"}


def files():
    """Paths relative to the root: what git tracks or would add, else everything outside builds."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others",
               "--exclude-standard"]
    try:
        listing = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        paths = [pathlib.Path(name) for name in listing.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file()]
        paths = [p for p in paths if not p.parts[0].startswith((".git", "build", "out"))]
    return sorted(path for path in paths if (ROOT / path).is_file())


def cpp_files():
    return [path for path in files() if path.suffix in CPP_SUFFIXES]


_LITERAL = re.compile(
    r"""//[^\n]*(?:\\\n[^\n]*)*        # line comment
      | /\*.*?\*/                      # block comment
      | R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"   # raw string
      | "(?:\\.|[^"\\\n])*"            # string
      | (?<![0-9a-zA-Z_])'(?:\\.|[^'\\\n])+'           # character, not a digit separator
    """,
    re.VERBOSE | re.DOTALL,
)


def _blank(match):
    text = match.group(0)
    newlines = "\n" * text.count("\n")
    if text.startswith("/"):
        return " " + newlines
    return ("''" if text.startswith("'") else '""') + newlines


def without_comments(text, keep_strings=False):
    """The same lines with comments, and unless kept also the contents of literals, gone."""
    if keep_strings:
        return _LITERAL.sub(lambda m: _blank(m) if m.group(0)[0] == "/" else m.group(0), text)
    return _LITERAL.sub(_blank, text)


def finish(name, findings, looked_at):
    """Prints the findings and ends the process. Nothing to look at is a finding: a broken check."""
    for finding in findings:
        print(finding)
    if not looked_at:
        print(f"{name}: found nothing to check")
        sys.exit(1)
    print(f"{name}: {looked_at} looked at, {len(findings)} findings")
    sys.exit(1 if findings else 0)


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(SKIPPED)
