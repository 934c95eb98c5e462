#include "bench/kernels/shuffle_with_mpi.hpp"

#include "bench/buffer.hpp"
#include "bench/kernels/measure.hpp"
#include "bench/session.hpp"
#include "bench/shuffle_records.hpp"
#include "exchange/alltoall/group_handles.hpp"
#include "net/mpi_handles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace volley::bench {
namespace {

enum Phase : std::size_t { path, write, move, read, phases };
constexpr std::array<const char*, phases> names = {"mpi-path", "mpi-write", "mpi-move", "mpi-read"};

class Rival {
 public:
  Rival(const exchange::RankGroup& group, const Pattern& pattern, std::uint64_t records,
        std::uint64_t seed)
      : communicator_(group.handles().communicator),
        ranks_(static_cast<std::size_t>(group.size())),
        self_(static_cast<std::size_t>(group.rank())),
        begin_(share_begin(records, self_, ranks_)),
        end_(share_begin(records, self_ + 1, ranks_)),
        seed_(seed),
        targets_(pattern, static_cast<std::uint32_t>(self_), static_cast<std::uint32_t>(ranks_)),
        send_counts_(ranks_),
        send_places_(ranks_),
        receive_counts_(ranks_),
        receive_places_(ranks_) {
    const std::uint64_t mean = records / ranks_ / ranks_;
    const auto self = static_cast<std::uint32_t>(self_);
    for (std::uint32_t rank = 0; rank < ranks_; ++rank) {
      send_room_.push_back(room_for(pattern.bytes(self, rank, mean)));
      send_places_[rank] = static_cast<int>(send_records_);
      receive_places_[rank] = static_cast<int>(receive_records_);
      send_records_ += send_room_.back();
      receive_records_ += room_for(pattern.bytes(rank, self, mean));
    }
    for (std::uint32_t one = 0; one < ranks_; ++one) {
      std::uint64_t sends = 0;
      std::uint64_t receives = 0;
      for (std::uint32_t other = 0; other < ranks_; ++other) {
        sends += room_for(pattern.bytes(one, other, mean));
        receives += room_for(pattern.bytes(other, one, mean));
      }
      most_records_ = std::max({most_records_, sends, receives});
    }
    MPI_Type_contiguous(sizeof(ShuffleRecord), MPI_BYTE, &type_);
    MPI_Type_commit(&type_);
  }
  ~Rival() { MPI_Type_free(&type_); }
  Rival(const Rival&) = delete;
  Rival& operator=(const Rival&) = delete;

  /// The same on all ranks.
  bool countable() const { return most_records_ < 0x7fffffff; }
  std::uint64_t send_bytes() const { return send_records_ * sizeof(ShuffleRecord); }
  std::uint64_t receive_bytes() const { return receive_records_ * sizeof(ShuffleRecord); }

  /// One shuffle; the seconds of each phase on this rank.
  base::Result<std::array<double, phases>> run(Buffer& send, Buffer& receive) {
    std::array<double, phases> seconds{};
    auto* out = reinterpret_cast<ShuffleRecord*>(send.data());
    const auto* in = reinterpret_cast<const ShuffleRecord*>(receive.data());
    MPI_Barrier(communicator_);
    const double start = MPI_Wtime();
    if (!write_blocks(out)) return base::Failure{"a block of the MPI shuffle overflowed"};
    seconds[write] = MPI_Wtime() - start;
    MPI_Barrier(communicator_);
    const double written = MPI_Wtime();
    MPI_Alltoall(send_counts_.data(), 1, MPI_INT, receive_counts_.data(), 1, MPI_INT,
                 communicator_);
    const int code =
        MPI_Alltoallv(out, send_counts_.data(), send_places_.data(), type_, receive.data(),
                      receive_counts_.data(), receive_places_.data(), type_, communicator_);
    if (code != MPI_SUCCESS) return net::mpi_failure("MPI_Alltoallv", code);
    seconds[move] = MPI_Wtime() - written;
    MPI_Barrier(communicator_);
    const double moved = MPI_Wtime();
    read_blocks(in);
    const double end = MPI_Wtime();
    seconds[read] = end - moved;
    seconds[path] = end - start;
    return seconds;
  }

  /// Collective: whether what all ranks read is what all wrote.
  base::Result<bool> sums_fit() const {
    std::array<std::uint64_t, 2> sums = {written_, read_};
    const int code =
        MPI_Allreduce(MPI_IN_PLACE, sums.data(), 2, MPI_UINT64_T, MPI_SUM, communicator_);
    if (code != MPI_SUCCESS) return net::mpi_failure("MPI_Allreduce", code);
    return sums[0] == sums[1];
  }

 private:
  /// A block holds its mean and more than any deviation that happens.
  static std::uint64_t room_for(std::uint64_t records) { return records + records / 16 + 1024; }

  bool write_blocks(ShuffleRecord* out) {
    std::vector<std::uint64_t> used(ranks_);
    std::uint64_t sum = 0;
    for (std::uint64_t index = begin_; index < end_; ++index) {
      ShuffleRecord record = shuffle_record(index, seed_);
      record.first = targets_.key(record.first);
      const std::size_t to = shuffle_target(record.first, static_cast<std::uint32_t>(ranks_));
      if (used[to] == send_room_[to]) return false;
      out[static_cast<std::size_t>(send_places_[to]) + used[to]++] = record;
      sum += checksum(record);
    }
    written_ = sum;
    for (std::size_t to = 0; to < ranks_; ++to) send_counts_[to] = static_cast<int>(used[to]);
    return true;
  }
  void read_blocks(const ShuffleRecord* in) {
    std::uint64_t sum = 0;
    for (std::size_t from = 0; from < ranks_; ++from) {
      const ShuffleRecord* const block = in + receive_places_[from];
      const auto count = static_cast<std::size_t>(receive_counts_[from]);
      for (std::size_t i = 0; i < count; ++i) sum += checksum(block[i]);
    }
    read_ = sum;
  }

  MPI_Comm communicator_;
  std::size_t ranks_;
  std::size_t self_;
  std::uint64_t begin_;
  std::uint64_t end_;
  std::uint64_t seed_;
  TargetChoice targets_;
  std::vector<std::uint64_t> send_room_;  ///< records of each block
  std::uint64_t send_records_ = 0;        ///< that the buffers have room for
  std::uint64_t receive_records_ = 0;
  std::uint64_t most_records_ = 0;  ///< of any rank
  MPI_Datatype type_ = MPI_DATATYPE_NULL;
  std::vector<int> send_counts_, send_places_, receive_counts_, receive_places_;
  std::uint64_t written_ = 0;
  std::uint64_t read_ = 0;
};

}  // namespace

base::Result<std::vector<Row>> shuffle_with_mpi(const exchange::RankGroup& group,
                                                const Options& options, std::uint64_t bytes,
                                                double injection) {
  const auto ranks = static_cast<std::uint32_t>(group.size());
  const auto pattern = Pattern::make(options.pattern, ranks, options.seed, {});
  if (!pattern) return pattern.failure();
  Rival rival(group, pattern.value(), bytes / sizeof(ShuffleRecord), options.seed);
  std::vector<Row> rows;
  if (!rival.countable()) return rows;
  auto send = Buffer::make(rival.send_bytes());
  if (!send) return send.failure();
  auto receive = Buffer::make(rival.receive_bytes());
  if (!receive) return receive.failure();
  std::array<std::vector<double>, phases> times;
  const std::uint64_t warm_up = warm_up_of(options, bytes);
  for (std::uint64_t i = 0; i < warm_up + iterations_of(options, bytes); ++i) {
    const auto seconds = rival.run(send.value(), receive.value());
    if (!seconds) return seconds.failure();
    for (std::size_t phase = 0; phase < phases && i >= warm_up; ++phase) {
      times[phase].push_back(seconds.value()[phase]);
    }
  }
  const auto fit = rival.sums_fit();
  if (!fit) return fit.failure();
  if (!fit.value()) return base::Failure{fmt::format("{}the shuffle with MPI", wrong_contents)};
  for (std::size_t phase = 0; phase < phases; ++phase) {
    const auto measured = bring_together(group, times[phase]);
    if (!measured) return measured.failure();
    Row row =
        row_of(measured.value(), names[phase], phase == move ? "MPI_Alltoallv" : "MPI", bytes);
    rate(row, traffic_of_shuffle(bytes, static_cast<std::uint32_t>(group.size())), injection);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace volley::bench
