#include "bench/kernels/simple_operations.hpp"

#include "bench/contents.hpp"
#include "exchange/alltoall/group_handles.hpp"
#include "net/mpi_handles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace volley::bench {
namespace {

class Broadcast final : public Operation {
 public:
  Broadcast(const exchange::RankGroup& group, int root, std::uint64_t bytes, Buffer& buffer,
            std::optional<std::uint64_t> seed)
      : communicator_(group.handles().communicator),
        rank_(group.rank()),
        root_(root),
        bytes_(bytes),
        buffer_(buffer),
        seed_(seed) {}

  void before(std::uint64_t iteration) override {
    if (!seed_) return;
    if (rank_ == root_) {
      fill(buffer_.part(0, bytes_), {*seed_, 0, 0, iteration});
    } else {
      std::memset(buffer_.data(), 0xee, bytes_);
    }
  }
  std::string after(std::uint64_t iteration) override {
    if (!seed_) return {};
    const auto place = first_difference(buffer_.part(0, bytes_), {*seed_, 0, 0, iteration});
    if (!place) return {};
    return fmt::format("byte {} of the {} from rank {} at rank {} (broadcast, iteration {})",
                       *place, bytes_, root_, rank_, iteration);
  }
  base::Status run() override {
    for (std::uint64_t at = 0; at < bytes_; at += net::largest_message) {
      const auto part = static_cast<int>(std::min(net::largest_message, bytes_ - at));
      const int code = MPI_Bcast(buffer_.data() + at, part, MPI_BYTE, root_, communicator_);
      if (code != MPI_SUCCESS) return net::mpi_failure("MPI_Bcast", code);
    }
    return base::Done{};
  }

 private:
  MPI_Comm communicator_;
  int rank_;
  int root_;
  std::uint64_t bytes_;
  Buffer& buffer_;
  std::optional<std::uint64_t> seed_;
};

class Copy final : public Operation {
 public:
  Copy(const exchange::RankGroup& group, std::uint64_t bytes, Buffer& from, Buffer& to,
       std::optional<std::uint64_t> seed)
      : rank_(static_cast<std::uint32_t>(group.rank())),
        bytes_(bytes),
        from_(from),
        to_(to),
        seed_(seed) {}

  void before(std::uint64_t iteration) override {
    if (!seed_) return;
    fill(from_.part(0, bytes_), {*seed_, rank_, rank_, iteration});
    std::memset(to_.data(), 0xee, bytes_);
  }
  std::string after(std::uint64_t iteration) override {
    if (!seed_) return {};
    const auto place = first_difference(to_.part(0, bytes_), {*seed_, rank_, rank_, iteration});
    if (!place) return {};
    return fmt::format("byte {} of {} on rank {} (copy, iteration {})", *place, bytes_, rank_,
                       iteration);
  }
  base::Status run() override {
    std::memcpy(to_.data(), from_.data(), bytes_);
    return base::Done{};
  }

 private:
  std::uint32_t rank_;
  std::uint64_t bytes_;
  Buffer& from_;
  Buffer& to_;
  std::optional<std::uint64_t> seed_;
};

class Shift final : public Operation {
 public:
  Shift(const exchange::RankGroup& group, std::uint64_t bytes, std::uint32_t messages, Buffer& send,
        Buffer& receive)
      : communicator_(group.handles().communicator),
        bytes_(bytes),
        messages_(messages),
        send_(send),
        receive_(receive),
        requests_(2 * std::size_t{messages}, MPI_REQUEST_NULL) {
    const int half = group.size() / 2;
    to_ = (group.rank() + half) % group.size();
    from_ = (group.rank() - half + group.size()) % group.size();
  }

  base::Status run() override {
    const auto count = static_cast<int>(bytes_);
    for (std::size_t i = 0; i < messages_; ++i) {
      MPI_Irecv(receive_.data() + i * bytes_, count, MPI_BYTE, from_, 0, communicator_,
                &requests_[2 * i]);
      MPI_Isend(send_.data() + i * bytes_, count, MPI_BYTE, to_, 0, communicator_,
                &requests_[2 * i + 1]);
    }
    return net::mpi_status("MPI_Waitall", MPI_Waitall(static_cast<int>(requests_.size()),
                                                      requests_.data(), MPI_STATUSES_IGNORE));
  }

 private:
  MPI_Comm communicator_;
  std::uint64_t bytes_;
  std::size_t messages_;
  Buffer& send_;
  Buffer& receive_;
  int to_ = 0;
  int from_ = 0;
  std::vector<MPI_Request> requests_;
};

}  // namespace

std::unique_ptr<Operation> make_broadcast(const exchange::RankGroup& group, int root,
                                          std::uint64_t bytes, Buffer& buffer,
                                          std::optional<std::uint64_t> seed) {
  return std::make_unique<Broadcast>(group, root, bytes, buffer, seed);
}

std::unique_ptr<Operation> make_copy(const exchange::RankGroup& group, std::uint64_t bytes,
                                     Buffer& from, Buffer& to, std::optional<std::uint64_t> seed) {
  return std::make_unique<Copy>(group, bytes, from, to, seed);
}

std::unique_ptr<Operation> make_shift(const exchange::RankGroup& group, std::uint64_t bytes,
                                      std::uint32_t messages, Buffer& send, Buffer& receive) {
  return std::make_unique<Shift>(group, bytes, messages, send, receive);
}

}  // namespace volley::bench
