#pragma once
// Checks of an application that tests Volley from inside: collects what differs, goes on, and
// reports at the end. Helpers look at results partition by partition.

#include <volley/volley.hpp>

#include <algorithm>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cluster_test {

class Checks {
 public:
  /// `scratch` is an empty directory that all ranks see.
  explicit Checks(std::string scratch) : scratch_(std::move(scratch)) {}

  template <class Found, class Expected>
  void equal(std::string_view name, const Found& found, const Expected& expected) {
    if (found == expected) {
      ++held_;
      return;
    }
    fail(name, "found " + show(found) + ", expected " + show(expected));
  }
  void holds(std::string_view name, bool condition) { equal(name, condition, true); }

  /// `action` throws an E whose text contains `text`.
  template <class E, class Action>
  void throws(std::string_view name, std::string_view text, Action&& action) {
    try {
      action();
      fail(name, "no exception");
    } catch (const E& error) {
      if (std::string_view(error.what()).find(text) != std::string_view::npos) {
        ++held_;
      } else {
        fail(name, std::string("the exception says: ") + error.what());
      }
    } catch (const std::exception& error) {
      fail(name, std::string("another exception: ") + error.what());
    }
  }

  /// A path below the scratch directory.
  std::string path(std::string_view name) const { return scratch_ + "/" + std::string(name); }

  void fail(std::string_view name, const std::string& what) {
    failed_.emplace_back(name);
    std::cerr << "FAILED " << name << ": " << what << std::endl;
  }
  /// The exit code: 0 when all held.
  int report() const {
    std::cout << held_ << " checks held, " << failed_.size() << " failed\n";
    for (const std::string& name : failed_) std::cout << "failed: " << name << '\n';
    return failed_.empty() ? 0 : 1;
  }

 private:
  template <class T>
  static std::string show(const T& value) {
    constexpr std::size_t most = 400;
    std::string text;
    volley::append_text(text, value);
    if (text.size() > most) text = text.substr(0, most) + "...";
    return text;
  }

  std::string scratch_;
  std::size_t held_ = 0;
  std::vector<std::string> failed_;
};

template <class T>
std::vector<T> sorted(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  return values;
}

/// The records of each partition, in order.
template <class T, class P>
std::vector<std::vector<T>> glom(const volley::Rdd<T, P>& rdd) {
  const volley::Rdd<T> any = rdd;
  return any
      .map_partitions([](auto& records) {
        std::vector<std::vector<T>> one(1);
        records.for_each([&](const T& record) { one[0].push_back(record); });
        return one;
      })
      .collect();
}

/// The number of records of each partition.
template <class T, class P>
std::vector<std::size_t> partition_sizes(const volley::Rdd<T, P>& rdd) {
  const volley::Rdd<T> any = rdd;
  return any
      .map_partitions([](auto& records) {
        std::size_t count = 0;
        records.for_each([&](const auto&) { ++count; });
        return std::vector<std::size_t>{count};
      })
      .collect();
}

/// Whether every dependency of the RDD itself is a shuffle (true) or none is (false).
template <class T, class P>
std::vector<bool> shuffles(const volley::Rdd<T, P>& rdd) {
  std::vector<bool> found;
  for (const auto& dependency : rdd.lineage()->spec()->dependencies) {
    found.push_back(dependency.kind == volley::protocol::DependencyKind::shuffle);
  }
  return found;
}

inline std::vector<int> numbers(int first, int last) {
  std::vector<int> all;
  for (int i = first; i <= last; ++i) all.push_back(i);
  return all;
}

// One function for each noun, each in a file of its name.
void check_skew(volley::Context& context, Checks& checks);
void check_sources(volley::Context& context, Checks& checks);
void check_files(volley::Context& context, Checks& checks);
void check_narrow(volley::Context& context, Checks& checks);
void check_keyed(volley::Context& context, Checks& checks);
void check_shuffles(volley::Context& context, Checks& checks);
void check_joins(volley::Context& context, Checks& checks);
void check_sorting(volley::Context& context, Checks& checks);
void check_actions(volley::Context& context, Checks& checks);
void check_failures(volley::Context& context, Checks& checks);
void check_persistence(volley::Context& context, Checks& checks);
void check_storage(volley::Context& context, Checks& checks);
void check_number_keys(volley::Context& context, Checks& checks);
void check_text_keys(volley::Context& context, Checks& checks);
void check_compound_keys(volley::Context& context, Checks& checks);
void check_records(volley::Context& context, Checks& checks);
void check_large_inputs(volley::Context& context, Checks& checks);
void check_values(volley::Context& context, Checks& checks);
void check_layout(volley::Context& context, Checks& checks);
void check_keyed_folds(volley::Context& context, Checks& checks);
void check_cogroups(volley::Context& context, Checks& checks);
void check_folding(volley::Context& context, Checks& checks);
void check_futures(volley::Context& context, Checks& checks);
void check_barriers(volley::Context& context, Checks& checks);
void check_pipes(volley::Context& context, Checks& checks);
void check_remote_blocks(volley::Context& context, Checks& checks);
void check_broadcasts(volley::Context& context, Checks& checks);
void check_listening(volley::Context& context, Checks& checks);
void check_accumulators(volley::Context& context, Checks& checks);
void check_hdf5(volley::Context& context, Checks& checks);
void check_formats(volley::Context& context, Checks& checks);
void check_repeatability(volley::Context& context, Checks& checks);

}  // namespace cluster_test
