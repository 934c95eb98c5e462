// The same job gives the same records in the same order, to the last bit of its sums, whatever runs
// beside it and whatever is cached: also where memory is so short that tables go to disk.

#include "check.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace cluster_test {
namespace {

using Sum = std::pair<std::string, double>;

volley::Rdd<std::pair<std::string, double>> shares(volley::Context& context) {
  return context.range(0, 120000, 1, 2).map([](std::int64_t i) {
    return std::pair("key " + std::to_string(i * 2654435761 % 20011),
                     1.0 / static_cast<double>(i + 1));
  });
}

}  // namespace

void check_repeatability(volley::Context& context, Checks& checks) {
  const auto kept =
      context.range(0, 40000, 1, 4).map([](std::int64_t i) { return std::to_string(i); });
  kept.persist();  // before the first sum: it takes memory from tasks
  const auto sums = [&] { return shares(context).reduce_by_key(std::plus<>{}, 2); };
  const auto places = [&] { return sums().zip_with_index().keys().collect(); };
  const auto alone = sums().collect();
  const auto dealt = glom(sums().repartition(3));
  checks.equal("keys", alone.size(), std::size_t{20011});
  checks.equal("kept", kept.count(), 40000);
  for (int round = 0; round < 3; ++round) {
    auto beside = shares(context).group_by_key(3).collect_async();
    auto again = sums().collect_async();
    auto joined = sums().join(sums()).count_async();
    checks.holds("the same sums in the same order", again.get() == alone);
    checks.holds("the same places", places() == alone);
    checks.holds("the same partitions", glom(sums().repartition(3)) == dealt);
    checks.equal("a join beside", joined.get(), 20011);
    checks.equal("groups beside", beside.get().size(), std::size_t{20011});
  }
}

}  // namespace cluster_test
