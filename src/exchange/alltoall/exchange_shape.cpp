#include "exchange/alltoall/exchange_shape.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace volley::exchange {
namespace {

std::vector<std::uint64_t> offsets_of(const std::vector<std::uint64_t>& bytes) {
  std::vector<std::uint64_t> offsets(bytes.size());
  std::exclusive_scan(bytes.begin(), bytes.end(), offsets.begin(), std::uint64_t{0});
  return offsets;
}

}  // namespace

ExchangeShape ExchangeShape::packed(std::vector<std::uint64_t> send_bytes,
                                    std::vector<std::uint64_t> receive_bytes) {
  ExchangeShape shape;
  shape.send_offsets = offsets_of(send_bytes);
  shape.receive_offsets = offsets_of(receive_bytes);
  shape.send_bytes = std::move(send_bytes);
  shape.receive_bytes = std::move(receive_bytes);
  return shape;
}

std::uint64_t ExchangeShape::bytes_sent() const {
  return std::accumulate(send_bytes.begin(), send_bytes.end(), std::uint64_t{0});
}

std::uint64_t ExchangeShape::bytes_received() const {
  return std::accumulate(receive_bytes.begin(), receive_bytes.end(), std::uint64_t{0});
}

std::uint64_t ShapeFacts::pairs() const { return std::uint64_t{ranks} * (ranks - 1); }

double ShapeFacts::mean_block() const {
  return pairs() == 0 ? 0 : static_cast<double>(total_bytes) / static_cast<double>(pairs());
}

double ShapeFacts::skew() const {
  return total_bytes == 0 ? 1 : static_cast<double>(largest_block) / mean_block();
}

std::uint64_t slice_of(std::uint64_t bytes, std::uint64_t slice, std::uint64_t round) {
  const std::uint64_t before = round * slice;
  return before >= bytes ? 0 : std::min(slice, bytes - before);
}

std::uint64_t rounds_of(std::uint64_t largest_block, std::uint64_t slice) {
  return std::max<std::uint64_t>(1, (largest_block + slice - 1) / slice);
}

}  // namespace volley::exchange
