// Partitions that are much larger than others, which several tasks read where the configuration
// says so: every record counts once, and the same job gives the same records in the same order.

#include "check.hpp"

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace cluster_test {
namespace {

constexpr std::int64_t orders = 40000;

/// Half of them of customer 7.
volley::Rdd<std::pair<std::int64_t, std::int64_t>> orders_of(volley::Context& context) {
  return context.range(0, orders, 1, 8).map([](std::int64_t i) {
    return std::pair(i % 2 == 0 ? i % 1000 : 7, i);
  });
}

volley::Rdd<std::pair<std::int64_t, std::string>> customers(volley::Context& context) {
  return context.range(0, 1000, 1, 3).map([](std::int64_t i) {
    return std::pair(i, "customer " + std::to_string(i % 10));
  });
}

class LargestStage : public volley::Listener {
 public:
  void on_stage_completed(const volley::StageCompleted& event) override {
    tasks = std::max(tasks, event.stage.tasks);
  }
  std::uint32_t tasks = 0;
};

}  // namespace

void check_skew(volley::Context& context, Checks& checks) {
  const auto listener = std::make_shared<LargestStage>();
  context.add_listener(listener);
  const auto counted = context.long_accumulator("joined");
  const auto joined = orders_of(context).join(customers(context), 10);
  const auto by_name = joined.map([counted](const auto& record) {
    counted.add(1);
    return std::pair(record.second.second, record.second.first);
  });
  std::map<std::string, std::int64_t> expected;
  for (std::int64_t i = 0; i < orders; ++i) {
    expected["customer " + std::to_string((i % 2 == 0 ? i % 1000 : 7) % 10)] += i;
  }
  const auto sums = by_name.reduce_by_key(std::plus<>{}, 4);
  const auto found = sums.collect();
  checks.equal("sums", sorted(found),
               std::vector<std::pair<std::string, std::int64_t>>(expected.begin(), expected.end()));
  checks.equal("each record is counted once", counted.value(), orders);
  const auto again =
      joined.values().map([](const auto& both) { return std::pair(both.second, both.first); });
  checks.holds("the same records in the same order",
               glom(again.partition_by(3)) == glom(again.partition_by(3)));

  // Records that are only moved, and a result that is used twice.
  const auto moved = orders_of(context).partition_by(10).filter(
      [](const auto& record) { return record.second % 3 == 0; });
  const auto groups = moved.values().key_by([](std::int64_t i) { return i % 5; }).group_by_key(2);
  std::size_t most = 0;
  for (const auto& [key, values] : groups.collect()) most += values.size();
  checks.equal("grouped", most, std::size_t{(orders + 2) / 3});
  checks.equal("grouped again", groups.count(), 5);
  const auto numbered = moved.values().zip_with_index().values().repartition(3);
  checks.equal("places are those of whole partitions", sorted(numbered.collect()),
               sorted(context.range(0, (orders + 2) / 3, 1, 3).collect()));
  context.remove_listener(listener);
  if (std::getenv("VOLLEY_TEST_PARTS") != nullptr) {
    checks.holds("more tasks than partitions", listener->tasks > 10);
  } else {
    checks.equal("a task for each partition", listener->tasks, 10U);
  }
}

}  // namespace cluster_test
