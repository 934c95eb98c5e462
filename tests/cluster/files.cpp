// text_file and save_as_text_file: which files, which lines, what is written.

#include "check.hpp"

#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <functional>

namespace cluster_test {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

void write(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}
void write_gz(const std::string& path, const std::string& text) {
  gzFile file = ::gzopen(path.c_str(), "wb");
  ::gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  ::gzclose(file);
}
std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void check_lines(volley::Context& context, Checks& checks) {
  const auto lines_of = [&](const std::string& text) {
    write(checks.path("text"), text);
    return context.text_file(checks.path("text"), 3).collect();
  };
  checks.equal("line ends: LF", lines_of("a\nb\n"), Lines{"a", "b"});
  checks.equal("line ends: CRLF", lines_of("a\r\nb\r\n"), Lines{"a", "b"});
  checks.equal("line ends: none at the end", lines_of("a\nb"), Lines{"a", "b"});
  checks.equal("empty lines", lines_of("\n\na\n\n"), Lines{"", "", "a", ""});
  checks.equal("an empty file", lines_of(""), Lines{});
  checks.equal("one line", lines_of("only"), Lines{"only"});
  std::string text;
  Lines expected;
  for (int i = 0; i < 5000; ++i) {
    expected.push_back(std::string(static_cast<std::size_t>(i * 7 % 90), 'x') + std::to_string(i));
    text += expected.back() + '\n';
  }
  write(checks.path("long"), text);
  for (const std::uint32_t n : {1U, 2U, 13U}) {
    const auto lines = context.text_file(checks.path("long"), n);
    checks.holds("at least the asked partitions", lines.num_partitions() >= n);
    checks.equal("every line once, in order", lines.collect(), expected);
  }
  write_gz(checks.path("long.gz"), text);
  const auto packed = context.text_file(checks.path("long.gz"), 5);
  checks.equal("a .gz file is one partition", packed.num_partitions(), 1U);
  checks.equal("the lines of a .gz file", packed.collect(), expected);
  const auto counts = packed.map([](std::string_view line) {
                              return std::pair{line, 1};
                            })
                          .reduce_by_key(std::plus<>{}, 3);
  checks.equal("keys that view a .gz file", counts.count(), 5000);
}

void check_paths(volley::Context& context, Checks& checks) {
  fs::create_directories(checks.path("many"));
  write(checks.path("many/a.txt"), "a\n");
  write(checks.path("many/b.txt"), "b1\nb2\n");
  write(checks.path("many/c.log"), "c\n");
  write(checks.path("many/_hidden"), "hidden\n");
  write_gz(checks.path("many/d.txt.gz"), "d\n");
  const auto of = [&](const std::string& paths) {
    return sorted(context.text_file(paths, 1).collect());
  };
  checks.equal("a directory", of(checks.path("many")), Lines{"a", "b1", "b2", "c", "d"});
  checks.equal("a glob", of(checks.path("many/*.txt")), Lines{"a", "b1", "b2"});
  checks.equal("a list", of(checks.path("many/a.txt") + "," + checks.path("many/c.log")),
               Lines{"a", "c"});
  checks.equal("a list of a glob and a file",
               of(checks.path("many/[ab].txt") + "," + checks.path("many/d.txt.gz")),
               Lines{"a", "b1", "b2", "d"});
  checks.throws<volley::IoError>("a missing file", "missing",
                                 [&] { context.text_file(checks.path("missing")); });

  fs::create_directories(checks.path("empty"));
  const auto nothing = context.text_file(checks.path("empty"));
  checks.equal("PAIR_026 partitions", nothing.num_partitions(), 0U);
  checks.equal("PAIR_026 collect", nothing.collect(), Lines{});
  auto pairs = nothing.map([](std::string_view line) { return std::pair{line, 1}; });
  checks.equal("PAIR_026 reduce_by_key", pairs.reduce_by_key(std::plus<>{}).count(), 0);
  checks.equal("PAIR_026 sort_by_key", pairs.sort_by_key().count(), 0);
  checks.equal("PAIR_026 join", pairs.join(pairs).count(), 0);
  checks.holds("PAIR_026 is_empty", nothing.is_empty());
  nothing.save_as_text_file(checks.path("nothing"));
  checks.holds("an output of no partitions", fs::exists(checks.path("nothing/_SUCCESS")));
}

void check_saving(volley::Context& context, Checks& checks) {
  const std::string directory = checks.path("deep/saved");
  context.parallelize(numbers(1, 10), 3).save_as_text_file(directory);
  checks.equal("part 0", read(directory + "/part-00000"), "1\n2\n3\n");
  checks.equal("part 2", read(directory + "/part-00002"), "7\n8\n9\n10\n");
  checks.holds("_SUCCESS", fs::exists(directory + "/_SUCCESS"));
  checks.equal("nothing else", std::distance(fs::directory_iterator(directory), {}), 4);
  checks.equal("read back", context.text_file(directory, 1).collect(),
               Lines{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"});
  context.parallelize({5}, 1).save_as_text_file("file://" + checks.path("by_url"));
  checks.equal("a file URL", read(checks.path("by_url/part-00000")), "5\n");
  checks.throws<volley::IoError>("another file system", "only files can be read and written", [&] {
    context.parallelize({5}, 1).save_as_text_file("hdfs://host/output");
  });
  checks.throws<volley::IoError>("FILE-14", "exists",
                                 [&] { context.parallelize({1}, 1).save_as_text_file(directory); });
  const auto saved = [&](const char* name, const auto& rdd) {
    rdd.save_as_text_file(checks.path(name));
    return read(checks.path(name) + "/part-00000");
  };
  checks.equal("pairs", saved("pairs", context.parallelize(std::vector{std::pair{"a b", 1.5}}, 1)),
               "(a b,1.5)\n");
  checks.equal("lists",
               saved("lists", context.parallelize(std::vector<std::vector<int>>{{1, 2}}, 1)),
               "[1, 2]\n");
  checks.equal("empty lines", saved("blank", context.parallelize({"", "x"}, 1)), "\nx\n");
  const auto failing = context.parallelize(numbers(1, 4), 2).map([](int x) {
    if (x == 4) throw std::runtime_error("no four");
    return x;
  });
  checks.throws<volley::JobFailed>("a failed save", "no four",
                                   [&] { failing.save_as_text_file(checks.path("half")); });
  checks.holds("a failed save leaves no _SUCCESS", !fs::exists(checks.path("half/_SUCCESS")));
}

}  // namespace

void check_files(volley::Context& context, Checks& checks) {
  check_lines(context, checks);
  check_paths(context, checks);
  check_saving(context, checks);
}

}  // namespace cluster_test
