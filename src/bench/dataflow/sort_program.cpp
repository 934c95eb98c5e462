// volley bench sort: records of 100 bytes with keys of 10, made and kept in the executors' memory
// before anything is timed; then sorted over all partitions.
#include "bench/dataflow/printer.hpp"
#include "bench/shuffle_records.hpp"

#include <volley/volley.hpp>

#include <array>
#include <chrono>
#include <cstring>
#include <functional>

namespace volley::bench {
namespace {

using Key = std::array<unsigned char, 10>;
using Payload = std::array<unsigned char, 90>;
using SortRecord = std::pair<Key, Payload>;
static_assert(sizeof(SortRecord) == 100);

SortRecord sort_record(std::uint64_t index, std::uint64_t seed) {
  const auto [key, place] = shuffle_record(index, seed);
  SortRecord record;
  std::memcpy(record.first.data(), &key, sizeof(key));
  record.first[8] = static_cast<unsigned char>(index);
  record.first[9] = static_cast<unsigned char>(index >> 8U);
  for (std::size_t at = 0; at + sizeof(place) <= record.second.size(); at += sizeof(place)) {
    std::memcpy(record.second.data() + at, &place, sizeof(place));
  }
  record.second[88] = record.second[89] = 0;
  return record;
}

/// Added up over all records, whatever their order.
std::uint64_t checksum_of(const SortRecord& record) {
  std::uint64_t key = 0;
  std::uint64_t last = 0;
  std::memcpy(&key, record.first.data(), sizeof(key));
  std::memcpy(&last, record.second.data() + 80, sizeof(last));
  return checksum({key, last + record.first[8] + record.first[9]});
}

struct MakeSortRecords {
  std::uint64_t records = 0;
  std::uint64_t seed = 0;
  std::uint32_t maps = 1;

  template <class Emit>
  void operator()(std::int64_t map, Emit&& emit) const {
    const auto share = static_cast<std::uint64_t>(map);
    const std::uint64_t end = share_begin(records, share + 1, maps);
    for (std::uint64_t index = share_begin(records, share, maps); index < end; ++index) {
      emit(sort_record(index, seed));
    }
  }
};

struct Sorted {
  std::uint64_t records = 0;
  std::uint64_t sum = 0;
  std::uint64_t inversions = 0;
  Key first{};
  Key last{};
};

struct CheckOrder {
  template <class Records>
  std::vector<Sorted> operator()(Records& records) const {
    Sorted seen;
    records.for_each([&](const SortRecord& record) {
      if (seen.records == 0) seen.first = record.first;
      if (seen.records != 0 && record.first < seen.last) ++seen.inversions;
      seen.last = record.first;
      seen.sum += checksum_of(record);
      ++seen.records;
    });
    return {seen};
  }
};

/// What is wrong with a sorted result; empty when it is as it must be.
std::string find_fault(const std::vector<Sorted>& partitions, const MakeSortRecords& made) {
  std::uint64_t expected = 0;
  for (std::uint64_t index = 0; index < made.records; ++index) {
    expected += checksum_of(sort_record(index, made.seed));
  }
  std::uint64_t found = 0;
  const Sorted* before = nullptr;
  for (const Sorted& part : partitions) {
    if (part.inversions != 0) return "a partition is not in order";
    if (part.records == 0) continue;
    if (before != nullptr && part.first < before->last) return "partitions are not in order";
    before = &part;
    found += part.sum;
  }
  return found == expected ? "" : "the sorted records are not those that were made";
}

}  // namespace

int sort_program(Context& context, const std::vector<std::string>& arguments) {
  using Clock = std::chrono::steady_clock;
  Printer printer(arguments);
  const Options& options = printer.options();
  const std::uint32_t tasks = context.default_parallelism();
  for (const std::uint64_t bytes : sizes_of(options)) {
    const MakeSortRecords make{bytes / sizeof(SortRecord), options.seed, tasks};
    const Rdd<SortRecord> records =
        context.range(0, tasks, 1, tasks).flat_map<SortRecord>(make).cache();
    records.count();
    const std::uint64_t warm_up = warm_up_of(options, bytes);
    std::vector<double> seconds;
    for (std::uint64_t i = 0; i < warm_up + iterations_of(options, bytes); ++i) {
      const auto start = Clock::now();
      const auto sorted = records.sort_by_key();
      const std::vector<Sorted> seen =
          options.validate ? sorted.map_partitions(CheckOrder{}).collect() : std::vector<Sorted>{};
      const bool lost =
          !options.validate && sorted.count() != static_cast<std::int64_t>(make.records);
      const std::chrono::duration<double> time = Clock::now() - start;
      const std::string fault = lost               ? "records were lost"
                                : options.validate ? find_fault(seen, make)
                                                   : "";
      if (!fault.empty()) return Printer::complain_of_contents(fault);
      if (i >= warm_up) seconds.push_back(time.count());
    }
    records.unpersist();
    printer.add("sort", "sort_by_key", bytes, std::move(seconds));
  }
  return printer.finish();
}

}  // namespace volley::bench
