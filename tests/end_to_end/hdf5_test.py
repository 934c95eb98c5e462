#!/usr/bin/env python3
"""hdf5_test.py BUILD-DIRECTORY [OPTION-OF-VOLLEY-RUN...]: files that h5py has made are read right, and
h5py, h5ls and h5dump read what Volley has written."""

import os
import shutil
import subprocess
import sys

import cluster_run
from cluster_run import ClusterTest

try:
    import h5py
    import numpy
except ImportError:
    # Debian's package is seen by Debian's interpreter, which need not come first in the path.
    DEBIAN = "/usr/bin/python3"
    if os.path.exists(DEBIAN) and sys.executable != DEBIAN and \
            subprocess.run([DEBIAN, "-c", "import h5py"], capture_output=True,
                           check=False).returncode == 0:
        os.execv(DEBIAN, [DEBIAN, *sys.argv])
    print("SKIPPED: python3-h5py is not installed")
    sys.exit(77)

ROWS = 10007
STARS = 333


def make_stars():
    kind = numpy.dtype([("id", "<i4"), ("brightness", "<f8"), ("place", "<f4", (2,)), ("seen", "?"),
                        ("name", "S4")])
    stars = numpy.zeros(STARS, kind)
    for number in range(STARS):
        stars[number] = (number, number / 4, (number % 7, 2), number % 3 == 0, b"ab%d" % (number % 9))
    return stars


def make_file(path):
    """Returns the sums that the application should print."""
    numbers = numpy.arange(ROWS, dtype="<i8") * 3
    table = numpy.arange(ROWS * 5, dtype="<f4").reshape(ROWS, 5) % 1000
    with h5py.File(path, "w") as out:
        plain = out.create_dataset("plain", data=numbers, chunks=(256,))
        plain.attrs["unit"] = "m"
        plain.attrs["scale"] = 0.25
        out.create_dataset("gzip", data=numbers, chunks=(1000,), compression="gzip")
        out.create_dataset("shuffled", data=numbers, chunks=(999,), compression=4, shuffle=True)
        out.create_dataset("fletcher", data=numbers, chunks=(512,), fletcher32=True)
        out.create_dataset("contiguous", data=numbers)
        out.create_dataset("big_endian", data=numbers.astype(">i8"), chunks=(100,))
        out.create_dataset("int16", data=(numbers % 100).astype("<i2"))
        out.create_dataset("half", data=(numbers % 100).astype("<f2"), chunks=(64,))
        holes = out.create_dataset("holes", (ROWS,), "<f8", chunks=(1000,), fillvalue=0.5)
        holes[3000:4000] = 2
        out.create_dataset("table", data=table, chunks=(300, 2), compression="gzip")
        out.create_dataset("stars", data=make_stars(), chunks=(40,), compression="gzip")
    total = int(numbers.sum())
    sums = {name: total for name in
            ("plain", "gzip", "shuffled", "contiguous", "big_endian", "fletcher")}
    sums["int16"] = sums["half"] = int((numbers % 100).sum())
    sums["holes"] = (ROWS - 1000) * 0.5 + 2000
    sums["table"] = float(table.astype("f8").sum())
    stars = make_stars()
    sums["stars"] = float(stars["brightness"].sum() + stars["place"][:, 0].sum() +
                          1000 * stars["seen"].sum() + STARS * ord("a"))
    return sums, numbers, table, stars


class Hdf5(ClusterTest):
    def test_files_of_h5py_are_read_and_h5py_reads_ours(self):
        source = self.place / "source.h5"
        sums, numbers, table, stars = make_file(source)
        output = self.place / "output"
        run = self.ended(self.under_mpirun("hdf5_files", source, output), 0)
        words = [line.split() for line in run.text.splitlines()]
        found = {line[0]: float(line[1]) for line in words if len(line) == 2 and line[0] in sums}
        for name, value in sums.items():
            self.assertAlmostEqual(found.get(name), value, delta=abs(value) * 1e-5, msg=name)
        self.assertIn("unit m scale 0.25", run.text)
        self.assertEqual(sorted(path.name for path in output.iterdir()),
                         ["packed.h5", "stars.h5", "table.h5"])

        with h5py.File(output / "packed.h5") as packed:
            dataset = packed["numbers"]
            self.assertEqual((dataset.chunks, dataset.compression), ((1000,), "gzip"))
            self.assertTrue((dataset[:] == numbers).all())
            self.assertEqual(dataset.attrs["unit"], "kg")
            self.assertEqual(list(dataset.attrs["list"]), [1.5, 2.5])
        self.assertLess((output / "packed.h5").stat().st_size, numbers.nbytes / 2)
        with h5py.File(output / "table.h5") as again:
            self.assertTrue((again["table"][:] == table).all())
        with h5py.File(output / "stars.h5") as again:
            written = again["deep/stars"][:]
            self.assertEqual(written.dtype.names, stars.dtype.names)
            for name in stars.dtype.names:
                self.assertTrue((written[name] == stars[name]).all(), name)

    def test_the_tools_of_hdf5_read_ours(self):
        if shutil.which("h5dump") is None or shutil.which("h5ls") is None:
            self.skipTest("hdf5-tools are not installed")
        source = self.place / "source.h5"
        make_file(source)
        output = self.place / "output"
        self.ended(self.under_mpirun("hdf5_files", source, output, ranks=2), 0)
        listed = subprocess.run(["h5ls", "-r", output / "stars.h5"], capture_output=True, text=True,
                                check=True).stdout
        self.assertRegex(listed, r"/deep/stars\s+Dataset \{333\}")
        dumped = subprocess.run(["h5dump", "-d", "/numbers", "-s", "10000", "-c", "3",
                                 output / "packed.h5"], capture_output=True, text=True,
                                check=True).stdout
        self.assertIn("(10000): 30000, 30003, 30006", dumped)


if __name__ == "__main__":
    cluster_run.main()
