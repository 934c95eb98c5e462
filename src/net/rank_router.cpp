#include "net/rank_router.hpp"

#include "net/doorbell.hpp"
#include "net/failed_ranks.hpp"
#include "net/mpi_handles.hpp"
#include "net/mpi_world.hpp"
#include "net/send_queue.hpp"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

namespace volley::net {

namespace {

constexpr int router_tag = 1;
constexpr int most_in_flight_per_rank = 8;
constexpr std::size_t most_in_flight = 1024;
constexpr std::size_t most_arriving = 1024;
/// Receiving pauses while more than this many segments are on their way here.
constexpr std::uint64_t arriving_segments = 4;

struct Flight {
  base::Rank to;
  Packet packet;
  MPI_Request request = MPI_REQUEST_NULL;
};

struct Arrival {
  Bytes bytes;
  MPI_Request request = MPI_REQUEST_NULL;
};

/// What this rank knows of another one.
struct Peer {
  SendQueue queue;
  int in_flight = 0;
  bool queued = false;           ///< in State::to_send
  bool arriving_listed = false;  ///< in State::receiving
  bool abandoned = false;
  bool told = false;  ///< that it was abandoned
  std::deque<std::unique_ptr<Arrival>> arriving;
  FrameReader reader;
};

struct Delivery {
  base::Rank from;
  Bytes frame;
};

}  // namespace

struct RankRouter::State {
  MPI_Comm communicator = MPI_COMM_NULL;
  base::Rank self = base::no_rank;
  int size = 0;
  Options options;
  Doorbell doorbell;
  std::unordered_map<base::Rank, Peer> peers;
  std::deque<base::Rank> to_send;     ///< ranks with queued frames
  std::vector<base::Rank> receiving;  ///< ranks with arrivals
  std::vector<std::unique_ptr<Flight>> flights;
  std::deque<Delivery> ready;
  std::vector<base::Rank> lost;
  std::vector<base::Rank> abandoned_by;
  std::vector<std::unique_ptr<Flight>> given_up;            ///< MPI may still read their memory
  std::vector<std::unique_ptr<Arrival>> given_up_arrivals;  ///< MPI may still write to it
  std::size_t arriving = 0;
  std::uint64_t arriving_bytes = 0;
  std::uint64_t dropped = 0;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  void schedule(base::Rank to, Peer& peer);
  bool start_sends();
  bool start_send(base::Rank to, Peer& peer);
  bool finish_sends();
  bool start_receives();
  void accept(base::Rank from, std::unique_ptr<Arrival> arrival);
  bool finish_receives();
  bool finish_receives_from(base::Rank from, Peer& peer);
  bool deliver(const Handler& handler);
  void abandon(base::Rank rank);
  void lose(base::Rank rank);
  void lose_failed();
  void tell(base::Rank rank, Peer& peer);
};

RankRouter::State::~State() {
  // A request that is not complete still owns its buffer: leaking it is the only safe thing.
  for (auto& flight : flights) static_cast<void>(flight.release());
  for (auto& flight : given_up) static_cast<void>(flight.release());
  for (auto& arrival : given_up_arrivals) static_cast<void>(arrival.release());
  for (auto& [rank, peer] : peers) {
    for (auto& arrival : peer.arriving) static_cast<void>(arrival.release());
  }
}

void RankRouter::State::schedule(base::Rank to, Peer& peer) {
  if (peer.queued || peer.queue.empty() || peer.abandoned) return;
  peer.queued = true;
  to_send.push_back(to);
}

bool RankRouter::State::start_send(base::Rank to, Peer& peer) {
  auto flight = std::make_unique<Flight>(
      Flight{to, peer.queue.next(options.segment_bytes, options.gather_bytes)});
  const auto bytes = flight->packet.bytes();
  const int code = MPI_Isend(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, to, router_tag,
                             communicator, &flight->request);
  if (code != MPI_SUCCESS) {
    lose(to);
    return false;
  }
  ++peer.in_flight;
  flights.push_back(std::move(flight));
  doorbell.ring(to);
  return true;
}

/// One message for each waiting rank in turn, so that a long queue does not hold up the others.
bool RankRouter::State::start_sends() {
  bool moved = false;
  std::size_t without_progress = 0;
  while (without_progress < to_send.size() && flights.size() < most_in_flight) {
    const base::Rank to = to_send.front();
    to_send.pop_front();
    Peer& peer = peers[to];
    peer.queued = false;
    const bool started =
        !peer.queue.empty() && peer.in_flight < most_in_flight_per_rank && start_send(to, peer);
    moved = moved || started;
    schedule(to, peer);
    if (started) {
      without_progress = 0;
    } else if (peer.queued) {
      ++without_progress;
    }
  }
  return moved;
}

bool RankRouter::State::finish_sends() {
  bool moved = false;
  for (std::size_t i = 0; i < flights.size();) {
    int done = 0;
    const int code = MPI_Test(&flights[i]->request, &done, MPI_STATUS_IGNORE);
    const base::Rank to = flights[i]->to;
    if (code == MPI_SUCCESS && done == 0) {
      ++i;
      continue;
    }
    moved = true;
    --peers[to].in_flight;
    std::swap(flights[i], flights.back());
    flights.pop_back();
    if (code != MPI_SUCCESS) {
      lose(to);
      i = 0;
    }
  }
  return moved;
}

bool RankRouter::State::start_receives() {
  bool moved = false;
  while (arriving < most_arriving && arriving_bytes < arriving_segments * options.segment_bytes) {
    int found = 0;
    MPI_Message message = MPI_MESSAGE_NULL;
    MPI_Status status;
    const int code =
        MPI_Improbe(MPI_ANY_SOURCE, router_tag, communicator, &found, &message, &status);
    if (code != MPI_SUCCESS) {
      // The error names no rank; where the library cannot say either, heartbeats decide.
      lose_failed();
      break;
    }
    if (found == 0) break;
    int count = 0;
    MPI_Get_count(&status, MPI_BYTE, &count);
    auto arrival = std::make_unique<Arrival>();
    arrival->bytes.resize(static_cast<std::size_t>(count));
    const base::Rank from = status.MPI_SOURCE;
    moved = true;
    if (MPI_Imrecv(arrival->bytes.data(), count, MPI_BYTE, &message, &arrival->request) !=
        MPI_SUCCESS) {
      lose(from);
      continue;
    }
    if (count == 0 && !peers[from].abandoned) abandoned_by.push_back(from);
    accept(from, std::move(arrival));
  }
  return moved;
}

void RankRouter::State::accept(base::Rank from, std::unique_ptr<Arrival> arrival) {
  Peer& peer = peers[from];
  if (peer.abandoned) {
    // From a rank that is dead or thought to be: it may never be complete, and nobody waits.
    int done = 0;
    MPI_Test(&arrival->request, &done, MPI_STATUS_IGNORE);
    if (done == 0) given_up_arrivals.push_back(std::move(arrival));
    tell(from, peer);
    return;
  }
  ++arriving;
  arriving_bytes += arrival->bytes.size();
  peer.arriving.push_back(std::move(arrival));
  if (!std::exchange(peer.arriving_listed, true)) receiving.push_back(from);
}

bool RankRouter::State::finish_receives_from(base::Rank from, Peer& peer) {
  bool moved = false;
  while (!peer.arriving.empty()) {
    Arrival& arrival = *peer.arriving.front();
    int done = 0;
    const int code = MPI_Test(&arrival.request, &done, MPI_STATUS_IGNORE);
    if (code == MPI_SUCCESS && done == 0) break;
    const auto arrived = std::move(peer.arriving.front());
    peer.arriving.pop_front();
    --arriving;
    arriving_bytes -= arrived->bytes.size();
    moved = true;
    if (code != MPI_SUCCESS) {
      lose(from);
      break;
    }
    std::span<const std::byte> rest = arrived->bytes;
    while (!rest.empty()) {
      rest = rest.subspan(peer.reader.feed(rest));
      VOLLEY_CHECK(!peer.reader.damaged(), "the stream from rank {} makes no sense", from);
      if (peer.reader.complete()) ready.push_back({from, peer.reader.take()});
    }
  }
  return moved;
}

bool RankRouter::State::finish_receives() {
  bool moved = false;
  for (const base::Rank from : receiving) {
    moved = finish_receives_from(from, peers[from]) || moved;
  }
  std::erase_if(receiving, [&](base::Rank from) {
    Peer& peer = peers[from];
    peer.arriving_listed = !peer.arriving.empty();
    return !peer.arriving_listed;
  });
  return moved;
}

bool RankRouter::State::deliver(const Handler& handler) {
  // Frames that the handler sends to this rank itself wait for the next poll.
  std::size_t count = ready.size();
  const bool moved = count != 0;
  for (; count != 0; --count) {
    Delivery delivery = std::move(ready.front());
    ready.pop_front();
    handler(delivery.from, std::move(delivery.frame));
  }
  return moved;
}

void RankRouter::State::abandon(base::Rank rank) {
  Peer& peer = peers[rank];
  if (std::exchange(peer.abandoned, true)) return;
  doorbell.forget(rank);
  peer.queue = {};
  peer.queued = false;
  std::erase(to_send, rank);
  for (auto& flight : flights) {
    if (flight->to == rank) given_up.push_back(std::move(flight));
  }
  std::erase(flights, nullptr);
  peer.in_flight = 0;
  for (auto& arrival : peer.arriving) {
    --arriving;
    arriving_bytes -= arrival->bytes.size();
    given_up_arrivals.push_back(std::move(arrival));
  }
  peer.arriving.clear();
  peer.reader = {};
}

void RankRouter::State::lose(base::Rank rank) {
  if (peers[rank].abandoned) return;
  abandon(rank);
  lost.push_back(rank);
}

void RankRouter::State::lose_failed() {
  for (const base::Rank rank : failed_ranks(communicator)) lose(rank);
}

/// By an empty message, which is never part of a stream. It has just sent something: it takes it.
void RankRouter::State::tell(base::Rank rank, Peer& peer) {
  if (std::exchange(peer.told, true)) return;
  auto flight = std::make_unique<Flight>(Flight{rank, Packet(Bytes{})});
  MPI_Isend(nullptr, 0, MPI_BYTE, rank, router_tag, communicator, &flight->request);
  given_up.push_back(std::move(flight));
}

RankRouter::RankRouter(std::unique_ptr<State> state) : state_(std::move(state)) {}
RankRouter::RankRouter(RankRouter&& other) noexcept = default;
RankRouter& RankRouter::operator=(RankRouter&& other) noexcept = default;
RankRouter::~RankRouter() = default;

base::Result<RankRouter> RankRouter::open(const MpiWorld& world, const Options& options) {
  VOLLEY_CHECK(options.segment_bytes >= 16 && options.segment_bytes <= largest_message &&
                   options.gather_bytes >= 16,
               "segment={} gather={}", options.segment_bytes, options.gather_bytes);
  auto communicator = duplicate_communicator(world.handles().world);
  if (!communicator) return communicator.failure();
  auto state = std::make_unique<State>();
  state->communicator = communicator.value();
  state->self = world.rank();
  state->size = world.size();
  state->options = options;
  state->doorbell = Doorbell::open(world);
  return RankRouter(std::move(state));
}

void RankRouter::close() {
  VOLLEY_CHECK(idle(), "flights={} arriving={}", state_->flights.size(), state_->arriving);
  MPI_Comm_free(&state_->communicator);
}

void RankRouter::send(base::Rank to, Bytes frame) {
  VOLLEY_CHECK(to >= 0 && to < state_->size, "to={} size={}", to, state_->size);
  if (to == state_->self) {
    state_->ready.push_back({to, std::move(frame)});
    return;
  }
  Peer& peer = state_->peers[to];
  if (peer.abandoned) {
    ++state_->dropped;
    return;
  }
  peer.queue.push(std::move(frame));
  state_->schedule(to, peer);
}

bool RankRouter::poll(const Handler& handler) {
  bool moved = state_->finish_sends();
  moved = state_->start_receives() || moved;
  moved = state_->finish_receives() || moved;
  moved = state_->deliver(handler) || moved;
  return state_->start_sends() || moved;
}

int RankRouter::wake_descriptor() const { return state_->doorbell.descriptor(); }

bool RankRouter::woken() { return state_->doorbell.answer(); }

bool RankRouter::idle() const {
  if (!state_->flights.empty() || !state_->to_send.empty() || !state_->ready.empty()) return false;
  return std::all_of(state_->peers.begin(), state_->peers.end(), [](const auto& entry) {
    const Peer& peer = entry.second;
    return peer.arriving.empty() && !peer.reader.in_frame();
  });
}

void RankRouter::abandon(base::Rank rank) { state_->abandon(rank); }

bool RankRouter::abandoned(base::Rank rank) const {
  const auto at = state_->peers.find(rank);
  return at != state_->peers.end() && at->second.abandoned;
}

std::vector<base::Rank> RankRouter::take_lost() { return std::exchange(state_->lost, {}); }

void RankRouter::look_for_failures() { state_->lose_failed(); }

std::vector<base::Rank> RankRouter::take_abandoned_by() {
  return std::exchange(state_->abandoned_by, {});
}

std::uint64_t RankRouter::dropped() const { return state_->dropped; }

}  // namespace volley::net
