#pragma once
// TakeOperations: the actions of Rdd that bring some records to the program: the first, the
// largest, or all of them, one partition after another.

#include <volley/detail/actions.hpp>
#include <volley/detail/rdd_build.hpp>
#include <volley/error.hpp>
#include <volley/order.hpp>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <source_location>
#include <utility>
#include <vector>

namespace volley::detail {

/// The records of an RDD, read a partition at a time with a job for each, when they are asked for.
/// An input range, to be walked through once.
template <class R>
class LocalRecords {
 public:
  using value_type = owned_t<typename R::record_type>;

  LocalRecords(R rdd, std::source_location where) : rdd_(std::move(rdd)), where_(where) {}

  class Iterator {
   public:
    using value_type = LocalRecords::value_type;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;
    explicit Iterator(LocalRecords& records) : records_(&records) {}
    const value_type& operator*() const { return records_->share_[records_->at_]; }
    Iterator& operator++() {
      ++records_->at_;
      records_->load();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return records_->over(); }

   private:
    LocalRecords* records_;
  };

  Iterator begin() {
    load();
    return Iterator(*this);
  }
  std::default_sentinel_t end() const { return {}; }

 private:
  bool over() const { return at_ == share_.size(); }
  /// The next partition that has records, once those of this one are used up.
  void load() {
    while (over() && next_ < rdd_.num_partitions()) {
      share_ = rdd_.template collect_with<CollectAction>(
          "to_local_iterator", [](auto&) {}, {next_++}, where_);
      at_ = 0;
    }
  }

  R rdd_;
  std::source_location where_;
  std::vector<value_type> share_;
  std::size_t at_ = 0;
  std::uint32_t next_ = 0;
};

template <class Self, class T, class P>
class TakeOperations {
 public:
  using Where = std::source_location;

  /// The first n records; looks at one partition first, then at more.
  std::vector<owned_t<T>> take(std::uint64_t n, Where where = Where::current()) const;
  /// The first record. Throws UnsupportedOperation("empty collection").
  owned_t<T> first(Where where = Where::current()) const { return only(take(1, where)); }
  bool is_empty(Where where = Where::current()) const { return take(1, where).empty(); }
  /// The n largest records in descending order, or the first n in the order of `before(a, b)`.
  template <class Before = Descending>
  std::vector<owned_t<T>> top(std::uint64_t n, Before before = {},
                              Where where = Where::current()) const {
    return ranked<false>("top", n, before, where);
  }
  /// The n least records in ascending order, or the first n in the order of `before(a, b)`.
  template <class Before = Ascending>
  std::vector<owned_t<T>> take_ordered(std::uint64_t n, Before before = {},
                                       Where where = Where::current()) const {
    return ranked<false>("take_ordered", n, before, where);
  }
  /// The record that comes last, or first, in the order of `before(a, b)`. Throws
  /// UnsupportedOperation("empty collection").
  template <class Before = Ascending>
  owned_t<T> max(Before before = {}, Where where = Where::current()) const {
    return only(ranked<true>("max", 1, before, where));
  }
  template <class Before = Ascending>
  owned_t<T> min(Before before = {}, Where where = Where::current()) const {
    return only(ranked<false>("min", 1, before, where));
  }
  /// All records, for a loop: one job per partition, run when its records are reached, so that the
  /// program holds one partition at a time. Cache the RDD if it is expensive.
  LocalRecords<Self> to_local_iterator(Where where = Where::current()) const {
    return {self(), where};
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }

  static owned_t<T> only(std::vector<owned_t<T>> records) {
    if (records.empty()) throw UnsupportedOperation("empty collection");
    return std::move(records.front());
  }
  template <bool reversed, class Before>
  std::vector<owned_t<T>> ranked(const char* name, std::uint64_t n, Before before,
                                 Where where) const;
};

/// How many partitions take() looks at next, after `seen` that gave `taken` records of n: as many
/// as should do, and half as many more, but no more than `growth` times those before.
inline std::uint64_t next_width(std::uint64_t seen, std::uint64_t taken, std::uint64_t n,
                                std::uint64_t growth) {
  const std::uint64_t most = std::max<std::uint64_t>(seen * growth, 1);
  if (taken == 0 || taken >= n) return most;
  const double likely =
      1.5 * static_cast<double>(n - taken) * static_cast<double>(seen) / static_cast<double>(taken);
  return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::min(likely, 1e15)), 1, most);
}

template <class Self, class T, class P>
std::vector<owned_t<T>> TakeOperations<Self, T, P>::take(std::uint64_t n, Where where) const {
  std::vector<owned_t<T>> taken;
  const auto& configuration = self().lineage()->core()->configuration();
  auto width =
      static_cast<std::uint64_t>(configuration.integer("volley.rdd.limit.initialNumPartitions"));
  const auto growth =
      static_cast<std::uint64_t>(configuration.integer("volley.rdd.limit.scaleUpFactor"));
  const std::uint64_t partitions = self().num_partitions();
  for (std::uint64_t from = 0; taken.size() < n && from < partitions;) {
    const std::uint64_t to = std::min(partitions, from + std::max<std::uint64_t>(width, 1));
    const std::uint64_t missing = n - taken.size();
    auto more = self().template collect_with<TakeAction>(
        "take", [&](auto& out) { protocol::write(out, missing); },
        index_range(static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to)), where);
    for (auto& record : more) {
      if (taken.size() < n) taken.push_back(std::move(record));
    }
    from = to;
    width = next_width(from, taken.size(), n, growth);
  }
  return taken;
}

template <class Self, class T, class P>
template <bool reversed, class Before>
std::vector<owned_t<T>> TakeOperations<Self, T, P>::ranked(const char* name, std::uint64_t n,
                                                           Before before, Where where) const {
  VOLLEY_REQUIRE_SHIPPABLE(Before);
  if (n == 0) return {};
  auto best = self().template collect_with<TopAction<Before, reversed>>(
      name,
      [&](auto& out) {
        pack_function(out, before, name_call(name, where));
        protocol::write(out, n);
      },
      self().all_partitions(), where);
  std::stable_sort(best.begin(), best.end(), Ranking<Before, reversed>{before});
  if (best.size() > n) best.erase(best.begin() + static_cast<std::ptrdiff_t>(n), best.end());
  return best;
}

}  // namespace volley::detail
