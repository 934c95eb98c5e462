#pragma once
// HotKeys: which keys of a task's records are frequent, from a sample of the records, so that a
// skewed shuffle can be named before its reduce side suffers from it. The counters are those of the
// space-saving algorithm (Metwally, Agrawal, El Abbadi 2005).

#include "protocol/driver_messages.hpp"

#include <volley/text.hpp>
#include <volley/types.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace volley::detail {

template <class K>
class HotKeys {
 public:
  /// Whether the next record, or batch, should be shown: one of about `interval`, irregularly, so
  /// that records in a pattern do not hide.
  bool due() { return --until_next_ == 0; }

  template <class Key>
  void see(std::uint64_t hash, const Key& key) {
    until_next_ =
        1 + static_cast<std::uint32_t>((hash ^ (sampled_ * 0x9e3779b97f4a7c15ULL)) >> 40U) %
                (2 * interval);
    ++sampled_;
    const auto end = hashes_.begin() + static_cast<std::ptrdiff_t>(counters_.size());
    auto at = std::find(hashes_.begin(), end, hash);
    if (at == end) at = take_counter(hash, key);
    ++counters_[static_cast<std::size_t>(at - hashes_.begin())].records;
  }

  /// The most frequent ones, and how many records were seen.
  void report(protocol::TaskMetrics& metrics) {
    constexpr std::size_t reported = 4;
    std::sort(counters_.begin(), counters_.end(),
              [](const Counter& a, const Counter& b) { return a.own() > b.own(); });
    if (counters_.size() > reported) counters_.resize(reported);
    for (const Counter& counter : counters_) {
      metrics.hot_keys.push_back({text_of(counter.key), counter.own()});
    }
    metrics.sampled_keys += sampled_;
  }

 private:
  static constexpr std::uint32_t interval = 128;
  static constexpr std::size_t size = 32;
  static constexpr std::size_t longest_text = 60;
  struct Counter {
    K key;
    std::uint64_t records;
    std::uint64_t inherited;  ///< of `records`, those of the keys that had the counter before
    std::uint64_t own() const { return records - inherited; }
  };
  using Hashes = std::array<std::uint64_t, size>;

  static std::string text_of(const K& key) {
    std::string text;
    if constexpr (has_text<K>()) append_text(text, key);
    if (text.size() > longest_text) text = text.substr(0, longest_text) + "...";
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; }, '.');
    return text;
  }

  /// A free counter, or that of the rarest key, whose count goes on.
  template <class Key>
  typename Hashes::iterator take_counter(std::uint64_t hash, const Key& key) {
    std::size_t at = counters_.size();
    if (at < size) {
      counters_.push_back({convert<K>(key), 0, 0});
    } else {
      at = static_cast<std::size_t>(std::min_element(counters_.begin(), counters_.end(),
                                                     [](const Counter& a, const Counter& b) {
                                                       return a.records < b.records;
                                                     }) -
                                    counters_.begin());
      counters_[at].key = convert<K>(key);
      counters_[at].inherited = counters_[at].records;
    }
    hashes_[at] = hash;
    return hashes_.begin() + static_cast<std::ptrdiff_t>(at);
  }

  std::uint32_t until_next_ = interval;
  std::uint64_t sampled_ = 0;
  Hashes hashes_{};
  std::vector<Counter> counters_;
};

}  // namespace volley::detail
