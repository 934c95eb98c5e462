#include "net/mpi_data_channel.hpp"

#include "net/mpi_handles.hpp"
#include "net/mpi_world.hpp"

#include <unordered_map>
#include <utility>

namespace volley::net {

namespace {

struct Transfer {
  MPI_Request request = MPI_REQUEST_NULL;
  std::uint64_t size = 0;
  bool receives = false;
  bool failed = false;
};

}  // namespace

struct MpiDataChannel::State {
  MPI_Comm communicator = MPI_COMM_NULL;
  int largest_tag = 0;
  Ticket next = 1;
  std::unordered_map<Ticket, Transfer> transfers;

  Ticket add(const Transfer& transfer) {
    transfers.emplace(next, transfer);
    return next++;
  }
};

int folded_tag(std::uint32_t tag, int largest) {
  return static_cast<int>(tag % (static_cast<std::uint64_t>(largest) + 1));
}

MpiDataChannel::MpiDataChannel(std::unique_ptr<State> state) : state_(std::move(state)) {}
MpiDataChannel::MpiDataChannel(MpiDataChannel&& other) noexcept = default;
MpiDataChannel& MpiDataChannel::operator=(MpiDataChannel&& other) noexcept = default;
MpiDataChannel::~MpiDataChannel() = default;

base::Result<MpiDataChannel> MpiDataChannel::open(const MpiWorld& world) {
  auto communicator = duplicate_communicator(world.handles().world);
  if (!communicator) return communicator.failure();
  auto state = std::make_unique<State>();
  state->communicator = communicator.value();
  state->largest_tag = net::largest_tag(state->communicator);
  return MpiDataChannel(std::move(state));
}

void MpiDataChannel::close() {
  VOLLEY_CHECK(state_->transfers.empty(), "in flight={}", state_->transfers.size());
  MPI_Comm_free(&state_->communicator);
}

std::uint64_t MpiDataChannel::distinct_tags() const {
  return static_cast<std::uint64_t>(state_->largest_tag) + 1;
}

DataChannel::Ticket MpiDataChannel::send(base::Rank to, std::uint32_t tag,
                                         std::span<const std::byte> block) {
  VOLLEY_CHECK(block.size() <= largest_message, "size={}", block.size());
  Transfer transfer{.size = block.size()};
  transfer.failed = MPI_Isend(block.data(), static_cast<int>(block.size()), MPI_BYTE, to,
                              folded_tag(tag, state_->largest_tag), state_->communicator,
                              &transfer.request) != MPI_SUCCESS;
  return state_->add(transfer);
}

DataChannel::Ticket MpiDataChannel::receive(base::Rank from, std::uint32_t tag,
                                            std::span<std::byte> block) {
  VOLLEY_CHECK(block.size() <= largest_message, "size={}", block.size());
  Transfer transfer{.size = block.size(), .receives = true};
  transfer.failed = MPI_Irecv(block.data(), static_cast<int>(block.size()), MPI_BYTE, from,
                              folded_tag(tag, state_->largest_tag), state_->communicator,
                              &transfer.request) != MPI_SUCCESS;
  return state_->add(transfer);
}

bool MpiDataChannel::done(Ticket ticket) {
  const auto at = state_->transfers.find(ticket);
  VOLLEY_CHECK(at != state_->transfers.end(), "ticket {} is not in flight", ticket);
  Transfer& transfer = at->second;
  if (transfer.failed) return false;
  int complete = 0;
  MPI_Status status;
  const int code = MPI_Test(&transfer.request, &complete, &status);
  if (code != MPI_SUCCESS) {
    int kind = 0;
    MPI_Error_class(code, &kind);
    VOLLEY_CHECK(kind != MPI_ERR_TRUNCATE, "a block larger than the {} bytes expected arrived",
                 transfer.size);
    transfer.failed = true;
    return false;
  }
  if (complete == 0) return false;
  if (transfer.receives) {
    int count = 0;
    MPI_Get_count(&status, MPI_BYTE, &count);
    VOLLEY_CHECK(static_cast<std::uint64_t>(count) == transfer.size, "expected {} bytes, got {}",
                 transfer.size, count);
  }
  state_->transfers.erase(at);
  return true;
}

void MpiDataChannel::abandon(Ticket ticket) { state_->transfers.erase(ticket); }

std::size_t MpiDataChannel::in_flight() const { return state_->transfers.size(); }

}  // namespace volley::net
