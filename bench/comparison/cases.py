"""What is compared: the jobs, their inputs, and which two programs do them."""

import subprocess
from dataclasses import dataclass

from comparison import agreement
from comparison.processes import OUTPUT

SEED = 42


@dataclass
class Input:
    """A file that volley_generate makes."""
    kind: str
    size: int
    seed: int = SEED
    keys: int | None = None

    def settings(self):
        return [str(value) for value in (self.size, self.seed, self.keys) if value is not None]

    def make(self, generator, directory):
        """Its path; it is generated when it is not there from an earlier comparison."""
        path = directory / "-".join([self.kind, *self.settings()])
        if not path.exists():
            print(f"generating {path}", flush=True)
            unfinished = path.with_name(path.name + ".unfinished")
            subprocess.run([generator, self.kind, unfinished, *self.settings()], check=True)
            unfinished.rename(path)
        return path


@dataclass
class Case:
    name: str
    what: str  # the input, for the reader of the table
    arguments: list  # of both programs; an Input stands for its file
    rival: str
    application: str  # from the build directory
    compare_output: object = None

    def inputs(self):
        return [argument for argument in self.arguments if isinstance(argument, Input)]


@dataclass
class Sizes:
    text: int = 500_000_000  # bytes
    records: int = 5_000_000
    edges: int = 8_000_000
    iterations: int = 10
    points: int = 1_000_000
    pairs: int = 50_000_000
    keys: int = 1_000_000
    left: int = 20_000_000
    right: int = 2_000_000


SMALL = Sizes(text=200_000, records=20_000, edges=20_000, iterations=3, points=5_000, pairs=200_000, keys=5_000,
              left=20_000, right=5_000)


def all_cases(sizes):
    """In the order of the table."""
    edges, points = Input("graph", sizes.edges), Input("points", sizes.points)
    left = Input("pairs", sizes.left, SEED, sizes.right)
    right = Input("pairs", sizes.right, SEED + 1, sizes.right)
    skewed = Input("skewed", sizes.left, SEED, sizes.right)
    clusters = [8, 16, sizes.iterations]
    return [
        Case("word_count", f"{sizes.text} bytes of text", [Input("text", sizes.text), OUTPUT],
             "rival_word_count", "apps/word_count", agreement.compare_pairs),
        Case("terasort", f"{sizes.records} records", [Input("records", sizes.records), OUTPUT],
             "rival_terasort", "bench/terasort", agreement.compare_sorted),
        Case("sum_by_key", f"{sizes.pairs} pairs, {sizes.keys} keys", [sizes.pairs, sizes.keys],
             "rival_sum_by_key", "bench/sum_by_key"),
        Case("sum_by_key_file", f"{sizes.left} pairs, {sizes.right} keys", [left, sizes.right],
             "rival_sum_by_key", "bench/sum_by_key"),
        Case("sum_by_skewed_key", f"{sizes.left} pairs, {sizes.right} keys, exponent 1.2", [skewed, sizes.right],
             "rival_sum_by_key", "bench/sum_by_key"),
        Case("join", f"{sizes.left} and {sizes.right} pairs", [left, right], "rival_join", "bench/join"),
        Case("page_rank", f"{sizes.edges} edges, {sizes.iterations} iterations", [edges, sizes.iterations, OUTPUT],
             "rival_page_rank", "bench/page_rank_of_numbers", agreement.compare_pairs),
        Case("k_means", f"{sizes.points} points, {sizes.iterations} iterations", [sizes.points, *clusters],
             "rival_k_means", "bench/k_means"),
        Case("k_means_file", f"{sizes.points} points, {sizes.iterations} iterations", [points, *clusters],
             "rival_k_means", "bench/k_means"),
    ]
