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
#include <span>
#include <vector>

namespace volley::exchange {

class DataMover {
 public:
  /// Blocks on their way to or from one rank.
  using Stream = std::uint64_t;

  virtual ~DataMover() = default;

  /// Sends blocks, which must stay as they are until the stream is complete. `tag` is not in use by
  /// another unfinished stream between the two ranks.
  virtual Stream send(base::Rank to, std::uint32_t tag,
                      std::vector<std::span<const std::byte>> blocks) = 0;
  /// Receives blocks of these sizes; block i to `destinations[i]`. No destinations: the bytes are
  /// received and thrown away. Packed blocks (segment_plan.hpp) must be neighbours in memory.
  virtual Stream receive(base::Rank from, std::uint32_t tag, std::vector<std::uint64_t> sizes,
                         std::vector<std::byte*> destinations) = 0;
  /// Starts and completes what it can without waiting; whether anything happened.
  virtual bool progress() = 0;
  /// How many leading blocks of a stream have moved completely.
  virtual std::size_t complete(Stream stream) const = 0;
  /// What came of decoding a stream that is received so far.
  struct Decoding {
    std::uint64_t wire_bytes = 0;      ///< as they came over the network
    std::vector<std::size_t> damaged;  ///< blocks that could not be decoded; their memory is junk
  };
  /// Null when blocks move as they are.
  virtual const Decoding* decoding(Stream) const { return nullptr; }
  /// Forgets a stream of which all blocks are complete.
  virtual void close(Stream stream) = 0;
  /// Whether something is still to be moved.
  virtual bool busy() const = 0;
};

/// Limits on what is in motion at one time.
struct MoverOptions {
  std::uint64_t segment_bytes = 1ULL << 20U;   ///< largest message; at most 1 GiB
  std::uint32_t window = 8;                    ///< messages in flight to, and from, each rank
  std::uint32_t sending_peers = 16;            ///< ranks that are sent to at a time
  std::uint64_t staging_bytes = 32ULL << 20U;  ///< for packing small blocks; at least one segment
};

/// Pairwise exchange: rank r serves r+1, r+2, ... in this order, several of them at a time and a
/// window of segments each, so that the ranks do not all send to the same one. Receives are posted
/// for every peer, straight into place, so that no sender waits for another one's turn.
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
