#include "net/mpi_data_channel.hpp"

#include "net/eager_limit.hpp"
#include "net/mpi_handles.hpp"
#include "net/mpi_world.hpp"
#include "net/staged_sends.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <vector>

namespace volley::net {

namespace {

/// So many transfers are looked at in one progress(): it has to stay short however many there are.
constexpr std::size_t tested_at_once = 64;

/// So few are asked for one by one: MPI_Test looks again after it has made progress, MPI_Testsome
/// does not.
constexpr std::size_t few = 2;

/// Over shared memory short messages come so soon that to look again takes no longer than to come
/// back: the callers find what they wait for at their first attempt, which processors predict.
constexpr int looks_at_shared_memory = 8;

/// MPI libraries copy messages up to about this size away at once: their sends are complete. To ask
/// about one that is not would take what has come meanwhile before its receive is posted.
constexpr std::uint64_t copied_by_mpi = 256;

/// Of a send that was complete when it had been started.
constexpr DataChannel::Ticket at_once = 0;

constexpr std::uint32_t nowhere = ~std::uint32_t{0};

/// A place for a transfer; used again and again, for a new generation of tickets each time.
struct Transfer {
  std::uint32_t generation = 0;
  std::uint32_t request = nowhere;  ///< its place among the requests while it is under way
  std::uint64_t size = 0;
  bool in_use = false;
  bool receives = false;
  bool complete = false;
};

std::uint64_t received_bytes(const MPI_Status& status) {
#ifdef OPEN_MPI
  return status._ucount;  // what MPI_Get_count divides by the size of a byte, in 0.01 us
#else
  int count = 0;
  MPI_Get_count(&status, MPI_BYTE, &count);
  return static_cast<std::uint64_t>(count);
#endif
}

std::uint32_t place_of(DataChannel::Ticket ticket) { return static_cast<std::uint32_t>(ticket); }

}  // namespace

/// Its short functions are inline: a shared library would call them through its table.
struct MpiDataChannel::State {
  MPI_Comm communicator = MPI_COMM_NULL;
  int largest_tag = 0;
  std::uint64_t eager_bytes = 0;
  int looks = 1;                   ///< at few requests in one progress()
  std::uint64_t staged_bytes = 0;  ///< sends up to this size are staged
  StagedSends staged;
  std::vector<Transfer> transfers;
  std::vector<std::uint32_t> free;
  std::vector<MPI_Request> requests;       ///< of what is under way, without gaps
  std::vector<std::uint32_t> transfer_of;  ///< beside requests
  std::size_t next_tested = 0;             ///< where the next progress() begins

  Transfer& at(Ticket ticket);
  std::uint32_t take_place();
  template <class Start>
  Ticket start(std::uint64_t size, bool receives, Start&& start);
  void finish(std::size_t request, const MPI_Status& status);
  void check_size(std::size_t request, int error) const;
  void remove_request(std::size_t request);
  bool test(std::size_t request);
  void test_one_by_one(std::size_t begin, std::size_t count);
  void test_few();
};

inline Transfer& MpiDataChannel::State::at(Ticket ticket) {
  const std::uint32_t place = place_of(ticket);
  const bool known = place < transfers.size() && transfers[place].in_use &&
                     transfers[place].generation == ticket >> 32U;
  VOLLEY_CHECK(known, "ticket {} is not in flight", ticket);
  return transfers[place];
}

inline std::uint32_t MpiDataChannel::State::take_place() {
  if (free.empty()) {
    transfers.emplace_back();
    return static_cast<std::uint32_t>(transfers.size() - 1);
  }
  const std::uint32_t place = free.back();
  free.pop_back();
  return place;
}

/// `start(request)` is the MPI call; whether it succeeded.
template <class Start>
DataChannel::Ticket MpiDataChannel::State::start(std::uint64_t size, bool receives, Start&& start) {
  VOLLEY_CHECK(size <= largest_message, "size={}", size);
  MPI_Request request = MPI_REQUEST_NULL;
  bool failed = start(request) != MPI_SUCCESS;  // then it never completes
  const std::uint32_t place = take_place();
  Transfer& transfer = transfers[place];
  transfer = {transfer.generation + 1, nowhere, size, true, receives, false};
  if (!failed && !receives && size <= copied_by_mpi) {
    int complete = 0;
    failed = MPI_Test(&request, &complete, MPI_STATUS_IGNORE) != MPI_SUCCESS;
    transfer.complete = !failed && complete != 0;
  }
  if (!failed && !transfer.complete) {
    transfer.request = static_cast<std::uint32_t>(requests.size());
    requests.push_back(request);
    transfer_of.push_back(place);
  }
  return Ticket{transfer.generation} << 32U | place;
}

inline void MpiDataChannel::State::remove_request(std::size_t request) {
  transfers[transfer_of[request]].request = nowhere;
  if (request + 1 != requests.size()) {
    requests[request] = requests.back();
    transfer_of[request] = transfer_of.back();
    transfers[transfer_of[request]].request = static_cast<std::uint32_t>(request);
  }
  requests.pop_back();
  transfer_of.pop_back();
}

/// A request that has ended well.
inline void MpiDataChannel::State::finish(std::size_t request, const MPI_Status& status) {
  Transfer& transfer = transfers[transfer_of[request]];
  if (transfer.receives) {
    const std::uint64_t count = received_bytes(status);
    VOLLEY_CHECK(count == transfer.size, "expected {} bytes, got {}", transfer.size, count);
  }
  transfer.complete = true;
}

/// A request that has failed: because its peer is gone, not because the two disagree.
void MpiDataChannel::State::check_size(std::size_t request, int error) const {
  int kind = 0;
  MPI_Error_class(error, &kind);
  VOLLEY_CHECK(kind != MPI_ERR_TRUNCATE, "a block larger than the {} bytes expected arrived",
               transfers[transfer_of[request]].size);
}

/// Asks for one request; whether a receive has ended well. One that has failed is never complete.
inline bool MpiDataChannel::State::test(std::size_t request) {
  int complete = 0;
  MPI_Status status;
  const int code = MPI_Test(&requests[request], &complete, &status);
  if (code == MPI_SUCCESS && complete == 0) return false;
  const bool received = code == MPI_SUCCESS && transfers[transfer_of[request]].receives;
  if (code == MPI_SUCCESS) {
    finish(request, status);
  } else {
    check_size(request, code);
  }
  remove_request(request);
  return received;
}

/// After an error somewhere among them.
void MpiDataChannel::State::test_one_by_one(std::size_t begin, std::size_t count) {
  for (std::size_t request = begin + count; request-- > begin;) {
    if (requests[request] == MPI_REQUEST_NULL) {
      remove_request(request);
    } else {
      test(request);
    }
  }
}

/// Until something has come, which shall be looked at while others move, or nothing does for a
/// while.
void MpiDataChannel::State::test_few() {
  for (int look = 0; look < looks && !requests.empty(); ++look) {
    for (std::size_t request = requests.size(); request-- > 0;) {
      if (test(request)) return;
    }
  }
}

MpiDataChannel::MpiDataChannel(std::unique_ptr<State> state) : state_(std::move(state)) {}
MpiDataChannel::MpiDataChannel(MpiDataChannel&& other) noexcept = default;
MpiDataChannel& MpiDataChannel::operator=(MpiDataChannel&& other) noexcept = default;
MpiDataChannel::~MpiDataChannel() = default;

base::Result<MpiDataChannel> MpiDataChannel::open(const MpiWorld& world) {
  auto communicator = duplicate_communicator(world.handles().world);
  if (!communicator) return communicator.failure();
  MpiHandles handles;
  handles.world = communicator.value();
  handles.host = world.handles().host;
  return over(handles);
}

MpiDataChannel MpiDataChannel::over(const MpiHandles& handles) {
  auto state = std::make_unique<State>();
  state->communicator = handles.world;
  state->largest_tag = net::largest_tag(state->communicator);
  state->eager_bytes = net::eager_bytes(handles);
  state->staged_bytes = std::min(state->eager_bytes, StagedSends::largest);
  if (state->eager_bytes != 0) state->looks = looks_at_shared_memory;
  return MpiDataChannel(std::move(state));
}

void MpiDataChannel::close() {
  VOLLEY_CHECK(in_flight() == 0, "in flight={}", in_flight());
  state_->staged.release();
  MPI_Comm_free(&state_->communicator);
}

std::uint64_t MpiDataChannel::distinct_tags() const {
  return static_cast<std::uint64_t>(state_->largest_tag) + 1;
}

std::uint64_t MpiDataChannel::eager_bytes() const { return state_->eager_bytes; }

DataChannel::Ticket MpiDataChannel::send(base::Rank to, std::uint32_t tag,
                                         std::span<const std::byte> block) {
  State& state = *state_;
  const int folded = folded_tag(tag, state.largest_tag);
  if (block.size() > copied_by_mpi && block.size() <= state.staged_bytes &&
      state.staged.send(block, to, folded, state.communicator)) {
    return at_once;
  }
  return state.start(block.size(), false, [&](MPI_Request& request) {
    return MPI_Isend(block.data(), static_cast<int>(block.size()), MPI_BYTE, to, folded,
                     state.communicator, &request);
  });
}

DataChannel::Ticket MpiDataChannel::receive(base::Rank from, std::uint32_t tag,
                                            std::span<std::byte> block) {
  return state_->start(block.size(), true, [&](MPI_Request& request) {
    return MPI_Irecv(block.data(), static_cast<int>(block.size()), MPI_BYTE, from,
                     folded_tag(tag, state_->largest_tag), state_->communicator, &request);
  });
}

void MpiDataChannel::progress() {
  State& state = *state_;
  if (state.requests.size() <= few) {
    if (state.requests.empty()) return;
    state.staged.look();
    state.test_few();
    return;
  }
  state.staged.look();
  if (state.next_tested >= state.requests.size()) state.next_tested = 0;
  const std::size_t begin = state.next_tested;
  const std::size_t count = std::min(tested_at_once, state.requests.size() - begin);
  state.next_tested = begin + count;
  std::array<int, tested_at_once> places;
  std::array<MPI_Status, tested_at_once> statuses;
  int ended = 0;
  const int code = MPI_Testsome(static_cast<int>(count), &state.requests[begin], &ended,
                                places.data(), statuses.data());
  if (code != MPI_SUCCESS && code != MPI_ERR_IN_STATUS) {
    state.test_one_by_one(begin, count);
    return;
  }
  for (int i = 0; i < ended; ++i) {
    const auto each = static_cast<std::size_t>(i);
    const std::size_t request = begin + static_cast<std::size_t>(places[each]);
    const bool failed = code == MPI_ERR_IN_STATUS && statuses[each].MPI_ERROR != MPI_SUCCESS;
    if (failed) {
      state.check_size(request, statuses[each].MPI_ERROR);
    } else {
      state.finish(request, statuses[each]);
    }
  }
  std::sort(places.begin(), places.begin() + ended, std::greater<>());
  for (int i = 0; i < ended; ++i) {
    state.remove_request(begin + static_cast<std::size_t>(places[static_cast<std::size_t>(i)]));
  }
}

bool MpiDataChannel::done(Ticket ticket) {
  if (ticket == at_once) return true;
  Transfer& transfer = state_->at(ticket);
  if (!transfer.complete) return false;
  transfer.in_use = false;
  state_->free.push_back(place_of(ticket));
  return true;
}

bool MpiDataChannel::abandon(Ticket ticket) {
  if (ticket == at_once) return true;
  Transfer& transfer = state_->at(ticket);
  bool ended = true;
  if (transfer.request != nowhere) {
    // A receive that has met no message can be cancelled; of others nobody knows what still comes.
    MPI_Request request = state_->requests[transfer.request];
    int complete = 0;
    if (transfer.receives) MPI_Cancel(&request);
    ended = MPI_Test(&request, &complete, MPI_STATUS_IGNORE) != MPI_SUCCESS || complete != 0;
    state_->remove_request(transfer.request);
  }
  transfer.in_use = false;
  state_->free.push_back(place_of(ticket));
  return ended;
}

std::size_t MpiDataChannel::in_flight() const {
  return state_->transfers.size() - state_->free.size();
}

}  // namespace volley::net
