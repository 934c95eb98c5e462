#!/usr/bin/env python3
"""Results that differ are seen to differ, those that do not are not."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from comparison import agreement  # noqa: E402
from comparison.agreement import Disagreement  # noqa: E402


def record(key, payload=b"x"):
    return key.ljust(10, b"\0") + payload.ljust(90, b".")


class Agreement(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)

    def file(self, name, content):
        path = self.place / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    def test_printed_values(self):
        rival = self.file("rival", b"rows=10 sum=1.00000001 only=5 total_s=0.1\n")

        def compare(said, tolerance=1e-6):
            return agreement.compare_printed(rival, self.file("volley", said), tolerance)

        self.assertEqual(compare(b"a line\nsum=1.0 rows=10 total_s=7\n"), ["rows=10", "sum=1.0"])
        self.assertEqual(compare(b"nothing in common\n"), [])
        for different in b"rows=11", b"sum=1.1":
            with self.assertRaises(Disagreement):
                compare(different)
        with self.assertRaises(Disagreement):
            compare(b"sum=1.0", tolerance=1e-9)

    def test_lines_of_pairs(self):
        self.file("rival/part-0", b"a\t1\n")
        self.file("rival/part-1", b"b,c\t2.5\n")

        def compare(lines):
            self.file("volley/part-0", lines)
            return agreement.compare_pairs(self.place / "rival", self.place / "volley", 1e-9, None)

        self.assertEqual(compare(b"(b,c,2.5000000000001)\n(a,1)\n"), ["2 equal lines"])
        for lines in b"(a,1)\n", b"(a,1)\n(b,c,2.5)\n(d,0)\n", b"(a,2)\n(b,c,2.5)\n", b"(a,1)\n(a,1)\n(b,c,2.5)\n":
            with self.assertRaises(Disagreement, msg=lines):
                compare(lines)
        self.assertEqual(agreement.compare_pairs(self.place / "none", self.place / "volley", 0, None), [])

    def test_sorted_records(self):
        one, two, three = record(b"1"), record(b"2"), record(b"3")
        source = self.file("input", three + one + two)
        rival = self.file("rival", one + two + three)

        def compare(first, second):
            self.file("volley/part-0", first)
            self.file("volley/part-1", second)
            return agreement.compare_sorted(rival, self.place / "volley", 0, source)

        self.assertEqual(compare(one, two + three), ["3 sorted records"])
        for parts in [(two, one + three), (one, two), (one, two + record(b"3", b"y")), (one + one, two + three)]:
            with self.assertRaises(Disagreement, msg=parts):
                compare(*parts)
        rival.write_bytes(one + three + two)
        with self.assertRaises(Disagreement):
            compare(one, two + three)


if __name__ == "__main__":
    unittest.main()
