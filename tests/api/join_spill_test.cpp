// The join of one partition that has less memory than its right side needs.

#include "tests/api/lone_task.hpp"

#include <volley/detail/join_run.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace volley::detail {
namespace {

class SmallTask final : public LoneTask {
 public:
  explicit SmallTask(std::uint64_t memory)
      : LoneTask({64U << 20U, 4U << 10U, testing::TempDir(), 256U << 20U}, memory) {
    arena_.change_budget(64 << 10);
  }
};

/// Records in spans of a few hundred, as chunks come.
template <class T>
auto feed(const std::vector<T>& records) {
  return [&records](auto& visit) {
    constexpr std::size_t step = 300;
    for (std::size_t at = 0; at < records.size(); at += step) {
      const std::size_t count = std::min(step, records.size() - at);
      visit(std::span<const T>(records.data() + at, count));
    }
  };
}

template <class K, class V, class W>
struct Case {
  std::vector<std::pair<K, V>> left;
  std::vector<std::pair<K, W>> right;

  std::vector<std::pair<K, std::pair<V, W>>> join(std::uint64_t memory, bool spills) const {
    SmallTask task(memory);
    std::vector<std::pair<K, std::pair<V, W>>> result;
    {
      auto context = task.context();
      auto emit = [&](const auto& record) { result.push_back(record); };
      JoinRun<K, V, W>::join(context, 0, feed(right), feed(left), emit);
      EXPECT_EQ(context.metrics().spilled_bytes != 0, spills);
    }
    EXPECT_EQ(task.arena().used_slabs() + task.arena().used_disk_slabs(), 0U);
    return result;
  }
  void expect_the_same_with_little_memory(std::uint64_t memory) const {
    auto in_memory = join(UINT64_MAX, false);
    auto spilled = join(memory, true);
    EXPECT_EQ(spilled, join(memory, true)) << "the same order every time";
    std::sort(in_memory.begin(), in_memory.end());
    std::sort(spilled.begin(), spilled.end());
    EXPECT_EQ(spilled.size(), in_memory.size());
    EXPECT_TRUE(spilled == in_memory);
    EXPECT_EQ(in_memory.size(), expected_matches());
  }
  std::size_t expected_matches() const {
    std::map<K, std::size_t> count;
    for (const auto& [key, value] : right) ++count[key];
    std::size_t sum = 0;
    for (const auto& [key, value] : left) sum += count[key];
    return sum;
  }
};

using Numbers = Case<std::int64_t, std::int32_t, std::int64_t>;
using Texts = Case<std::string, std::string, std::vector<int>>;

TEST(JoinSpill, ManyKeysOfNumbers) {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto keys = static_cast<std::int64_t>(1000 + random() % 40000);
    Numbers one;
    for (int i = 0; i < 40000; ++i) {
      const auto spread = static_cast<std::int64_t>(random()) % keys * 1000003;
      one.right.emplace_back(spread, i);
    }
    for (int i = 0; i < 30000; ++i) {
      one.left.emplace_back(static_cast<std::int64_t>(random()) % (2 * keys) * 1000003, i);
    }
    one.expect_the_same_with_little_memory(16U << 10U << random() % 4);
  }
}

TEST(JoinSpill, ManyKeysOfTexts) {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Texts one;
    const auto key = [&] {
      const std::uint64_t number = random() % 5000;
      return std::to_string(number) + std::string(number % 40, 'k');
    };
    for (int i = 0; i < 10000; ++i) {
      one.right.emplace_back(key(), std::vector<int>(random() % 20, i));
      one.left.emplace_back(key(), std::string(random() % 50, static_cast<char>('a' + i % 26)));
    }
    one.expect_the_same_with_little_memory(64U << 10U);
  }
}

/// No hash makes its part smaller.
TEST(JoinSpill, OneKeyThatHasEverything) {
  Numbers one;
  for (int i = 0; i < 20000; ++i) one.right.emplace_back(7, i);
  for (int i = 0; i < 50; ++i) one.left.emplace_back(i % 2 == 0 ? 7 : 8, i);
  one.expect_the_same_with_little_memory(32U << 10U);
}

TEST(JoinSpill, OneKeyThatHasMostAndManyOthers) {
  std::mt19937_64 random(3);
  Numbers one;
  for (int i = 0; i < 60000; ++i) {
    one.right.emplace_back(i % 10 == 0 ? static_cast<std::int64_t>(random() % 100000) : 7, i);
  }
  for (int i = 0; i < 3000; ++i) {
    one.left.emplace_back(i % 300 == 0 ? 7 : static_cast<std::int64_t>(random() % 100000), i);
  }
  one.expect_the_same_with_little_memory(32U << 10U);
}

TEST(JoinSpill, SidesWithoutRecordsOrWithoutMatches) {
  Numbers one;
  for (int i = 0; i < 20000; ++i) one.right.emplace_back(2 * i, i);
  EXPECT_TRUE(one.join(32U << 10U, true).empty());
  for (int i = 0; i < 20000; ++i) one.left.emplace_back(2 * i + 1, i);
  EXPECT_TRUE(one.join(32U << 10U, true).empty());
  one.right.clear();
  EXPECT_TRUE(one.join(32U << 10U, false).empty());
}

/// A value alone is larger than all the memory.
TEST(JoinSpill, ValuesLargerThanMemory) {
  Texts one;
  for (int i = 0; i < 40; ++i) {
    one.right.emplace_back(std::to_string(i % 20), std::vector<int>(5000, i));
    one.left.emplace_back(std::to_string(i % 25), std::string(9000, 'x'));
  }
  one.expect_the_same_with_little_memory(8U << 10U);
}

/// Lists of the left side are lent to the result: the side keeps them, whatever becomes of it.
TEST(JoinRun, LeftListsStayWhatTheyAre) {
  using Lists = Case<std::int64_t, std::vector<int>, std::int64_t>;
  Lists one;
  for (int i = 0; i < 1000; ++i) {
    one.left.emplace_back(i % 300, std::vector<int>(static_cast<std::size_t>(i % 50), i));
    one.right.emplace_back(i % 200, i);
  }
  const auto left = one.left;
  const auto joined = one.join(UINT64_MAX, false);
  EXPECT_EQ(one.left, left);
  EXPECT_EQ(joined.size(), one.expected_matches());
  for (const auto& [key, values] : joined) {
    const auto is_mine = [&](const auto& record) { return record.second == values.first; };
    EXPECT_TRUE(std::any_of(left.begin(), left.end(), is_mine)) << key;
  }

  SmallTask task(UINT64_MAX);
  auto context = task.context();
  int emitted = 0;
  auto fail = [&](const auto&) {
    if (++emitted == 100) throw std::runtime_error("enough");
  };
  EXPECT_THROW((JoinRun<std::int64_t, std::vector<int>, std::int64_t>::join(
                   context, 0, feed(one.right), feed(one.left), fail)),
               std::runtime_error);
  EXPECT_EQ(one.left, left);
}

}  // namespace
}  // namespace volley::detail
