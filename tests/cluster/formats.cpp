// Files of other formats: compressed text, whole files, records of a length, object files; and what
// may be left out.

#include "check.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>

namespace cluster_test {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

void write(const std::string& path, std::string_view text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}
void damage(const std::string& path, std::uintmax_t at) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(at));
  file.put('\x5a');
  file.put('\x5a');
}

void check_compressed(volley::Context& context, Checks& checks) {
  const auto lines =
      context.range(0, 20000, 1, 3).map([](std::int64_t i) { return "line " + std::to_string(i); });
  for (const auto& [codec, ending] :
       {std::pair{"gzip", ".gz"}, {"zstd", ".zst"}, {"lz4", ".lz4"}}) {
    const std::string directory = checks.path(std::string("text_") + codec);
    lines.save_as_text_file(directory, codec);
    checks.holds("compressed text: names", fs::exists(directory + "/part-00002" + ending));
    checks.holds("compressed text: smaller",
                 fs::file_size(directory + "/part-00002" + ending) < std::uintmax_t{60000});
    const auto back = context.text_file(directory, 1);
    checks.equal("compressed text: a partition each", back.num_partitions(), 3U);
    checks.holds("compressed text: the same lines", back.collect() == lines.collect());
  }
  checks.throws<volley::InvalidArgument>("an unknown codec", "gzip, zstd or lz4", [&] {
    lines.save_as_text_file(checks.path("snappy"), "snappy");
  });
}

void check_whole_files(volley::Context& context, Checks& checks) {
  std::vector<std::pair<std::string, std::string>> expected;
  for (int i = 0; i < 8; ++i) {
    const std::string path = checks.path("small/file" + std::to_string(i));
    expected.emplace_back(path, "content of\n" + std::to_string(i));
    write(path, expected.back().second);
  }
  for (const std::uint32_t n : {1U, 2U, 8U}) {
    const auto files = context.binary_files(checks.path("small"), n);
    checks.equal("FILE_007 partitions", files.num_partitions(), n);
    checks.equal("FILE_007 contents", files.collect(), expected);
  }
  const auto text = context.whole_text_files(checks.path("small/file[0-3]"));
  checks.equal("whole files: a glob", text.count(), 4);
  context.parallelize({"packed"}, 1).save_as_text_file(checks.path("whole_gz"), "gzip");
  checks.equal("whole files: decompressed",
               context.whole_text_files(checks.path("whole_gz")).values().collect(),
               Lines{"packed\n"});
  const auto raw = context.binary_files(checks.path("whole_gz")).values().collect();
  checks.equal("whole files: as they are", raw.at(0).substr(0, 2), std::string("\x1f\x8b"));
}

void check_records_of_a_length(volley::Context& context, Checks& checks) {
  std::string bytes;
  Lines expected;
  for (int i = 100; i < 1000; ++i) {
    expected.push_back("r" + std::to_string(i));
    bytes += expected.back();
  }
  write(checks.path("records"), bytes);
  for (const std::uint32_t n : {1U, 7U}) {
    const auto records = context.binary_records(checks.path("records"), 4, n);
    checks.holds("records of a length: partitions", records.num_partitions() >= n);
    checks.equal("records of a length", records.collect(), expected);
    checks.equal("records of a length: filtered",
                 records.filter([](std::string_view r) { return r.ends_with("99"); }).collect(),
                 Lines{"r199", "r299", "r399", "r499", "r599", "r699", "r799", "r899", "r999"});
  }
  checks.throws<volley::IoError>("records of a wrong length", "no multiple of the record size 7",
                                 [&] { context.binary_records(checks.path("records"), 7); });
}

void check_objects(volley::Context& context, Checks& checks) {
  const auto pairs = context.range(1, 101, 1, 3).map([](std::int64_t i) {
    return std::pair{i, std::string(static_cast<std::size_t>(i), 'a')};
  });
  for (const char* codec : {"", "gzip", "zstd", "lz4"}) {
    const std::string directory = checks.path(std::string("objects_") + codec);
    pairs.save_as_object_file(directory, codec);
    using Pair = std::pair<std::int64_t, std::string>;
    const auto back = context.object_file<Pair>(directory);
    checks.equal("FILE_004 a partition for each part", back.num_partitions(), 3U);
    checks.equal("FILE_004 the same records", back.collect(), pairs.collect());
  }
  using Nested = std::pair<std::optional<int>, std::vector<std::string>>;
  const std::vector<Nested> nested{{1, {"a", ""}}, {std::nullopt, {}}};
  context.parallelize(nested, 2).save_as_object_file(checks.path("nested"));
  checks.equal("objects of any type", context.object_file<Nested>(checks.path("nested")).collect(),
               nested);
  const std::string part = checks.path("objects_zstd/part-00001");
  checks.throws<volley::JobFailed>("objects of another type", "it holds objects of type", [&] {
    context.object_file<double>(checks.path("objects_zstd")).count();
  });
  damage(part, fs::file_size(part) - 60);
  const auto damaged = [&](const std::string& path) {
    context.object_file<std::pair<std::int64_t, std::string>>(path).count();
  };
  checks.throws<volley::JobFailed>("damaged objects", "objects_zstd/part-00001",
                                   [&] { damaged(checks.path("objects_zstd")); });
  fs::resize_file(checks.path("objects_/part-00000"), 200);
  checks.throws<volley::JobFailed>("truncated objects", "truncated",
                                   [&] { damaged(checks.path("objects_")); });
  checks.throws<volley::IoError>("FILE_014", "already exists",
                                 [&] { pairs.save_as_object_file(checks.path("nested")); });
}

void check_what_may_be_left_out(volley::Context& context, Checks& checks) {
  const bool ignores = context.configuration("volley.files.ignoreCorruptFiles") == "true";
  const auto lines =
      context.range(0, 1000, 1, 2).map([](std::int64_t i) { return std::to_string(i * i * i); });
  lines.save_as_text_file(checks.path("cut"), "gzip");
  const std::string part = checks.path("cut/part-00001.gz");
  fs::resize_file(part, fs::file_size(part) / 2);
  const auto corrupt = context.text_file(checks.path("cut"), 1);
  write(checks.path("gone/a"), "a\n");
  write(checks.path("gone/b"), "b\n");
  const auto missing = context.text_file(checks.path("gone"), 2);
  const auto files = context.whole_text_files(checks.path("gone"), 2);
  fs::remove(checks.path("gone/a"));
  if (ignores) {
    const auto left = corrupt.count();
    checks.holds("a corrupt file ends where it is damaged", left >= 500 && left < 1000);
    checks.equal("a missing file has no lines", missing.collect(), Lines{"b"});
    checks.equal("a missing file is no file", files.values().collect(), Lines{"b\n"});
  } else {
    checks.throws<volley::JobFailed>("a corrupt file", "part-00001.gz", [&] { corrupt.count(); });
    checks.throws<volley::JobFailed>("a missing file", "gone/a", [&] { missing.count(); });
    checks.throws<volley::JobFailed>("a missing whole file", "gone/a", [&] { files.count(); });
  }
}

void check_caching(volley::Context& context, Checks& checks) {
  write(checks.path("three"), "one\ntwo\nthree\n");
  const auto cached = context.text_file(checks.path("three"), 2).cache();
  for (int i = 0; i < 3; ++i) checks.equal("FILE_009", cached.count(), 3);
  context.cancel_job_group("nobody knows this one");
  checks.equal("CTX_006", cached.count(), 3);
}

}  // namespace

void check_formats(volley::Context& context, Checks& checks) {
  check_compressed(context, checks);
  check_whole_files(context, checks);
  check_records_of_a_length(context, checks);
  if (context.configuration("volley.files.ignoreCorruptFiles") == "false") {
    check_objects(context, checks);
  }
  check_what_may_be_left_out(context, checks);
  check_caching(context, checks);
}

}  // namespace cluster_test
