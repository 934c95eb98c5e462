// hdf5_dataset and save_as_hdf5: what is written is read, whole chunks, other readers, errors.

#include "check.hpp"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>

namespace cluster_test {
namespace {

namespace fs = std::filesystem;

struct Star {
  std::int32_t id = 0;
  double brightness = 0;
  std::array<float, 2> place{};
  bool seen = false;
  bool operator==(const Star&) const = default;
};

Star star(std::int64_t i) {
  Star made;
  made.id = static_cast<std::int32_t>(i);
  made.brightness = static_cast<double>(i) / 4;
  made.place = {static_cast<float>(i % 100), -1.F};
  made.seen = i % 2 == 0;
  return made;
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  return sorted(names);
}

void check_round_trip(volley::Context& context, Checks& checks, int gzip) {
  const std::string path = checks.path(gzip == 0 ? "plain/all.h5" : "packed/all.h5");
  const auto numbers = context.range(0, 100000, 1, 7).map([](std::int64_t i) { return i * 3; });
  volley::Hdf5WriteOptions options;
  options.chunk_rows = 1024;
  options.gzip = gzip;
  options.attributes = {{"unit", std::string("m")}};
  numbers.save_as_hdf5(path, "/group/numbers", options);
  checks.equal("hdf5: nothing else is left", names_in(fs::path(path).parent_path()),
               std::vector<std::string>{"all.h5"});
  checks.equal("hdf5: not persisted any more",
               numbers.storage_level() == volley::StorageLevel::none, true);

  const auto info = volley::hdf5_dataset_info(path, "/group/numbers");
  checks.equal("hdf5: type and shape", info.text(), std::string("int64 [100000]"));
  checks.equal("hdf5: chunks", info.chunk, std::vector<std::uint64_t>{1024});
  checks.equal("hdf5: datasets", volley::hdf5_datasets(path).size(), std::size_t{1});
  checks.holds("hdf5: attributes",
               volley::hdf5_attributes(path, "/group/numbers") == options.attributes);
  for (const std::uint32_t n : {1U, 5U}) {
    const auto read =
        context.hdf5_dataset<std::int64_t>(path, "/group/numbers", {.min_partitions = n});
    checks.holds("hdf5: at least the asked partitions", read.num_partitions() >= n);
    checks.holds("hdf5: the same records in order", read.collect() == numbers.collect());
    for (const std::size_t rows : partition_sizes(read.filter([](std::int64_t) { return true; }))) {
      const bool whole = rows % 1024 == 0 || rows % 1024 == 100000 % 1024;
      checks.holds("hdf5: partitions of whole chunks", whole);
    }
  }
}

void check_rows(volley::Context& context, Checks& checks) {
  const auto arrays = context.range(0, 1000, 1, 3).map([](std::int64_t i) {
    return std::array<float, 3>{static_cast<float>(i), 1.F, 2.F};
  });
  arrays.save_as_hdf5(checks.path("arrays.h5"), "places", {.chunk_rows = 100, .keep = false});
  checks.equal("hdf5: arrays are columns",
               volley::hdf5_dataset_info(checks.path("arrays.h5"), "places").text(),
               std::string("float32 [1000, 3]"));
  using Row = std::array<float, 3>;
  checks.holds(
      "hdf5: arrays",
      context.hdf5_dataset<Row>(checks.path("arrays.h5"), "places").collect() == arrays.collect());
  const auto lists = context.hdf5_dataset<std::vector<double>>(checks.path("arrays.h5"), "places");
  checks.equal("hdf5: rows as vectors, converted", lists.take(2),
               std::vector<std::vector<double>>{{0, 1, 2}, {1, 1, 2}});
  checks.equal("hdf5: filtered rows",
               lists.filter([](const auto& row) { return row[0] > 990; })
                   .map([](const auto& row) { return row.size(); })
                   .collect(),
               std::vector<std::size_t>(9, 3));
  lists.save_as_hdf5(checks.path("lists.h5"), "places", {.gzip = 1});
  checks.holds(
      "hdf5: vectors",
      context.hdf5_dataset<std::vector<double>>(checks.path("lists.h5"), "places").collect() ==
          lists.collect());
  const auto uneven = context.parallelize(std::vector<std::vector<int>>{{1, 2}, {3}}, 2);
  checks.throws<volley::InvalidArgument>(
      "hdf5: rows of different lengths", "there are rows of 2 and of 1 values",
      [&] { uneven.save_as_hdf5(checks.path("uneven.h5"), "x"); });
  checks.holds("hdf5: a refused save leaves nothing", !fs::exists(checks.path("uneven.h5")));

  const auto stars = context.range(0, 500, 1, 4).map(star);
  const std::vector<std::string> members{"id", "brightness", "place", "seen"};
  stars.save_as_hdf5(checks.path("stars.h5"), "stars", {.members = members, .gzip = 4});
  checks.holds(
      "hdf5: structs",
      context.hdf5_dataset<Star>(checks.path("stars.h5"), "stars").collect() == stars.collect());
  using Pair = std::pair<double, std::int64_t>;
  const auto pairs = context.hdf5_dataset<Pair>(checks.path("stars.h5"), "stars",
                                                {.members = {"brightness", "id"}});
  checks.equal("hdf5: some members by name", pairs.lookup(2.5), std::vector<std::int64_t>{10});
  context.parallelize(std::vector<double>{}, 3).save_as_hdf5(checks.path("none.h5"), "x");
  checks.equal("hdf5: no rows", context.hdf5_dataset<double>(checks.path("none.h5"), "x").count(),
               0);
}

/// How often this was called with one path, on all executors.
std::uintmax_t calls_with(const std::string& path) {
  std::ofstream(path, std::ios::app) << '.' << std::flush;
  return fs::file_size(path);
}

/// Fails in the second computation, the one that writes, and only there.
struct FailsOnce {
  std::string mark;
  std::int64_t operator()(std::int64_t i) const {
    if (i == 19000 && calls_with(mark) == 2) throw std::runtime_error("once");
    return i;
  }
};
/// Keeps a record the first time only.
struct ChangesItsMind {
  std::string mark;
  bool operator()(std::int64_t i) const { return i != 3 || calls_with(mark) == 1; }
};

void check_repeated_tasks(volley::Context& context, Checks& checks) {
  const auto failing = context.range(0, 40000, 1, 4).map(FailsOnce{checks.path("once")});
  failing.save_as_hdf5(checks.path("once.h5"), "x", {.chunk_rows = 3000, .keep = false});
  checks.equal("hdf5: a task failed while it wrote", fs::file_size(checks.path("once")),
               std::uintmax_t{3});
  checks.holds("hdf5: what it wrote was written again",
               context.hdf5_dataset<std::int64_t>(checks.path("once.h5"), "x").collect() ==
                   context.range(0, 40000).collect());
  const auto moody = context.range(0, 10, 1, 1).filter(ChangesItsMind{checks.path("mind")});
  checks.throws<volley::JobFailed>(
      "hdf5: records that differ from run to run", "has 9 rows, and had 10",
      [&] { moody.save_as_hdf5(checks.path("mind.h5"), "x", {.keep = false}); });
  checks.holds("hdf5: they leave nothing", !fs::exists(checks.path("mind.h5")));
}

void check_errors(volley::Context& context, Checks& checks) {
  const std::string path = checks.path("plain/all.h5");
  const auto read = [&](const std::string& file, const std::string& dataset) {
    return [&context, file, dataset] { context.hdf5_dataset<double>(file, dataset); };
  };
  checks.throws<volley::IoError>("hdf5: a wrong type",
                                 "cannot read dataset /group/numbers of HDF5 file " + path +
                                     " as float64 [n]: it is int64 [100000]",
                                 read(path, "/group/numbers"));
  checks.throws<volley::IoError>("hdf5: a missing dataset",
                                 "has no dataset /nothing: it holds /group/numbers",
                                 read(path, "/nothing"));
  checks.throws<volley::IoError>("hdf5: a missing file", "missing.h5",
                                 read(checks.path("missing.h5"), "x"));
  fs::copy_file(path, checks.path("cut.h5"));
  fs::resize_file(checks.path("cut.h5"), fs::file_size(path) / 2);
  checks.throws<volley::IoError>("hdf5: a truncated file", "truncated",
                                 read(checks.path("cut.h5"), "/group/numbers"));
  const auto one = context.parallelize({1, 2}, 2);
  checks.throws<volley::IoError>("hdf5: an existing file", "already exists",
                                 [&] { one.save_as_hdf5(path, "x"); });
  const auto failing = one.map([](int x) {
    if (x == 2) throw std::runtime_error("no two");
    return x;
  });
  fs::create_directories(checks.path("half"));
  checks.throws<volley::JobFailed>("hdf5: a failed save", "no two",
                                   [&] { failing.save_as_hdf5(checks.path("half/a.h5"), "x"); });
  checks.holds("hdf5: a failed save leaves nothing", names_in(checks.path("half")).empty());
  checks.throws<volley::InvalidArgument>("hdf5: too much gzip", "gzip is 0 to 9", [&] {
    one.save_as_hdf5(checks.path("half/b.h5"), "x", {.gzip = 10});
  });
}

/// The first attempt at a partition ends with its executor, while it is counted and while it is
/// written.
void check_lost_executors(volley::Context& context, Checks& checks) {
  if (context.configuration("volley.isolation") == "none") return;
  const std::string path = checks.path("killed/all.h5");
  const auto numbers = context.range(0, 50000, 1, 5).map([](std::int64_t i) { return i * 3; });
  numbers
      .map([](std::int64_t i) {
        if (i == 60000 && volley::TaskContext::get().attempt_number() == 0) {
          ::kill(::getpid(), SIGKILL);
        }
        return i;
      })
      .save_as_hdf5(path, "numbers", {.chunk_rows = 512, .keep = false});
  checks.holds("hdf5: executors lost while it is written",
               context.hdf5_dataset<std::int64_t>(path, "numbers").collect() == numbers.collect());
  checks.equal("hdf5: they leave nothing", names_in(fs::path(path).parent_path()),
               std::vector<std::string>{"all.h5"});
}

}  // namespace

void check_hdf5(volley::Context& context, Checks& checks) {
  check_round_trip(context, checks, 0);
  check_round_trip(context, checks, 6);
  check_rows(context, checks);
  check_errors(context, checks);
  check_repeated_tasks(context, checks);
  check_lost_executors(context, checks);
}

}  // namespace cluster_test
