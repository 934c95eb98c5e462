#pragma once
// DataMover: the all-to-all's algorithm behind one interface. An exchange says which blocks of
// memory go to which rank and where those of others belong; the mover decides when what moves.
// Algorithms differ in order, grouping and number of messages, never in the result. One thread.

#include "base/ids.hpp"
#include "net/data_channel.hpp"
#include "protocol/driver_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace volley::exchange {

class DataMover {
 public:
  /// Blocks on their way to or from one rank.
  using Stream = std::uint64_t;

  /// Where blocks that come belong.
  struct Landing {
    std::span<const std::uint64_t> sizes;
    /// Block i to `destinations[i]`; packed blocks (segment_plan.hpp) must be neighbours in memory.
    /// None: the bytes are received and thrown away.
    std::span<std::byte* const> destinations;
    /// Checked when a block has arrived, while it is in the cache; 0: it has none. None: no block
    /// has.
    std::span<const std::uint64_t> checksums;
  };
  struct Damage {
    std::size_t block = 0;
    std::optional<std::uint64_t> checksum;  ///< what was found; nothing when it does not decode
  };
  /// What came of a stream that is received so far.
  struct Arrival {
    std::uint64_t wire_bytes = 0;  ///< as they came over the network
    std::vector<Damage> damaged;   ///< ascending
  };

  virtual ~DataMover() = default;

  /// Sends blocks, which must stay as they are until the stream is complete; the list itself need
  /// not. `tag` is not in use by another unfinished stream between the two ranks.
  virtual Stream send(base::Rank to, std::uint32_t tag,
                      std::span<const std::span<const std::byte>> blocks) = 0;
  virtual Stream receive(base::Rank from, std::uint32_t tag, const Landing& landing) = 0;
  /// Starts and completes what it can without waiting; whether anything happened.
  virtual bool progress() = 0;
  /// How many leading blocks of a stream have moved completely.
  virtual std::size_t complete(Stream stream) const = 0;
  virtual const Arrival& arrival(Stream stream) const = 0;
  /// Forgets a stream of which all blocks are complete.
  virtual void close(Stream stream) = 0;
  /// The rank is gone: its streams count as complete, and nothing of them moves any more. False
  /// when something may still be written to where its blocks were to land: see
  /// DataChannel::abandon.
  virtual bool abandon(base::Rank peer) = 0;
  /// Whether something is still to be moved.
  virtual bool busy() const = 0;
};

/// Limits on what is in motion at one time.
struct MoverOptions {
  /// Largest message, at most 1 GiB. As large as a slab: over TCP two messages of half its size
  /// took a tenth longer than one.
  std::uint64_t segment_bytes = 1ULL << 20U;
  /// DataChannel::eager_bytes(), the same on all ranks; see segment_plan.hpp.
  std::uint64_t eager_bytes = 0;
  std::uint32_t window = 8;                    ///< messages in flight to, and from, each rank
  std::uint32_t sending_peers = 16;            ///< ranks that are sent to at a time
  std::uint64_t staging_bytes = 32ULL << 20U;  ///< for packing small blocks; at least one segment
};

/// Pairwise exchange: rank r serves r+1, r+2, ... in this order, several of them at a time and a
/// window of segments each, so that the ranks do not all send to the same one. Receives are posted
/// for every peer, straight into place, so that no sender waits for another one's turn; two
/// segments a peer: an MPI library may copy all that is posted in one go, and what came first shall
/// still be in the cache when its checksum is made.
std::unique_ptr<DataMover> make_windowed_pairwise(base::Rank self, std::size_t ranks,
                                                  net::DataChannel& channel,
                                                  const MoverOptions& options);

/// The same order, with segments compressed where that makes them smaller. Tags are below 2^14; it
/// uses those 2^14 above as well. Packing and decompressing may take `staging_bytes` each.
std::unique_ptr<DataMover> make_compressed_pairwise(base::Rank self, std::size_t ranks,
                                                    net::DataChannel& channel,
                                                    const MoverOptions& options,
                                                    protocol::Codec codec);

}  // namespace volley::exchange
