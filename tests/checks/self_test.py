#!/usr/bin/env python3
"""The checks find what they are for, and let pass what looks like it. Without this a check that
stopped working would pass for ever."""

import pathlib
import unittest

import api_table
import conformance
import layers
import links
import messages
import sizes
import snippets
import tree
import words


def function_of(lines, head="int f(int a)"):
    return head + " {\n" + "  a += 1;\n" * (lines - 2) + "}\n"


class Conformance(unittest.TestCase):
    def test_ids_are_found_in_names_of_tests_and_in_scripts(self):
        text = "TEST(Dag, DAG_001_AndMore) {}\nTEST(X, TSM_002_DAG_003_Both) {}"
        self.assertEqual(conformance.tests_in("a_test.cpp", text), {
            "DAG_001": {"Dag.DAG_001_AndMore"}, "TSM_002": {"X.TSM_002_DAG_003_Both"},
            "DAG_003": {"X.TSM_002_DAG_003_Both"}})
        self.assertEqual(conformance.tests_in("run.sh", "# FAIL_001"), {"FAIL_001": {"run.sh"}})

    def test_what_is_said_and_what_is_tested_must_agree(self):
        rows = [("AB_001", "c", "tested", ""), ("AB_002", "c", "open", "r")]
        self.assertEqual(conformance.judge(rows, {"AB_001": {"x"}}, {"AB"}), [])
        self.assertEqual(len(conformance.judge(rows, {}, {"AB"})), 1)
        both = {"AB_001": {"x"}, "AB_002": {"x"}}
        self.assertEqual(len(conformance.judge(rows, both, {"AB"})), 1)
        self.assertEqual(len(conformance.judge(rows[:1], both, {"AB"})), 1)

    def test_rows_have_a_status_and_a_reason_where_one_is_due(self):
        rows = ["AB_001\tc\ttested", "AB_002\tc\tno\tr", "AB_003\tc\tno", "AB_004\tc\tperhaps\tr"]
        good, wrong = conformance.read_list("x", "\n".join([conformance.HEADER, *rows]))
        self.assertEqual((len(good), len(wrong)), (2, 2))


class Sizes(unittest.TestCase):
    def names(self, text):
        return [name for name, _, _ in sizes.Scanner(text).scan().functions]

    def test_function_of_60_lines_passes_and_of_61_fails(self):
        self.assertEqual(sizes.check_text("a.cpp", function_of(60)), [])
        found = sizes.check_text("a.cpp", "namespace x {\n" + function_of(61) + "}\n")
        self.assertEqual(found, ["a.cpp:2: f has 61 lines, at most 60"])

    def test_file_of_501_lines_fails(self):
        self.assertEqual(sizes.check_text("a.hpp", "\n" * 500), [])
        self.assertIn("file of 501 lines", sizes.check_text("a.hpp", "\n" * 501)[0])

    def test_nesting_of_5_fails(self):
        nest = "void f() { if (a) { for (;;) { while (b) { do { %s } while (c); } } } }"
        self.assertEqual(sizes.check_text("a.cpp", nest % "x();"), [])
        found = sizes.check_text("a.cpp", nest % "if (d) { x(); }")
        self.assertEqual(found, ["a.cpp:1: f nests 5 deep, at most 4"])

    def test_else_if_and_braced_values_do_not_nest(self):
        text = ("void f() { if (a) { } else if (b) { } else { T x{{1, {2, {3, {4, {5}}}}}}; "
                "g({1}); } }")
        self.assertEqual(sizes.Scanner(text).scan().deepest, {("f", 1): (1, 1)})

    def test_lambda_nests_anew_but_counts_lines(self):
        text = "void f() { if (a) { g([&](int x) -> int { if (x) { h(); } }); } }"
        self.assertEqual({d for d, _ in sizes.Scanner(text).scan().deepest.values()}, {1})
        long = "void f() {\n  g([] {\n" + "    x();\n" * 60 + "  });\n}\n"
        self.assertIn("f has 64 lines", sizes.check_text("a.cpp", long)[0])

    def test_every_kind_of_function_is_found(self):
        text = '''
          template <class T, class = std::enable_if_t<(sizeof(T) > 1)>>
          struct alignas(64) A final : B<int(int)> {
            explicit A(int a) : a_{a}, b_(a), c_{} { go(); }
            ~A() noexcept(false) { go(); }
            bool operator()(int x) const override { return x; }
            auto operator<=>(const A&) const = default;
            int field = f({1, 2});
            std::array<int, 2> values{1, 2};
            template <class F> requires requires(F f) { f(); }
            auto call(F&& f) -> int { return f(); }
          };
          enum class E : std::uint8_t { a, b };
          template <class T> concept Callable = requires(T t) { { t() } -> std::same_as<int>; };
          const std::map<int, int> table = {{1, 2}};
          extern "C" { int volley_main(int x) { return x; } }
          std::vector<int> a::b::make(std::size_t n) { return std::vector<int>(n); }
          TEST(Suite, Case) { EXPECT_THROW({ f(); }, int); }
        '''
        expected = ["A", "~A", "operator()", "call", "volley_main", "a::b::make", "TEST"]
        self.assertEqual(self.names(text), expected)

    def test_comments_and_literals_hold_no_braces(self):
        text = ("void f() { /* { */ // {\n char c = '{'; s = \"{\\\"{\"; "
                "r = R\"x({)\"{)x\"; n = 1'000; }\n")
        self.assertEqual(self.names(text + "void g() {}\n"), ["f", "g"])


class Layers(unittest.TestCase):
    page = ("<!-- layers -->\n\n| a | b |\n| --- | --- |\n| `src/base` | |\n"
            "| `src/net` | `src/base` |\n| `io` | `src/base` |\n| `tests` | `*` |\n\nText\n"
            "<!-- foreign headers -->\n| a | b |\n|---|---|\n"
            "| `mpi.h` | `src/net` `tests/mpi` `src/base/one.hpp` |\n")

    def check(self, path, text):
        return layers.check_file(pathlib.Path(path), text, layers.parse_table(self.page, "layers"),
                                 layers.parse_table(self.page, "foreign headers"))

    def test_arrows_of_the_table_pass_and_others_fail(self):
        self.assertEqual(self.check("src/net/a.cpp", '#include "base/x.hpp"\n'), [])
        self.assertEqual(self.check("src/net/a.cpp", '#include "net/x.hpp"\n'), [])
        self.assertEqual(self.check("tests/net/a.cpp", '#include "io/x.hpp"\n'), [])
        found = self.check("src/base/a.cpp", '\n#  include "net/x.hpp"\n')
        self.assertIn("src/base/a.cpp:2: src/base must not include src/net", found[0])
        self.assertEqual(len(self.check("src/net/a.cpp", '#include "io/x.hpp"')), 1)

    def test_foreign_headers_only_where_allowed(self):
        self.assertEqual(self.check("src/net/a.cpp", "#include <mpi.h>"), [])
        self.assertEqual(self.check("tests/mpi/a.cpp", "#include <mpi.h>"), [])
        self.assertEqual(self.check("src/base/one.hpp", "#include <mpi.h>"), [])
        self.assertEqual(len(self.check("tests/net/a.cpp", "#include <mpi.h>")), 1)
        self.assertEqual(len(self.check("src/base/a.hpp", '#include "mpi.h"')), 1)

    def test_comments_do_not_count(self):
        self.assertEqual(self.check("src/base/a.cpp", '/*\n#include "net/x.hpp"\n*/\n'), [])

    def test_a_missing_table_and_a_new_directory_are_findings(self):
        with self.assertRaises(ValueError):
            layers.parse_table("no table", "layers")
        table = layers.parse_table(self.page, "layers")
        self.assertEqual(len(layers.unknown_directories([pathlib.Path("src/new/a.cpp")], table)), 1)


class Messages(unittest.TestCase):
    def test_only_names_of_the_section_must_exist(self):
        page = ("`NotThis`\n## One job, as messages\n`JobStarted` `GoneAway` `RM`\n"
                "## Next\n`NorThis`\n")
        found = messages.unknown_names(page, {"JobStarted"})
        self.assertEqual(found, ["docs/ARCHITECTURE.md: no message is called GoneAway"])
        self.assertEqual(len(messages.unknown_names("another page", set())), 1)


class Snippets(unittest.TestCase):
    def test_parts_are_found_joined_and_not_indented(self):
        text = "a\n  // [x]\n  if (b) {\n    c();\n  }\n  // [/x]\nd\n// [x]\ne\n// [/x]\n"
        self.assertEqual(snippets.parts_of("f", text), ({"x": "if (b) {\n  c();\n}\ne\n"}, []))

    def test_marks_out_of_place_are_found(self):
        for bad in ("// [x]", "// [/x]", "// [x]\n// [y]", "// [x]\n// [/y]\n// [/x]"):
            self.assertEqual(len(snippets.parts_of("f", bad)[1]) > 0, True, bad)

    def test_what_differs_or_is_unknown_is_found_and_filled_in(self):
        sources = {"f.cpp": {"x": "right\n"}}
        page = "<!-- snippet: f.cpp x -->\n```cpp\n%s```\n"
        self.assertEqual(snippets.check_page("p", page % "right\n", sources)[0], [])
        wrong, whole, shown = snippets.check_page("p", page % "left\n", sources)
        self.assertEqual((len(wrong), whole, shown), (1, page % "right\n", {("f.cpp", "x")}))
        self.assertEqual(len(snippets.check_page("p", page % "", {})[0]), 1)
        more = page % "right\n" + "\n```cpp\nint i;\n```\n```sh\nls\n```\n"
        self.assertEqual(len(snippets.check_page("p", more, sources)[0]), 1)


class Links(unittest.TestCase):
    def test_headings_become_anchors(self):
        text = "# A `b`, c-d\n```\n# no\n```\n## Spark → Volley\n"
        self.assertEqual(links.anchors_of(text), {"a-b-c-d", "spark--volley"})

    def test_links_and_paths_that_lead_nowhere_are_found(self):
        texts = {"a.md": "# Top\n[x](docs/b.md#in) [y](#top) `docs/b.md` `src/*.cpp` `tests/none/`",
                 "docs/b.md": "# In\n`a.md` `b.md` [z](../a.md) [w](https://a.b/c)"}
        names = {"a.md", "docs/b.md", "src/c.cpp"}
        self.assertEqual(links.check_pages(texts, names),
                         ["a.md:2: there is no tests/none/"])
        bad = {"a.md": "[x](c.md) [y](#none) `docs/none.md` `none.md`"}
        self.assertEqual(len(links.check_pages(bad, {"a.md", "docs/b.md"})), 4)
class ApiTable(unittest.TestCase):
    HEADER = ("class Rdd {\n public:\n  explicit Rdd(int x) : x_(x) {}\n"
              "  auto map(F f, Where where = Where::current()) const {\n    return then(f);\n  }\n"
              "  // --- for operations\n  int then(F f);\n private:\n  int own();\n};\n"
              "inline int free_one(int x) { return x; }\n")

    def check(self, *lines):
        page = "| Spark | Volley | Remark |\n| --- | --- | --- |\n" + "\n".join(lines) + "\n"
        return api_table.judge(page, {"include/volley/rdd.hpp": self.HEADER})[0]

    def test_names_are_compared_in_both_directions(self):
        self.assertEqual(self.check("| map | `Rdd::map` | |", "| f | `free_one` | |"), [])
        found = self.check("| filter | `Rdd::filter` | |")
        self.assertEqual(found, ["docs/api.md:3: Rdd::filter is not in the public headers",
                                 "docs/api.md: Rdd::map is in no row"])
        self.assertEqual(len(self.check("| a | `Rdd::map` | |", "| b | `Rdd::own` | |")), 1)

    def test_a_row_needs_a_name_or_a_reason(self):
        self.assertEqual(len(self.check("| a | `Rdd::map` | |", "| b | | |")), 1)
        self.assertEqual(self.check("| a | `Rdd::map` | |", "| b | | no |",
                                    "| c | `Rdd::soon` | being built |"), [])


class Words(unittest.TestCase):
    def test_absolute_places_are_found(self):
        for bad in ("cd /ho" "me/me", "x=/ro" "ot/x", '"/wo' 'rk/a"', "/t" "mp/volley.1",
                    "// TO" "DO"):
            self.assertEqual(len(words.check_text("a", bad)), 1, bad)

    def test_other_paths_pass(self):
        for good in ("/tmp", "net/work/x", "$HOME/x", "a/home/b", "framework", "/dev/shm", "=" * 8):
            self.assertEqual(words.check_text("a", good), [], good)


class Tree(unittest.TestCase):
    def test_it_has_files_and_lines_stay_in_place(self):
        self.assertIn(pathlib.Path("CMakeLists.txt"), tree.files())
        text = '/* a\n b */ "x" // y\nend'
        self.assertEqual(tree.without_comments(text).count("\n"), 2)
        self.assertNotIn("x", tree.without_comments(text))


if __name__ == "__main__":
    unittest.main()
