#pragma once
// MpiDataChannel: DataChannel over a communicator of its own. Belongs to the thread that owns MPI.

#include "base/result.hpp"
#include "net/data_channel.hpp"

#include <memory>

namespace volley::net {

class MpiWorld;
struct MpiHandles;

class MpiDataChannel final : public DataChannel {
 public:
  /// Collective over the world.
  static base::Result<MpiDataChannel> open(const MpiWorld& world);
  /// Over the communicator `handles.world`, which is somebody else's: never close()d. Collective.
  static MpiDataChannel over(const MpiHandles& handles);

  MpiDataChannel(MpiDataChannel&& other) noexcept;
  MpiDataChannel& operator=(MpiDataChannel&& other) noexcept;
  ~MpiDataChannel() override;
  /// Collective over the world, with no transfer in flight: frees the communicator.
  void close();

  /// Transfers in flight at a time between two ranks must not have tags that differ by a multiple
  /// of this: MPI libraries offer fewer than 32 bits (Open MPI over shared memory and tcp: 31).
  std::uint64_t distinct_tags() const;

  std::uint64_t eager_bytes() const override;
  Ticket send(base::Rank to, std::uint32_t tag, std::span<const std::byte> block) override;
  Ticket receive(base::Rank from, std::uint32_t tag, std::span<std::byte> block) override;
  void progress() override;
  /// A transfer that MPI reports as failed is never done; its peer is gone, abandon it.
  bool done(Ticket ticket) override;
  bool abandon(Ticket ticket) override;
  /// Transfers neither done nor abandoned.
  std::size_t in_flight() const;

 private:
  struct State;
  explicit MpiDataChannel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A 32-bit tag folded into 0..largest; neighbours stay distinct.
inline int folded_tag(std::uint32_t tag, int largest) {
  const auto most = static_cast<std::uint32_t>(largest);
  return static_cast<int>(tag <= most ? tag : tag % (std::uint64_t{most} + 1));  // rarely divides
}

}  // namespace volley::net
