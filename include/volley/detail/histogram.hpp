#pragma once
// Histograms: which bucket a number belongs to, and the action that counts them.

#include <volley/detail/pipeline.hpp>
#include <volley/statistics.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace volley::detail {

/// Throws InvalidArgument for less than two borders.
void check_borders(const std::vector<double>& borders);
/// The borders of so many buckets from the least to the largest number. Throws UnsupportedOperation
/// when there are none or one is not finite, InvalidArgument for less than one bucket.
std::vector<double> even_borders(const Statistics& numbers, int buckets);

class Buckets {
 public:
  static constexpr std::size_t none = SIZE_MAX;
  Buckets(std::vector<double> borders, bool even) : borders_(std::move(borders)), even_(even) {}

  std::size_t count() const { return borders_.size() - 1; }
  /// The bucket of a number, or none.
  std::size_t of(double value) const { return even_ ? of_even(value) : search(value); }

 private:
  std::size_t of_even(double value) const;
  std::size_t search(double value) const;

  std::vector<double> borders_;
  bool even_;
};

struct HistogramAction {
  explicit HistogramAction(protocol::Reader& in) {
    protocol::read(in, borders);
    protocol::read(in, even);
  }
  template <class T, class Source>
  void run(TaskContext&, Source&& source, protocol::Bytes& result) {
    const Buckets buckets(borders, even);
    std::vector<std::int64_t> counts(buckets.count());
    auto add = [&](auto&& record) {
      const std::size_t bucket = buckets.of(static_cast<double>(record));
      if (bucket != Buckets::none) ++counts[bucket];
    };
    source(add);
    result = protocol::encode(counts);
  }
  std::vector<double> borders;
  bool even = false;
};

}  // namespace volley::detail
