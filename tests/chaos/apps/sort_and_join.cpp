// sort_and_join KIND RECORDS OUTPUT [REDUCES]: a job whose output depends on every record, for runs
// in which processes are killed. KIND is sort (a total order of pairs) or join (two tables by key).

#include <volley/volley.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace {

constexpr std::uint32_t maps = 8;
constexpr std::uint32_t usual_reduces = 6;

/// A number that looks like chance and is the same everywhere (splitmix64).
std::uint64_t scatter(std::uint64_t number) {
  number += 0x9e3779b97f4a7c15ULL;
  number = (number ^ (number >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  number = (number ^ (number >> 27U)) * 0x94d049bb133111ebULL;
  return number ^ (number >> 31U);
}

void sort(volley::Context& context, std::int64_t records, const std::string& output,
          std::uint32_t reduces) {
  context.range(0, records, 1, maps)
      .map([](std::int64_t number) {
        return std::pair{scatter(static_cast<std::uint64_t>(number)), number};
      })
      .sort_by_key(true, reduces)
      .save_as_text_file(output);
}

void join(volley::Context& context, std::int64_t records, const std::string& output,
          std::uint32_t reduces) {
  const auto keys = static_cast<std::uint64_t>(records / 4 + 1);
  const auto table = [&](std::uint64_t salt) {
    return context.range(0, records, 1, maps).map([keys, salt](std::int64_t number) {
      const std::uint64_t key = scatter(static_cast<std::uint64_t>(number) ^ salt) % keys;
      return std::pair{key, number};
    });
  };
  table(1)
      .join(table(2), reduces)
      .map([](const auto& row) {
        const auto& [key, sides] = row;
        return std::pair{key % 1000, scatter(static_cast<std::uint64_t>(sides.first)) ^
                                         static_cast<std::uint64_t>(sides.second)};
      })
      .reduce_by_key(std::plus<>{}, reduces)
      .save_as_text_file(output);
}

int sort_and_join(volley::Context& context, const std::vector<std::string>& args) {
  if (args.size() < 3) return 2;
  const std::int64_t records = std::stol(args[1]);
  const auto reduces =
      args.size() > 3 ? static_cast<std::uint32_t>(std::stoul(args[3])) : usual_reduces;
  const auto run = args[0] == "sort" ? sort : join;
  run(context, records, args[2], reduces);
  return 0;
}

}  // namespace
VOLLEY_APPLICATION(sort_and_join)
