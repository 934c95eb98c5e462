#include "net/staged_sends.hpp"

namespace volley::net {

StagedSends::StagedSends() : memory_(std::make_unique<Copy[]>(copies)) {
  requests_.fill(MPI_REQUEST_NULL);
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
