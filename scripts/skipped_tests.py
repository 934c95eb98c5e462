#!/usr/bin/env python3
"""skipped_tests.py REPORT: prints the skipped tests of a ctest JUnit report, one "name: why" a line.
A test gives its reason in a line "SKIPPED: why"."""

import re
import sys
import xml.etree.ElementTree as xml


def main():
    for case in xml.parse(sys.argv[1]).getroot().iter("testcase"):
        if case.find("skipped") is None and case.get("status") not in ("notrun", "disabled"):
            continue
        output = case.findtext("system-out") or ""
        reasons = re.findall(r"^SKIPPED: (.*)$", output, re.M)
        print(f"{case.get('name')}: {reasons[-1] if reasons else 'no reason given'}")


if __name__ == "__main__":
    main()
