#pragma once
// Accumulators: what tasks only add to and the program reads. Each partition of a stage counts
// once, however often its task runs: with its first success. An accumulator that is added to in a
// transformation (map, filter, ...) counts each time that a job computes the partition anew, as in
// Spark; in an action (foreach) exactly once. The handle is a few words that lambdas capture by
// value:
//
//   auto bad = context.long_accumulator("bad lines");
//   lines.foreach([=](std::string_view line) { if (line.empty()) bad.add(1); });
//   std::cout << bad.value();
//
// With a recovery directory, jobs that added to accumulators are run again; outputs that are there
// are not written again, and then add nothing.

#include "program/accumulators.hpp"

#include <volley/broadcast.hpp>
#include <volley/types.hpp>

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace volley {

/// What a custom accumulator is: A{} is zero, merge takes what another has, value() is what the
/// program sees; add(...) is up to the type. It has to travel as records do: a struct of such
/// members, or with a volley::codec of its own. No merge may depend on the order.
template <class A>
concept AccumulatorV2 = std::default_initializable<A> && std::copyable<A> &&
    requires(A& mine, const A& other) {
  mine.merge(other);
  { other.is_zero() } -> std::convertible_to<bool>;
  other.value();
};

/// The sum, the number and the average of what was added.
template <class N>
struct SumAndCount {
  N total = 0;
  std::uint64_t number = 0;
  void add(N value) {
    total += value;
    ++number;
  }
  void merge(const SumAndCount& other) {
    total += other.total;
    number += other.number;
  }
  bool is_zero() const { return total == 0 && number == 0; }
  N value() const { return total; }
  N sum() const { return total; }
  std::uint64_t count() const { return number; }
  /// NaN when nothing was added.
  double avg() const { return static_cast<double>(total) / static_cast<double>(number); }
};
/// Everything that was added, in no particular order.
template <class T>
struct Collected {
  std::vector<T> values;
  template <class V>
  void add(V&& value) {
    values.push_back(detail::convert<T>(std::forward<V>(value)));
  }
  void merge(const Collected& other) {
    values.insert(values.end(), other.values.begin(), other.values.end());
  }
  bool is_zero() const { return values.empty(); }
  const std::vector<T>& value() const { return values; }
};

namespace detail {

template <class A>
class TypedAccumulator final : public program::HeldAccumulator {
 public:
  explicit TypedAccumulator(A initial) : value_(std::move(initial)) {}
  A& value() { return value_; }

  bool merge(std::span<const std::byte> bytes, std::uint32_t stage) override {
    const auto part = protocol::decode<A>(bytes);
    if (!part) return false;
    value_.merge(*part);
    if constexpr (has_text) by_stage_[stage].merge(*part);
    return true;
  }
  std::string text(std::uint32_t stage) const override {
    if constexpr (has_text) {
      const auto found = by_stage_.find(stage);
      return found == by_stage_.end() ? std::string{} : fmt::format("{}", found->second.value());
    } else if constexpr (requires { value_.value().size(); }) {
      return fmt::format("({} in all)", value_.value().size());
    } else {
      return {};
    }
  }

 private:
  /// Small ones are also kept by stage.
  static constexpr bool has_text =
      std::is_trivially_copyable_v<A> &&
      std::is_arithmetic_v<std::remove_cvref_t<decltype(std::declval<const A&>().value())>>;
  A value_;
  std::map<std::uint32_t, A> by_stage_;
};

}  // namespace detail

/// Made by Context::long_accumulator and its kin. Copies of it are the same accumulator.
template <AccumulatorV2 A>
class Accumulator {
 public:
  using result = std::remove_cvref_t<decltype(std::declval<const A&>().value())>;

  /// No accumulator: a place for one, in a struct that is made later.
  Accumulator() = default;

  /// Adds what A::add takes. In a task it is counted once the task has succeeded; in the program at
  /// once.
  template <class V>
  requires requires(A& mine, V&& value) { mine.add(std::forward<V>(value)); }
  void add(V&& value) const {
    change([&](A& mine) { mine.add(std::forward<V>(value)); });
  }
  /// In the program: all that was counted so far. In a task: what this task has added.
  result value() const {
    return read([](const A& mine) -> result { return mine.value(); });
  }
  bool is_zero() const {
    return read([](const A& mine) { return mine.is_zero(); });
  }
  auto sum() const requires requires(const A& mine) { mine.sum(); }
  {
    return read([](const A& mine) { return mine.sum(); });
  }
  auto count() const requires requires(const A& mine) { mine.count(); }
  {
    return read([](const A& mine) { return mine.count(); });
  }
  auto avg() const requires requires(const A& mine) { mine.avg(); }
  {
    return read([](const A& mine) { return mine.avg(); });
  }
  /// Zero again.
  void reset() const {
    change([](A& mine) { mine = A{}; });
  }
  /// For the program: what the summary of the run calls it; empty when it has no name.
  std::string name() const { return core()->accumulators().name(id_); }
  std::uint32_t id() const { return id_; }

 private:
  friend class Context;
  Accumulator(std::uint32_t id, std::uint32_t context, bool counts_failures)
      : id_(id), context_(context), counts_failures_(counts_failures ? 1U : 0U) {}
  std::shared_ptr<program::ContextCore> core() const {
    return detail::context_of(context_, "an accumulator");
  }
  template <class Change>
  void change(Change&& change) const {
    program::TaskContext* const task = program::TaskContext::current();
    if (task != nullptr && context_ != 0) {
      change(task->accumulators().template part<A>(id_, counts_failures_ != 0));
      return;
    }
    core()->accumulators().use(id_, [&](program::HeldAccumulator& held) {
      change(static_cast<detail::TypedAccumulator<A>&>(held).value());
    });
  }
  template <class Read>
  auto read(Read&& read) const {
    std::optional<std::invoke_result_t<Read&, const A&>> found;
    change([&](const A& mine) { found.emplace(read(mine)); });
    return std::move(*found);
  }

  std::uint32_t id_ = 0;
  std::uint32_t context_ = 0;
  std::uint32_t counts_failures_ = 0;
};

using LongAccumulator = Accumulator<SumAndCount<std::int64_t>>;
using DoubleAccumulator = Accumulator<SumAndCount<double>>;
template <class T>
using CollectionAccumulator = Accumulator<Collected<T>>;

}  // namespace volley

template <class A>
struct volley::protocol::codec<volley::Accumulator<A>>
    : volley::detail::HandleCodec<volley::Accumulator<A>> {};
