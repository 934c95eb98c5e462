#include "bench/kernels/exchange_operation.hpp"

#include "bench/kernels/collect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace volley::bench {

exchange::ExchangeShape shape_of(const Pattern& pattern, std::uint32_t ranks, std::uint32_t self,
                                 std::uint64_t mean) {
  std::vector<std::uint64_t> sends, receives;
  for (std::uint32_t rank = 0; rank < ranks; ++rank) {
    sends.push_back(pattern.bytes(self, rank, mean));
    receives.push_back(pattern.bytes(rank, self, mean));
  }
  return exchange::ExchangeShape::packed(std::move(sends), std::move(receives));
}

base::Result<Traffic> traffic_of(const exchange::RankGroup& group,
                                 const exchange::ExchangeShape& shape) {
  const auto sent = static_cast<double>(shape.bytes_sent());
  const auto received = static_cast<double>(shape.bytes_received());
  const auto kept = static_cast<double>(shape.send_bytes[static_cast<std::size_t>(group.rank())]);
  const auto busiest = maximum(group, std::max(sent, received));
  const auto network = maximum(group, std::max(sent, received) - kept);
  const auto most = maximum(group, received);
  const auto total = sum(group, received);
  for (const auto* each : {&busiest, &network, &most, &total}) {
    if (!*each) return each->failure();
  }
  Traffic traffic{busiest.value(), network.value(), 1};
  if (total.value() > 0) traffic.imbalance = most.value() * group.size() / total.value();
  return traffic;
}

ExchangeOperation::ExchangeOperation(const exchange::RankGroup& group,
                                     const exchange::ExchangeShape& shape,
                                     exchange::AllToAll& exchange, Buffer& send, Buffer& receive,
                                     std::optional<std::uint64_t> seed)
    : self_(static_cast<std::size_t>(group.rank())),
      nodes_(group.node_of_rank()),
      shape_(shape),
      exchange_(exchange),
      send_(send),
      receive_(receive),
      seed_(seed) {}

ContentKey ExchangeOperation::key(std::size_t from, std::size_t to, std::uint64_t iteration) const {
  return {*seed_, static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to), iteration};
}

void ExchangeOperation::before(std::uint64_t iteration) {
  if (!seed_ && written_) return;
  written_ = true;
  if (seed_) fill_blocks(iteration);
  status_ = exchange_.written(send_.data());
}

void ExchangeOperation::fill_blocks(std::uint64_t iteration) {
  for (std::size_t to = 0; to < shape_.send_bytes.size(); ++to) {
    fill(send_.part(shape_.send_offsets[to], shape_.send_bytes[to]), key(self_, to, iteration));
  }
  std::memset(receive_.data(), 0xee, receive_.size());
}

std::string ExchangeOperation::after(std::uint64_t iteration) {
  if (!seed_) return {};
  const std::uint32_t own = nodes_[self_];
  for (std::size_t from = 0; from < shape_.receive_bytes.size(); ++from) {
    if (exchange_.shares_within_node() && nodes_[from] == own) continue;
    const std::uint64_t bytes = shape_.receive_bytes[from];
    const auto place = first_difference(receive_.part(shape_.receive_offsets[from], bytes),
                                        key(from, self_, iteration));
    if (place) {
      return fmt::format("byte {} of the {} from rank {} to rank {} ({}, iteration {})", *place,
                         bytes, from, self_, exchange::name_of(exchange_.choice().algorithm),
                         iteration);
    }
  }
  // Nothing may arrive behind the last block.
  const std::uint64_t end = shape_.bytes_received();
  for (const std::byte each : receive_.part(end, receive_.size() - end)) {
    if (each != std::byte{0xee}) return fmt::format("rank {} received more than its blocks", self_);
  }
  return {};
}

base::Status ExchangeOperation::run() {
  if (!status_) return status_;
  return exchange_.run(send_.data(), receive_.data());
}

}  // namespace volley::bench
