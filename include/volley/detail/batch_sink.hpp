#pragma once
// BatchSink: where the records of a partition go, a batch at a time and one virtual call for each.

#include <cstdint>
#include <span>

namespace volley::detail {

/// Takes records in batches: movable ones that the consumer may empty, or constant ones.
template <class T>
class BatchSink {
 public:
  virtual ~BatchSink() = default;
  virtual void push(std::span<T> batch) = 0;
  virtual void push_const(std::span<const T> batch) = 0;
  /// So many records will come in all, as far as the source knows.
  virtual void expect(std::uint64_t /*records*/) {}
};

}  // namespace volley::detail
