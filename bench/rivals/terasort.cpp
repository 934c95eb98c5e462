// rival_terasort INPUT OUTPUT: sorts records of 100 bytes by their first 10. Sample sort: every
// rank sends each record to the rank whose range of keys holds it, sorts 16-byte entries (key
// prefix, place) instead of records, and writes OUTPUT/part-<rank>. Equal keys keep their order.

#include "common.hpp"

#include <bit>
#include <cstdio>
#include <tuple>

namespace {

struct Record {
  std::array<char, 100> bytes;
};

/// The first 10 bytes as numbers that compare like them.
struct Key {
  std::uint64_t high = 0;
  std::uint16_t low = 0;
  auto operator<=>(const Key&) const = default;
};

Key key_of(const Record& record) {
  Key key;
  std::memcpy(&key.high, record.bytes.data(), sizeof key.high);
  std::memcpy(&key.low, record.bytes.data() + sizeof key.high, sizeof key.low);
  return {__builtin_bswap64(key.high), __builtin_bswap16(key.low)};
}

/// The upper bounds of all ranks' ranges but the last, from evenly spaced samples of all shares.
std::vector<Key> range_bounds(std::span<const Record> records, int ranks) {
  constexpr std::size_t samples = 4096;
  std::vector<Key> own(samples, Key{~std::uint64_t{0}, 0xffff});
  for (std::size_t i = 0; i < samples && !records.empty(); ++i) {
    own[i] = key_of(records[i * records.size() / samples]);
  }
  std::vector<Key> all(samples * static_cast<std::size_t>(ranks));
  constexpr int bytes = samples * sizeof(Key);
  MPI_Allgather(own.data(), bytes, MPI_BYTE, all.data(), bytes, MPI_BYTE, MPI_COMM_WORLD);
  std::sort(all.begin(), all.end());
  std::vector<Key> bounds;
  for (std::size_t at = samples; at < all.size(); at += samples) bounds.push_back(all[at]);
  return bounds;
}

struct Entry {
  std::uint64_t high = 0;
  std::uint32_t at = 0;
  std::uint16_t low = 0;
  bool operator<(const Entry& other) const {
    if (high != other.high) return high < other.high;
    return std::tie(low, at) < std::tie(other.low, other.at);
  }
};

/// One pass by the leading bits between the smallest and the largest key, so that std::sort works
/// in the cache.
rival::Buffer<Entry> sorted_entries(const rival::Buffer<Record>& records) {
  constexpr unsigned bits = 14;
  std::uint64_t smallest = ~std::uint64_t{0};
  std::uint64_t largest = 0;
  for (const Record& record : records) {
    const std::uint64_t high = key_of(record).high;
    smallest = std::min(smallest, high);
    largest = std::max(largest, high);
  }
  const auto width =
      static_cast<unsigned>(records.size() == 0 ? 0 : std::bit_width(largest - smallest));
  const unsigned shift = width > bits ? width - bits : 0;
  const auto bucket = [&](std::uint64_t high) { return (high - smallest) >> shift; };
  std::vector<std::size_t> start((std::size_t{1} << bits) + 1);
  for (const Record& record : records) ++start[bucket(key_of(record).high) + 1];
  std::partial_sum(start.begin(), start.end(), start.begin());
  rival::Buffer<Entry> entries(records.size());
  std::vector<std::size_t> at = start;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Key key = key_of(records[i]);
    entries[at[bucket(key.high)]++] = {key.high, static_cast<std::uint32_t>(i), key.low};
  }
  for (std::size_t i = 0; i + 1 < start.size(); ++i) {
    std::sort(entries.begin() + start[i], entries.begin() + start[i + 1]);
  }
  return entries;
}

void write_sorted(const rival::Buffer<Record>& records, const std::string& path) {
  constexpr std::size_t ahead = 16;
  constexpr std::size_t piece = 10000;
  const rival::Buffer<Entry> entries = sorted_entries(records);
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0666);
  if (file < 0) rival::die(path);
  std::vector<Record> out;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i + ahead < entries.size()) {
      const char* next = records[entries[i + ahead].at].bytes.data();
      __builtin_prefetch(next);
      __builtin_prefetch(next + 64);
    }
    out.push_back(records[entries[i].at]);
    if (out.size() < piece && i + 1 < entries.size()) continue;
    const std::size_t bytes = out.size() * sizeof(Record);
    if (::write(file, out.data(), bytes) != static_cast<ssize_t>(bytes)) rival::die(path);
    out.clear();
  }
  if (::close(file) != 0) rival::die(path);
}

rival::Buffer<Record> exchange_by_range(std::span<const Record> records,
                                        const rival::World& world) {
  const std::vector<Key> bounds = range_bounds(records, world.size);
  return rival::exchange(records, world, [&](const Record& record) {
    return std::lower_bound(bounds.begin(), bounds.end(), key_of(record)) - bounds.begin();
  });
}

}  // namespace

int main(int argc, char** argv) {
  const rival::World world(&argc, &argv);
  rival::expect_arguments(argc, 2, "rival_terasort INPUT OUTPUT", world);
  const double start = MPI_Wtime();
  const std::string part = rival::make_output(argv[2], world);
  const auto all = rival::map_records<Record>(argv[1]);
  const auto [begin, end] = rival::share(all.size(), world.rank, world.size);
  const auto received = exchange_by_range(all.subspan(begin, end - begin), world);
  const double exchanged = MPI_Wtime();
  write_sorted(received, part);
  MPI_Barrier(MPI_COMM_WORLD);
  if (world.rank == 0) {
    std::printf("records=%zu exchange_s=%.3f total_s=%.3f\n", all.size(), exchanged - start,
                MPI_Wtime() - start);
  }
  return 0;
}
