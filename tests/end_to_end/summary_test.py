#!/usr/bin/env python3
"""summary_test.py BUILD-DIRECTORY [OPTION-OF-VOLLEY-RUN...]: what the table at the end of a run says of
the records and bytes that were read and written is so."""

import re

import cluster_run
from cluster_run import ClusterTest

LINES = 20


class Summary(ClusterTest):
    def volumes(self, text, stage):
        """(records, bytes) of the columns that have any, in the row of a stage that ran."""
        rows = [line for line in text.splitlines()
                if re.match(rf"\s*{stage} at word_count\.cpp:\d+ +\d+  ", line)]
        self.assertEqual(len(rows), 1, text)
        return [(int(records), int(size)) for records, size
                in re.findall(r"(\d+) \((\d+) B\)", rows[0])]

    def test_ISO_001_records_and_bytes_are_counted(self):
        lines = [f"{chr(97 + number) * 4} common\n" for number in range(LINES)]
        (self.place / "input").write_text("".join(lines))
        output = self.place / "output"
        run = self.ended(self.launched("word_count", self.place / "input", output), 0)
        (read, read_bytes), (shuffled, shuffled_bytes) = self.volumes(run.text, r"0  \w+")
        self.assertEqual(read, LINES)
        self.assertGreaterEqual(read_bytes, len("".join(lines)))
        self.assertGreaterEqual(shuffled, LINES + 1)
        self.assertGreater(shuffled_bytes, 0)
        written = self.volumes(run.text, r"\d+  save_as_text_file")[-1]
        parts = "".join(part.read_text() for part in output.glob("part-*"))
        self.assertEqual(written, (LINES + 1, len(parts)))


if __name__ == "__main__":
    cluster_run.main()
