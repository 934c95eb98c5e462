// beyond_memory KIND MEBIBYTES: an operation on that much made data, whose result is checked
// exactly. KIND: group_by_key, sort_by_key, join, cache. Prints "exact" and exits with 0, or says
// what is wrong and exits with 1.

#include "inputs.hpp"

#include <volley/volley.hpp>

#include <array>
#include <functional>
#include <iostream>
#include <string>

namespace {

constexpr std::int64_t group_size = 8;
constexpr std::uint32_t parts = 32;
using Payload = std::array<std::uint64_t, 12>;  // with its key 104 bytes
using Record = std::pair<std::uint64_t, Payload>;

Payload payload_of(std::uint64_t number) {
  Payload payload;
  for (std::uint64_t& word : payload) word = number = bench::mix(number + 1);
  return payload;
}
bool good(const Payload& payload, std::uint64_t number) { return payload == payload_of(number); }

/// Whether all of an RDD's verdicts are good, and how many there are.
template <class R>
bool all_good(const R& verdicts, std::int64_t expected) {
  const auto [count, bad] =
      verdicts.map([](bool fits) {
                return std::pair<std::int64_t, std::int64_t>{1, fits ? 0 : 1};
              })
          .fold(std::pair<std::int64_t, std::int64_t>{0, 0}, [](const auto& a, const auto& b) {
            return std::pair{a.first + b.first, a.second + b.second};
          });
  if (count != expected || bad != 0) {
    std::cerr << count << " instead of " << expected << ", " << bad << " of them wrong\n";
  }
  return count == expected && bad == 0;
}

bool group_by_key(volley::Context& context, std::int64_t records) {
  const std::int64_t groups = records / group_size;
  const auto verdicts = context.range(0, groups * group_size, 1, parts)
                            .map([groups](std::int64_t i) {
                              return Record{bench::mix(static_cast<std::uint64_t>(i % groups)),
                                            payload_of(static_cast<std::uint64_t>(i))};
                            })
                            .group_by_key(parts)
                            .map([](const auto& group) {
                              std::uint64_t sum = 0;
                              for (const Payload& payload : group.second) sum += payload[0] != 0;
                              return group.second.size() == group_size && sum == group_size;
                            });
  return all_good(verdicts, groups);
}

bool sort_by_key(volley::Context& context, std::int64_t records) {
  // Of each partition: the first and last key, how many, and whether they ascend and are whole.
  const auto pieces = context.range(0, records, 1, parts)
                          .map([](std::int64_t i) {
                            const std::uint64_t key = bench::mix(static_cast<std::uint64_t>(i));
                            return Record{key, payload_of(key)};
                          })
                          .sort_by_key(true, parts)
                          .map_partitions([](auto& sorted) {
                            std::array<std::uint64_t, 4> piece{~std::uint64_t{0}, 0, 0, 1};
                            sorted.for_each([&](const auto& record) {
                              const auto& [key, payload] = record;
                              if (piece[2]++ == 0) piece[0] = key;
                              if (key < piece[1] || !good(payload, key)) piece[3] = 0;
                              piece[1] = key;
                            });
                            return std::vector<std::array<std::uint64_t, 4>>{piece};
                          })
                          .collect();
  std::uint64_t last = 0;
  std::uint64_t count = 0;
  for (const auto& [first, end, records_here, right] : pieces) {
    if (right == 0 || (records_here != 0 && first < last)) return false;
    if (records_here != 0) last = end;
    count += records_here;
  }
  return count == static_cast<std::uint64_t>(records);
}

bool join(volley::Context& context, std::int64_t records) {
  const auto table = [&](std::uint64_t salt) {
    return context.range(0, records / 2, 1, parts).map([salt](std::int64_t i) {
      const std::uint64_t key = bench::mix(static_cast<std::uint64_t>(i));
      return Record{key, payload_of(key ^ salt)};
    });
  };
  const auto verdicts = table(1).join(table(2), parts).map([](const auto& row) {
    const auto& [key, sides] = row;
    return good(sides.first, key ^ 1U) && good(sides.second, key ^ 2U);
  });
  return all_good(verdicts, records / 2);
}

bool cache(volley::Context& context, std::int64_t records) {
  const auto cached = context.range(0, records, 1, parts)
                          .map([](std::int64_t i) {
                            const auto key = static_cast<std::uint64_t>(i);
                            return Record{key, payload_of(key)};
                          })
                          .persist(volley::StorageLevel::memory_and_disk);
  const auto verdicts =
      cached.map([](const auto& record) { return good(record.second, record.first); });
  return all_good(verdicts, records) && all_good(verdicts, records);
}

}  // namespace

int beyond_memory(volley::Context& context, const std::vector<std::string>& args) {
  const auto mebibytes = args.size() == 2 ? bench::number(args[1]) : std::nullopt;
  if (!mebibytes) {
    std::cerr << "usage: beyond_memory KIND MEBIBYTES\n";
    return 2;
  }
  const std::int64_t records = (*mebibytes << 20U) / static_cast<std::int64_t>(sizeof(Record));
  bool exact = false;
  if (args[0] == "group_by_key") {
    exact = group_by_key(context, records);
  } else if (args[0] == "sort_by_key") {
    exact = sort_by_key(context, records);
  } else if (args[0] == "join") {
    exact = join(context, records);
  } else if (args[0] == "cache") {
    exact = cache(context, records);
  } else {
    std::cerr << "no such KIND: " << args[0] << '\n';
    return 2;
  }
  std::cout << (exact ? "exact" : "wrong") << '\n';
  return exact ? 0 : 1;
}
VOLLEY_APPLICATION(beyond_memory)
