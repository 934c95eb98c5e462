// Bruck's exchange with blocks padded to the largest one's size; large blocks go in rounds of a
// slice each. See bruck_slots().
#include "exchange/alltoall/phased_alltoall.hpp"
#include "exchange/alltoall/schedules.hpp"

#include <bit>
#include <cstring>

namespace volley::exchange {
namespace {

class Bruck final : public PhasedAllToAll {
 public:
  explicit Bruck(const AllToAllParts& parts)
      : PhasedAllToAll(parts),
        shape_(parts.shape),
        self_(static_cast<std::uint32_t>(parts.group.rank())),
        ranks_(static_cast<std::uint32_t>(parts.group.size())),
        tag_(first_tag(parts.options)),
        steps_(static_cast<std::uint32_t>(std::bit_width(ranks_ - 1))),
        slice_(bruck_slice(ranks_, parts.facts.largest_block, parts.options.staging_bytes)),
        rounds_(rounds_of(parts.facts.largest_block, slice_)),
        largest_(parts.facts.largest_block),
        slots_(ranks_ * slice_),
        outgoing_((ranks_ + 1) / 2 * slice_),
        incoming_((ranks_ + 1) / 2 * slice_) {}

 private:
  bool fill(std::uint64_t phase, MessageWindow& window) override {
    if (phase == 0) {
      const std::size_t self = self_;
      window.copy(send_ + shape_.send_offsets[self], receive_ + shape_.receive_offsets[self],
                  shape_.send_bytes[self]);
    }
    if (steps_ == 0) return phase == 0;
    const std::uint64_t round = phase / steps_;
    const auto step = static_cast<std::uint32_t>(phase % steps_);
    if (phase != 0) place(1U << (step == 0 ? steps_ - 1 : step - 1));
    if (step == 0) {
      if (round != 0) unload(round - 1);
      if (round == rounds_) return false;
      load(round);
    }
    const std::uint32_t distance = 1U << step;
    std::uint64_t bytes = 0;
    for (const std::uint32_t slot : bruck_slots(ranks_, distance)) {
      std::memcpy(outgoing_.data() + bytes, slots_.data() + slot * width_, width_);
      bytes += width_;
    }
    const auto to = static_cast<int>((self_ + distance) % ranks_);
    const auto from = static_cast<int>((self_ + ranks_ - distance) % ranks_);
    window.receive(from, tag_, incoming_.data(), bytes);
    window.send(to, tag_, outgoing_.data(), bytes);
    return true;
  }

  /// What came in the step of this distance goes to its slots.
  void place(std::uint32_t distance) {
    std::uint64_t at = 0;
    for (const std::uint32_t slot : bruck_slots(ranks_, distance)) {
      std::memcpy(slots_.data() + slot * width_, incoming_.data() + at, width_);
      at += width_;
    }
  }

  void load(std::uint64_t round) {
    width_ = slice_of(largest_, slice_, round);
    for (std::uint32_t slot = 1; slot < ranks_; ++slot) {
      const std::size_t to = (self_ + slot) % ranks_;
      const std::uint64_t bytes = slice_of(shape_.send_bytes[to], slice_, round);
      if (bytes == 0) continue;
      std::memcpy(slots_.data() + slot * width_, send_ + shape_.send_offsets[to] + round * slice_,
                  bytes);
    }
  }

  void unload(std::uint64_t round) {
    for (std::uint32_t slot = 1; slot < ranks_; ++slot) {
      const std::size_t from = (self_ + ranks_ - slot) % ranks_;
      const std::uint64_t bytes = slice_of(shape_.receive_bytes[from], slice_, round);
      if (bytes == 0) continue;
      std::memcpy(receive_ + shape_.receive_offsets[from] + round * slice_,
                  slots_.data() + slot * width_, bytes);
    }
  }

  ExchangeShape shape_;
  std::uint32_t self_;
  std::uint32_t ranks_;
  int tag_;
  std::uint32_t steps_;
  std::uint64_t slice_;
  std::uint64_t rounds_;
  std::uint64_t largest_;
  std::uint64_t width_ = 0;  ///< of a slot in this round
  std::vector<std::byte> slots_;
  std::vector<std::byte> outgoing_;
  std::vector<std::byte> incoming_;
};

}  // namespace

std::unique_ptr<AllToAll> make_bruck(const AllToAllParts& parts) {
  return std::make_unique<Bruck>(parts);
}

}  // namespace volley::exchange
