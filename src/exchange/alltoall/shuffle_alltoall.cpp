// What the shuffle service does with the output of map tasks, as an exchange beside the others: the
// same mover, over the same channel, with blocks cut into chunks as large as slabs are by default,
// each with a checksum that is compared when it has arrived. What is for ranks of the own node is
// left where it is, since in a shuffle they read it there.
#include "exchange/alltoall/group_handles.hpp"
#include "exchange/alltoall/phased_alltoall.hpp"
#include "exchange/checksum.hpp"
#include "exchange/data_mover.hpp"
#include "net/mpi_data_channel.hpp"
#include "net/mpi_handles.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace volley::exchange {
namespace {

constexpr std::uint64_t chunk_bytes = 1ULL << 20U;

/// What goes to, or comes from, one rank.
struct Peer {
  base::Rank rank = 0;
  std::vector<std::uint64_t> sizes;      ///< of the chunks
  std::vector<std::uint64_t> offsets;    ///< in the buffer
  std::vector<std::uint64_t> checksums;  ///< 0: not known yet
};

std::vector<Peer> peers_of(const RankGroup& group, const std::vector<std::uint64_t>& bytes,
                           const std::vector<std::uint64_t>& offsets) {
  std::vector<Peer> peers;
  const auto self = static_cast<std::size_t>(group.rank());
  for (std::size_t step = 1; step < bytes.size(); ++step) {
    const std::size_t rank = (self + step) % bytes.size();
    if (group.node_of_rank()[rank] == group.node_of_rank()[self] || bytes[rank] == 0) continue;
    Peer& peer = peers.emplace_back();
    peer.rank = static_cast<base::Rank>(rank);
    for (std::uint64_t at = 0; at < bytes[rank]; at += chunk_bytes) {
      peer.sizes.push_back(std::min(chunk_bytes, bytes[rank] - at));
      peer.offsets.push_back(offsets[rank] + at);
    }
    peer.checksums.assign(peer.sizes.size(), 0);
  }
  return peers;
}

class ShuffleAllToAll final : public AllToAll {
 public:
  explicit ShuffleAllToAll(const AllToAllParts& parts)
      : AllToAll(parts.choice, parts.facts),
        tag_(static_cast<std::uint32_t>(first_tag(parts.options))),
        communicator_(parts.group.handles().communicator),
        channel_(net::MpiDataChannel::over({communicator_, MPI_COMM_NULL})),
        targets_(peers_of(parts.group, parts.shape.send_bytes, parts.shape.send_offsets)),
        sources_(peers_of(parts.group, parts.shape.receive_bytes, parts.shape.receive_offsets)) {
    MoverOptions options;
    options.segment_bytes = std::min(parts.choice.segment, chunk_bytes);
    options.eager_bytes = channel_.eager_bytes();
    options.window = parts.choice.window;
    mover_ = make_windowed_pairwise(
        parts.group.rank(), static_cast<std::size_t>(parts.group.size()), channel_, options);
  }

  bool shares_within_node() const override { return true; }

  base::Status written(const std::byte* send) override {
    std::vector<MPI_Request> requests;
    int code = MPI_SUCCESS;
    const int tag = static_cast<int>(tag_ + 1);
    for (Peer& peer : sources_) {
      if (code != MPI_SUCCESS) break;
      code = MPI_Irecv(peer.checksums.data(), static_cast<int>(peer.checksums.size()), MPI_UINT64_T,
                       peer.rank, tag, communicator_, &requests.emplace_back());
    }
    for (Peer& peer : targets_) {
      for (std::size_t i = 0; i < peer.sizes.size(); ++i) {
        peer.checksums[i] = checksum_of({send + peer.offsets[i], peer.sizes[i]});
      }
      if (code != MPI_SUCCESS) break;
      code = MPI_Isend(peer.checksums.data(), static_cast<int>(peer.checksums.size()), MPI_UINT64_T,
                       peer.rank, tag, communicator_, &requests.emplace_back());
    }
    if (code == MPI_SUCCESS) {
      code = MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
    }
    return net::mpi_status("exchanging checksums", code);
  }

  base::Status start(const std::byte* send, std::byte* receive) override {
    for (const Peer& peer : targets_) {
      blocks_.clear();
      for (std::size_t i = 0; i < peer.sizes.size(); ++i) {
        blocks_.emplace_back(send + peer.offsets[i], peer.sizes[i]);
      }
      sent_.push_back(mover_->send(peer.rank, tag_, blocks_));
    }
    for (const Peer& peer : sources_) {
      places_.clear();
      for (const std::uint64_t offset : peer.offsets) places_.push_back(receive + offset);
      received_.push_back(mover_->receive(peer.rank, tag_, {peer.sizes, places_, peer.checksums}));
    }
    return base::Done{};
  }

  base::Result<bool> progress() override {
    mover_->progress();
    if (mover_->busy()) return false;
    const auto status = finish();
    if (!status) return status.failure();
    return true;
  }

  base::Status run(const std::byte* send, std::byte* receive) override {
    if (const auto status = start(send, receive); !status) return status;
    while (mover_->busy()) mover_->progress();
    return finish();
  }

 private:
  base::Status finish() {
    for (const DataMover::Stream stream : sent_) mover_->close(stream);
    sent_.clear();
    std::size_t damaged = 0;
    for (const DataMover::Stream stream : received_) {
      damaged += mover_->arrival(stream).damaged.size();
      mover_->close(stream);
    }
    received_.clear();
    if (damaged == 0) return base::Done{};
    return base::Failure{fmt::format("{} chunks arrived damaged", damaged)};
  }

  std::uint32_t tag_;
  MPI_Comm communicator_;
  net::MpiDataChannel channel_;
  std::unique_ptr<DataMover> mover_;
  std::vector<Peer> targets_;
  std::vector<Peer> sources_;
  std::vector<DataMover::Stream> sent_;
  std::vector<DataMover::Stream> received_;
  std::vector<std::byte*> places_;
  std::vector<std::span<const std::byte>> blocks_;
};

}  // namespace

std::unique_ptr<AllToAll> make_shuffle(const AllToAllParts& parts) {
  return std::make_unique<ShuffleAllToAll>(parts);
}

}  // namespace volley::exchange
