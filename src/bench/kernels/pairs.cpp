#include "bench/kernels/pairs.hpp"

#include "bench/buffer.hpp"
#include "bench/contents.hpp"
#include "bench/kernels/collect.hpp"
#include "bench/kernels/measure.hpp"
#include "exchange/alltoall/group_handles.hpp"
#include "net/mpi_handles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace volley::bench {
namespace {

constexpr std::uint32_t default_window = 8;
constexpr int data_tag = 1;
constexpr int reply_tag = 2;

/// Both ends of the measurements between this rank and another one.
class PairMeter {
 public:
  PairMeter(const exchange::RankGroup& group, const Options& options, Buffer& send, Buffer& receive)
      : communicator_(group.handles().communicator),
        self_(group.rank()),
        options_(options),
        window_(options.window.value_or(default_window)),
        send_(send),
        receive_(receive),
        requests_(window_, MPI_REQUEST_NULL) {}

  /// Half a round trip; both ranks call it, the times are those of the lower one.
  base::Result<double> latency(int partner) {
    const std::uint64_t bytes = options_.smallest;
    std::vector<double> times;
    const std::uint64_t total = warm_up() + iterations();
    for (std::uint64_t i = 0; i < total; ++i) {
      const double start = MPI_Wtime();
      const bool first = self_ < partner;
      if (first) prepare(partner, bytes, i);
      const double sent = MPI_Wtime();
      int code = MPI_SUCCESS;
      if (first) code = pass(partner, send_, true, bytes);
      if (code == MPI_SUCCESS) code = pass(partner, receive_, false, bytes);
      if (code == MPI_SUCCESS && !first) code = pass(partner, receive_, true, bytes);
      if (code != MPI_SUCCESS) return net::mpi_failure("a ping", code);
      const double end = MPI_Wtime();
      // The second rank sends back what it got.
      check(first ? self_ : partner, first ? partner : self_, 0, bytes, i);
      if (i >= warm_up()) times.push_back((end - (first ? sent : start)) / 2);
    }
    return summarize(times).median;
  }

  /// Bytes per second from `from` to the other one; valid on the sender.
  base::Result<double> bandwidth(int from, int partner) {
    const std::uint64_t bytes = options_.largest;
    std::vector<double> times;
    const std::uint64_t total = std::min<std::uint64_t>(warm_up(), 2) + bandwidth_iterations();
    for (std::uint64_t i = 0; i < total; ++i) {
      const auto seconds =
          self_ == from ? send_window(partner, bytes, i) : receive_window(partner, bytes, i);
      if (!seconds) return seconds.failure();
      if (i + bandwidth_iterations() >= total) times.push_back(seconds.value());
    }
    return static_cast<double>(bytes) * window_ / summarize(times).median;
  }

  const std::string& wrong() const { return wrong_; }

 private:
  std::uint64_t iterations() const { return options_.iterations.value_or(100); }
  std::uint64_t warm_up() const { return options_.warm_up.value_or(10); }
  std::uint64_t bandwidth_iterations() const { return std::min<std::uint64_t>(iterations(), 20); }

  int pass(int partner, Buffer& buffer, bool send, std::uint64_t bytes) {
    const auto count = static_cast<int>(bytes);
    return send ? MPI_Send(buffer.data(), count, MPI_BYTE, partner, data_tag, communicator_)
                : MPI_Recv(buffer.data(), count, MPI_BYTE, partner, data_tag, communicator_,
                           MPI_STATUS_IGNORE);
  }

  ContentKey key(int from, int to, std::uint64_t iteration) const {
    return {options_.seed, static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to),
            iteration};
  }
  void prepare(int partner, std::uint64_t bytes, std::uint64_t iteration) {
    if (options_.validate) fill(send_.part(0, bytes), key(self_, partner, iteration));
  }
  void check(int from, int to, std::uint64_t offset, std::uint64_t bytes, std::uint64_t iteration) {
    if (!options_.validate || !wrong_.empty()) return;
    const auto place = first_difference(receive_.part(offset, bytes), key(from, to, iteration));
    if (!place) return;
    wrong_ = fmt::format("byte {} of the {} from rank {} to rank {} (pairs, iteration {})", *place,
                         bytes, from, to, iteration);
  }

  /// All messages carry the same bytes. The receiver says when it is ready and when it has all.
  base::Result<double> send_window(int partner, std::uint64_t bytes, std::uint64_t iteration) {
    prepare(partner, bytes, iteration);
    MPI_Recv(nullptr, 0, MPI_BYTE, partner, reply_tag, communicator_, MPI_STATUS_IGNORE);
    const double start = MPI_Wtime();
    for (MPI_Request& request : requests_) {
      MPI_Isend(send_.data(), static_cast<int>(bytes), MPI_BYTE, partner, data_tag, communicator_,
                &request);
    }
    int code = wait_all();
    if (code == MPI_SUCCESS) {
      code = MPI_Recv(nullptr, 0, MPI_BYTE, partner, reply_tag, communicator_, MPI_STATUS_IGNORE);
    }
    if (code != MPI_SUCCESS) return net::mpi_failure("a window of sends", code);
    return MPI_Wtime() - start;
  }

  base::Result<double> receive_window(int partner, std::uint64_t bytes, std::uint64_t iteration) {
    std::byte* place = receive_.data();
    for (MPI_Request& request : requests_) {
      MPI_Irecv(place, static_cast<int>(bytes), MPI_BYTE, partner, data_tag, communicator_,
                &request);
      place += bytes;
    }
    MPI_Send(nullptr, 0, MPI_BYTE, partner, reply_tag, communicator_);
    int code = wait_all();
    if (code == MPI_SUCCESS) {
      code = MPI_Send(nullptr, 0, MPI_BYTE, partner, reply_tag, communicator_);
    }
    if (code != MPI_SUCCESS) return net::mpi_failure("a window of receives", code);
    for (std::uint64_t i = 0; i < window_; ++i) check(partner, self_, i * bytes, bytes, iteration);
    return 0.0;
  }

  int wait_all() {
    return MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
  }

  MPI_Comm communicator_;
  int self_;
  const Options& options_;
  std::uint32_t window_;
  Buffer& send_;
  Buffer& receive_;
  std::vector<MPI_Request> requests_;
  std::string wrong_;
};

/// This rank's rows of the matrix.
struct Rows {
  std::vector<double> latency;
  std::vector<double> bandwidth;
};

base::Status measure_partner(PairMeter& meter, int self, int partner, Rows& rows) {
  const auto column = static_cast<std::size_t>(partner);
  const auto latency = meter.latency(partner);
  if (!latency) return latency.failure();
  rows.latency[column] = latency.value();
  for (const int from : {std::min(self, partner), std::max(self, partner)}) {
    const auto bandwidth = meter.bandwidth(from, partner);
    if (!bandwidth) return bandwidth.failure();
    if (from == self) rows.bandwidth[column] = bandwidth.value();
  }
  return base::Done{};
}

base::Result<PairMatrix> gather_rows(const exchange::RankGroup& group, const Options& options,
                                     const Rows& rows) {
  const MPI_Comm communicator = group.handles().communicator;
  PairMatrix matrix;
  matrix.ranks = rows.latency.size();
  matrix.latency_bytes = options.smallest;
  matrix.bandwidth_bytes = options.largest;
  const auto gather_one = [&](const std::vector<double>& row, std::vector<double>& all) {
    if (group.rank() == 0) all.resize(matrix.ranks * matrix.ranks);
    const auto count = static_cast<int>(row.size());
    return MPI_Gather(row.data(), count, MPI_DOUBLE, all.data(), count, MPI_DOUBLE, 0,
                      communicator);
  };
  int code = gather_one(rows.latency, matrix.latency);
  if (code == MPI_SUCCESS) code = gather_one(rows.bandwidth, matrix.bandwidth);
  if (code != MPI_SUCCESS) return net::mpi_failure("MPI_Gather", code);
  if (group.rank() != 0) return matrix;
  // A round trip is the same seen from both ends: what the lower rank measured counts.
  for (std::size_t low = 0; low < matrix.ranks; ++low) {
    for (std::size_t high = low + 1; high < matrix.ranks; ++high) {
      matrix.latency[high * matrix.ranks + low] = matrix.latency[low * matrix.ranks + high];
    }
  }
  return matrix;
}

}  // namespace

std::vector<std::vector<std::pair<int, int>>> pair_rounds(int ranks, bool concurrent) {
  std::vector<std::vector<std::pair<int, int>>> rounds;
  const int seats = ranks + ranks % 2;  // with an odd number one rank sits out
  for (int round = 0; round < seats - 1; ++round) {
    std::vector<std::pair<int, int>> pairs;
    for (int i = 0; i < seats / 2; ++i) {
      const int a = i == 0 ? seats - 1 : (round + i) % (seats - 1);
      const int b = (round - i + seats - 1) % (seats - 1);
      if (a < ranks && b < ranks) pairs.emplace_back(std::min(a, b), std::max(a, b));
    }
    if (concurrent) {
      rounds.push_back(std::move(pairs));
      continue;
    }
    for (const auto& pair : pairs) rounds.push_back({pair});
  }
  return rounds;
}

base::Result<PairMatrix> measure_pairs(const exchange::RankGroup& group, const Options& options) {
  const std::uint32_t window = options.window.value_or(default_window);
  auto send = Buffer::make(std::max(options.smallest, options.largest));
  auto receive = Buffer::make(std::max(options.smallest, options.largest * window));
  if (!send) return send.failure();
  if (!receive) return receive.failure();
  PairMeter meter(group, options, send.value(), receive.value());
  const auto ranks = static_cast<std::size_t>(group.size());
  Rows rows{std::vector<double>(ranks), std::vector<double>(ranks)};
  for (const auto& round : pair_rounds(group.size(), options.concurrent)) {
    if (const auto status = sleeping_barrier(group); !status) return status.failure();
    for (const auto& [low, high] : round) {
      if (group.rank() != low && group.rank() != high) continue;
      const int partner = group.rank() == low ? high : low;
      const auto status = measure_partner(meter, group.rank(), partner, rows);
      if (!status) return status.failure();
    }
  }
  if (const auto status = sleeping_barrier(group); !status) return status.failure();
  const auto wrong = first_text(group, meter.wrong());
  if (!wrong) return wrong.failure();
  if (!wrong.value().empty()) return base::Failure{wrong_contents + wrong.value()};
  return gather_rows(group, options, rows);
}

}  // namespace volley::bench
