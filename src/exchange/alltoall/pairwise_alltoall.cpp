// Windowed pairwise exchange: every block goes straight from and to its place, in segments, to the
// partners in the order of pairwise_steps().
#include "exchange/alltoall/phased_alltoall.hpp"
#include "exchange/alltoall/schedules.hpp"

namespace volley::exchange {
namespace {

class Pairwise final : public PhasedAllToAll {
 public:
  explicit Pairwise(const AllToAllParts& parts)
      : PhasedAllToAll(parts),
        shape_(parts.shape),
        self_(parts.group.rank()),
        tag_(first_tag(parts.options)),
        steps_(pairwise_steps(self_, parts.group.node_of_rank())) {}

 private:
  bool fill(std::uint64_t phase, MessageWindow& window) override {
    if (phase != 0) return false;
    for (const Partners& step : steps_) {
      const auto from = static_cast<std::size_t>(step.receive_from);
      const auto to = static_cast<std::size_t>(step.send_to);
      window.receive(step.receive_from, tag_, receive_ + shape_.receive_offsets[from],
                     shape_.receive_bytes[from]);
      window.send(step.send_to, tag_, send_ + shape_.send_offsets[to], shape_.send_bytes[to]);
    }
    const auto self = static_cast<std::size_t>(self_);
    window.copy(send_ + shape_.send_offsets[self], receive_ + shape_.receive_offsets[self],
                shape_.send_bytes[self]);
    return true;
  }

  ExchangeShape shape_;
  int self_;
  int tag_;
  std::vector<Partners> steps_;
};

}  // namespace

std::unique_ptr<AllToAll> make_pairwise(const AllToAllParts& parts) {
  return std::make_unique<Pairwise>(parts);
}

}  // namespace volley::exchange
