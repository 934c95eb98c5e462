// Accumulators in a task and in the program, without a cluster between them.

#include "program/accumulators.hpp"

#include <volley/accumulator.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace volley {
namespace {

using program::AccumulatorRegistry;
using program::TaskAccumulators;
using Long = SumAndCount<std::int64_t>;

template <class A>
std::unique_ptr<program::HeldAccumulator> held(A initial) {
  return std::make_unique<detail::TypedAccumulator<A>>(std::move(initial));
}
template <class A>
auto value_of(const AccumulatorRegistry& registry, std::uint32_t id) {
  std::remove_cvref_t<decltype(std::declval<const A&>().value())> value{};
  EXPECT_TRUE(registry.use(id, [&](program::HeldAccumulator& one) {
    value = static_cast<detail::TypedAccumulator<A>&>(one).value().value();
  }));
  return value;
}

TEST(Accumulators, TasksBeginWithZeroAndTheirPartsAreAdded) {
  AccumulatorRegistry registry;
  const auto sum = registry.add(held(Long{5, 1}), "sum");
  const auto words = registry.add(held(Collected<std::string>{}), "");
  for (int task = 0; task < 3; ++task) {
    TaskAccumulators mine;
    EXPECT_TRUE(mine.part<Long>(sum, false).is_zero());
    mine.part<Long>(sum, false).add(10);
    mine.part<Collected<std::string>>(words, false).add(std::string_view("word"));
    mine.part<Long>(sum, false).add(1);
    EXPECT_TRUE(registry.apply(4, mine.take(false)).empty());
    EXPECT_FALSE(mine.any());
  }
  EXPECT_EQ(value_of<Long>(registry, sum), 38);
  EXPECT_EQ(value_of<Collected<std::string>>(registry, words).size(), 3U);
  EXPECT_EQ(registry.summary_of(4), "sum 33");
  EXPECT_EQ(registry.summary_of(5), "");
  EXPECT_EQ(registry.applied(), 6U);
}

TEST(Accumulators, ZeroIsNotReportedAndFailuresOnlyWhereTheyCount) {
  TaskAccumulators mine;
  static_cast<void>(mine.part<Long>(1, false));
  mine.part<Long>(2, false).add(1);
  mine.part<Long>(3, true).add(1);
  const auto failed = mine.take(true);
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].accumulator, 3U);
  mine.part<Long>(2, false).add(1);
  EXPECT_EQ(mine.take(false).size(), 1U);
}

/// A merge that does not work.
struct Misbehaved {
  int value_ = 0;
  void add(int more) { value_ += more; }
  void merge(const Misbehaved&) { throw std::runtime_error("no merging today"); }
  bool is_zero() const { return value_ == 0; }
  int value() const { return value_; }
};

TEST(Accumulators, ACC_008_AMergeThatThrowsHarmsNobodyElse) {
  AccumulatorRegistry registry;
  const auto bad = registry.add(held(Misbehaved{}), "bad");
  const auto good = registry.add(held(Long{}), "good");
  TaskAccumulators mine;
  mine.part<Misbehaved>(bad, false).add(1);
  mine.part<Long>(good, false).add(2);
  const auto problems = registry.apply(0, mine.take(false));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find("accumulator 'bad': its merge threw: no merging today"),
            std::string::npos);
  EXPECT_EQ(value_of<Long>(registry, good), 2);
}

TEST(Accumulators, BytesOfAnotherTypeAndUnknownIdsAreNoHarm) {
  AccumulatorRegistry registry;
  const auto id = registry.add(held(Long{}), "");
  EXPECT_EQ(registry.apply(0, {{id, protocol::Bytes(3)}}).size(), 1U);
  EXPECT_TRUE(registry.apply(0, {{id + 1, protocol::Bytes(3)}}).empty());
  EXPECT_EQ(value_of<Long>(registry, id), 0);
}

}  // namespace
}  // namespace volley
