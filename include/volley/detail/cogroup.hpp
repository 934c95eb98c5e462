#pragma once
// cogroup: the values of each key from several inputs. All of them go through one grouping as
// variants, so that one budget holds for them and what is too much spills (group.hpp).

#include <volley/detail/group.hpp>
#include <volley/detail/join.hpp>
#include <volley/detail/pipeline.hpp>
#include <volley/types.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace volley::detail {

/// Two lists are a pair, more are a tuple.
template <class... V>
struct cogrouped {
  using type = std::tuple<std::vector<V>...>;
};
template <class V, class W>
struct cogrouped<V, W> {
  using type = std::pair<std::vector<V>, std::vector<W>>;
};

/// `R` are the record types of the inputs.
template <class... R>
struct CogroupSource {
  using K = owned_t<typename std::tuple_element_t<0, std::tuple<R...>>::first_type>;
  using Any = std::variant<owned_t<typename R::second_type>...>;
  using Groups = typename cogrouped<owned_t<typename R::second_type>...>::type;
  using record = std::pair<K, Groups>;
  static constexpr bool reads_blocks = false;

  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    using Fed = std::pair<view_t<K>, Any>;
    auto split = [&](std::pair<K, std::vector<Any>>&& group) {
      record result;
      result.first = std::move(group.first);
      for (Any& value : group.second) add(result.second, value, std::index_sequence_for<R...>{});
      emit(std::move(result));
    };
    GroupRun<K, Any>::template group<Fed>(
        context, 0,
        [&](auto& aggregator) {
          feed(context, rdd, partition, aggregator, std::index_sequence_for<R...>{});
        },
        split);
  }

 private:
  template <class Aggregator, std::size_t... I>
  static void feed(TaskContext& context, base::RddId rdd, std::uint32_t partition,
                   Aggregator& aggregator, std::index_sequence<I...>) {
    (feed_side<I, R>(context, rdd, partition, aggregator), ...);
  }
  template <std::size_t I, class Side, class Aggregator>
  static void feed_side(TaskContext& context, base::RddId rdd, std::uint32_t partition,
                        Aggregator& aggregator) {
    using Fed = typename Aggregator::record_type;
    using V = owned_t<typename Side::second_type>;
    auto visit = [&](auto records) {
      for (const auto& one : records) {
        aggregator(Fed(convert<typename Fed::first_type>(one.first),
                       Any(std::in_place_index<I>, convert<V>(one.second))));
      }
      aggregator.flush();  // the records' keys are gone with them
    };
    JoinSide<Side>::run(context, rdd, partition, I, visit);
  }
  template <std::size_t... I>
  static void add(Groups& groups, Any& value, std::index_sequence<I...>) {
    (void)((value.index() == I
                ? (std::get<I>(groups).push_back(std::move(*std::get_if<I>(&value))), true)
                : false) ||
           ...);
  }
};

}  // namespace volley::detail
