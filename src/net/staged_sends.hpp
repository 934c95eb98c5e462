#pragma once
// StagedSends: short messages that are sent from copies of their own, so that the sender is done
// with a message when it has started it. MPI libraries may say that a message is sent only when its
// receiver has taken it and said so; to learn that takes longer than to copy it. Belongs to one
// MpiDataChannel; holds a fixed number of copies, each until MPI does not need it any more.

#include <mpi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace volley::net {

class StagedSends {
 public:
  /// Messages are at most this long. Of longer ones the copy took as long as it saved.
  static constexpr std::uint64_t largest = 2048;

  StagedSends();
  StagedSends(const StagedSends&) = delete;
  StagedSends& operator=(const StagedSends&) = delete;
  /// Messages that are still on their way arrive nevertheless.
  ~StagedSends() { release(); }

  /// False when there is no room for a copy, or MPI refused: nothing was sent.
  bool send(std::span<const std::byte> message, int to, int tag, MPI_Comm communicator) {
    MPI_Request& request = requests_[next_];
    if (request != MPI_REQUEST_NULL || !memory_) return false;
    std::byte* copy = memory_[next_].bytes.data();
    std::memcpy(copy, message.data(), message.size());
    const int code = MPI_Isend(copy, static_cast<int>(message.size()), MPI_BYTE, to, tag,
                               communicator, &request);
    if (code != MPI_SUCCESS) {
      request = MPI_REQUEST_NULL;
      return false;
    }
    next_ = (next_ + 1) % copies;
    return true;
  }
  /// Asks MPI about the copy that is used next. It does so here and not when it is used: there,
  /// MPI's answer would delay the message.
  void look() {
    MPI_Request& request = requests_[next_];
    if (request == MPI_REQUEST_NULL) return;
    int complete = 0;
    const int code = MPI_Test(&request, &complete, MPI_STATUS_IGNORE);
    if (code != MPI_SUCCESS) request = MPI_REQUEST_NULL;
    // One to a rank that is gone may stay for ever: the others are used meanwhile.
    if (code == MPI_SUCCESS && complete == 0) next_ = (next_ + 1) % copies;
  }
  /// Leaves what is on its way to MPI, and its memory with it. Nothing is sent afterwards.
  void release();

 private:
  /// Few, so that they stay in the cache; a burst of more goes without copies.
  static constexpr std::size_t copies = 8;
  struct alignas(64) Copy {
    std::array<std::byte, largest> bytes;
  };

  std::array<MPI_Request, copies> requests_;  ///< null: the copy is free
  std::size_t next_ = 0;
  std::unique_ptr<Copy[]> memory_;
};

}  // namespace volley::net
