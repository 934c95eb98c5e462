"""Whether two programs that did the same job say the same: in what they print, in what they write."""

import re
import zlib
from pathlib import Path

VALUE = re.compile(r"\b([a-z]+)=(\S+)")
PIECE = 100 * 10000


class Disagreement(Exception):
    """Says where two results differ."""


def same_number(one, other, tolerance):
    """Whole numbers must be equal; others may differ by `tolerance`, relative to the larger."""
    try:
        return int(one) == int(other)
    except ValueError:
        one, other = float(one), float(other)
        return abs(one - other) <= tolerance * max(abs(one), abs(other))


def compare_printed(rival, volley, tolerance):
    """The values that both printed as name=value; how long something took (name_s=...) is not one."""
    rival_values, volley_values = (dict(VALUE.findall(path.read_text(errors="replace"))) for path in (rival, volley))
    shared = [name for name in rival_values if name in volley_values]
    for name in shared:
        if not same_number(rival_values[name], volley_values[name], tolerance):
            raise Disagreement(f"{name} is {rival_values[name]} for the rival, {volley_values[name]} for Volley")
    return [f"{name}={volley_values[name]}" for name in shared]


def parts(output):
    return sorted(output.glob("part-*")) if output.is_dir() else [output]


def read_pairs(output):
    """{key: value} of lines "key<TAB>value" or "(key,value)"."""
    found = {}
    for part in parts(output):
        with open(part, "rb") as lines:
            for line in lines:
                line = line.rstrip(b"\n")
                key, value = line.rsplit(b"\t", 1) if b"\t" in line else line[1:-1].rsplit(b",", 1)
                if key in found:
                    raise Disagreement(f"{part}: {key!r} is in two places")
                found[key] = value
    return found


def compare_pairs(rival, volley, tolerance, _input):
    if not rival.exists():
        return []  # a rival that only prints
    rival_pairs, volley_pairs = read_pairs(rival), read_pairs(volley)
    for key in rival_pairs.keys() | volley_pairs.keys():
        one, other = rival_pairs.get(key), volley_pairs.get(key)
        if one != other and (one is None or other is None or not same_number(one, other, tolerance)):
            raise Disagreement(f"{key.decode(errors='replace')} has {one} for the rival, {other} for Volley")
    return [f"{len(volley_pairs)} equal lines"]


def pieces(output):
    for part in parts(output):
        with open(part, "rb") as file:
            while piece := file.read(PIECE):
                yield piece


def records(output):
    for piece in pieces(output):
        for at in range(0, len(piece), 100):
            yield piece[at:at + 100]


def check_sum(stream):
    """Of bytes, however they are cut in pieces."""
    value = 0
    for piece in stream:
        value = zlib.crc32(piece, value)
    return value


def compare_sorted(rival, volley, _tolerance, input_file):
    """Volley's records are those of the input, sorted, and the rival's are the same."""
    count, total, before = 0, 0, b""
    for record in records(volley):
        key = record[:10]
        if key < before:
            raise Disagreement(f"record {count} of {volley} is not in order")
        before = key
        count += 1
        total += zlib.crc32(record)
    if (count, total) != (Path(input_file).stat().st_size // 100, sum(map(zlib.crc32, records(Path(input_file))))):
        raise Disagreement(f"the records of {volley} are not those of {input_file}")
    if check_sum(pieces(rival)) != check_sum(pieces(volley)):
        raise Disagreement(f"{rival} and {volley} differ")
    return [f"{count} sorted records"]
