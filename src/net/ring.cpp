#include "net/ring.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace volley::net {

RingWriter::RingWriter(RingCounters& counters, std::span<std::byte> data)
    : counters_(&counters), data_(data), written_(counters.written.load()) {
  VOLLEY_CHECK(std::has_single_bit(data.size()), "capacity={}", data.size());
}

std::uint64_t RingWriter::room() {
  const std::uint64_t used = written_ - counters_->consumed.load();
  if (used > data_.size()) broken_ = true;
  return broken_ ? 0 : data_.size() - used;
}

std::size_t RingWriter::write(std::span<const std::byte> bytes) {
  const auto size = std::min<std::uint64_t>(bytes.size(), room());
  if (size == 0) return 0;
  const std::uint64_t at = written_ & (data_.size() - 1);
  const auto first = std::min<std::uint64_t>(size, data_.size() - at);
  std::memcpy(data_.data() + at, bytes.data(), first);
  if (size > first) std::memcpy(data_.data(), bytes.data() + first, size - first);
  written_ += size;
  counters_->written.store(written_);
  return size;
}

RingReader::RingReader(RingCounters& counters, std::span<const std::byte> data)
    : counters_(&counters), data_(data), consumed_(counters.consumed.load()) {
  VOLLEY_CHECK(std::has_single_bit(data.size()), "capacity={}", data.size());
}

std::uint64_t RingReader::available() {
  const std::uint64_t unread = counters_->written.load() - consumed_;
  if (unread > data_.size()) broken_ = true;
  return broken_ ? 0 : unread;
}

std::span<const std::byte> RingReader::front() {
  const std::uint64_t at = consumed_ & (data_.size() - 1);
  return data_.subspan(at, std::min<std::uint64_t>(available(), data_.size() - at));
}

void RingReader::consume(std::size_t bytes) {
  consumed_ += bytes;
  counters_->consumed.store(consumed_);
}

}  // namespace volley::net
