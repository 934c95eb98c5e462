#pragma once
// MessageWindow: the messages of one phase of an exchange, cut into segments, of which a bounded
// number is in flight in each direction. Sends and receives are posted in the order in which they
// were added; the two ends of a message cut it alike.

#include "base/result.hpp"

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace volley::exchange {

class MessageWindow {
 public:
  /// `window` and `segment` (at most 1 GiB) are at least 1.
  MessageWindow(MPI_Comm communicator, std::uint32_t window, std::uint64_t segment);

  /// Nothing happens for 0 bytes. The memory stays as it is until the phase is complete.
  void send(int to, int tag, const std::byte* from, std::uint64_t bytes);
  void receive(int from, int tag, std::byte* to, std::uint64_t bytes);
  /// A copy within this rank, done piece by piece while messages are in flight.
  void copy(const std::byte* from, std::byte* to, std::uint64_t bytes);

  /// Starts what the windows allow.
  base::Status post();
  /// Does what can be done without waiting; true when the phase is complete.
  base::Result<bool> progress();
  /// Until the phase is complete.
  base::Status wait();

 private:
  struct Message {
    int peer = 0;
    int tag = 0;
    std::byte* address = nullptr;
    std::uint64_t bytes = 0;
  };
  /// Messages of one direction and how far they are posted.
  struct Direction {
    std::vector<Message> messages;
    std::size_t next = 0;
    std::uint64_t offset = 0;
    std::size_t flying = 0;
    bool posted() const { return next == messages.size(); }
  };
  struct Copy {
    const std::byte* from = nullptr;
    std::byte* to = nullptr;
    std::uint64_t bytes = 0;
  };

  void reset();
  base::Status post(Direction& direction, bool sends);
  void copy_piece();
  bool posted() const { return sends_.posted() && receives_.posted(); }
  bool flying() const { return sends_.flying + receives_.flying != 0; }
  base::Status reap(bool waiting);

  MPI_Comm communicator_;
  std::size_t window_;
  std::uint64_t segment_;
  Direction sends_;
  Direction receives_;
  std::vector<Copy> copies_;
  /// Both directions'. Slots in use are among the first `used_`: MPI looks at every one it is
  /// given.
  std::vector<MPI_Request> requests_;
  std::vector<bool> sends_in_slot_;
  std::vector<std::size_t> free_slots_;
  std::size_t used_ = 0;
  std::vector<int> completed_;
};

}  // namespace volley::exchange
