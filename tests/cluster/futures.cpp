// Actions that run beside the program.

#include "check.hpp"

#include <chrono>
#include <cstdint>
#include <stdexcept>

namespace cluster_test {

void check_futures(volley::Context& context, Checks& checks) {
  using volley::JobFailed;
  const auto many = context.parallelize(numbers(1, 10000), 5);
  auto none = context.empty_rdd<int>().count_async();
  auto all = many.count_async();
  auto records = many.collect_async();
  auto first = many.take_async(500);
  checks.equal("ASYNC_001 nothing", none.get(), 0);
  checks.equal("ASYNC_001", all.get(), 10000);
  checks.equal("collect_async", records.get(), numbers(1, 10000));
  checks.equal("ASYNC_004", first.get(), numbers(1, 500));
  auto failing = many.foreach_async([](int x) {
    if (x == 7777) throw std::runtime_error("seven is too much");
  });
  checks.throws<JobFailed>("ASYNC_005", "seven is too much", [&] { failing.get(); });
  many.foreach_partition_async([](auto&) {}).get();

  // Tasks that would run for minutes, and end soon after they are cancelled.
  auto slow = context.range(0, std::int64_t{1} << 40U, 1, 2).foreach_async([](std::int64_t x) {
    volatile std::int64_t seen = 0;
    seen = x;
    static_cast<void>(seen);
  });
  checks.holds("ASYNC_006", !slow.wait_for(std::chrono::milliseconds(2)));
  slow.cancel("as the test wants");
  checks.throws<JobFailed>("a cancelled action", "cancelled", [&] { slow.get(); });
  checks.equal("jobs after a cancelled one", many.count(), 10000);
}

}  // namespace cluster_test
