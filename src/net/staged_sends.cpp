#include "net/staged_sends.hpp"

#include <cstring>

namespace volley::net {

StagedSends::StagedSends() : memory_(std::make_unique<std::byte[]>(copies * largest)) {
  requests_.fill(MPI_REQUEST_NULL);
}

bool StagedSends::send(std::span<const std::byte> message, int to, int tag, MPI_Comm communicator) {
  MPI_Request& request = requests_[next_];
  if (request != MPI_REQUEST_NULL || !memory_) return false;
  std::byte* copy = memory_.get() + next_ * largest;
  std::memcpy(copy, message.data(), message.size());
  const int code =
      MPI_Isend(copy, static_cast<int>(message.size()), MPI_BYTE, to, tag, communicator, &request);
  if (code != MPI_SUCCESS) {
    request = MPI_REQUEST_NULL;
    return false;
  }
  next_ = (next_ + 1) % copies;
  return true;
}

void StagedSends::look() {
  MPI_Request& request = requests_[next_];
  if (request == MPI_REQUEST_NULL) return;
  int complete = 0;
  const int code = MPI_Test(&request, &complete, MPI_STATUS_IGNORE);
  if (code != MPI_SUCCESS) request = MPI_REQUEST_NULL;
  // One to a rank that is gone may stay for ever: the others are used meanwhile.
  if (code == MPI_SUCCESS && complete == 0) next_ = (next_ + 1) % copies;
}

void StagedSends::release() {
  bool in_use = false;
  for (MPI_Request& request : requests_) {
    if (request == MPI_REQUEST_NULL) continue;
    int complete = 0;
    if (MPI_Test(&request, &complete, MPI_STATUS_IGNORE) != MPI_SUCCESS) request = MPI_REQUEST_NULL;
    if (request == MPI_REQUEST_NULL) continue;
    MPI_Request_free(&request);
    in_use = true;
  }
  if (in_use) static_cast<void>(memory_.release());
  memory_.reset();
}

}  // namespace volley::net
