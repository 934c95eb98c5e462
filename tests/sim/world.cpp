#include "tests/sim/world.hpp"

#include "tests/sim/violation.hpp"
#include "tests/sim/world_parts.hpp"

#include <algorithm>
#include <chrono>

namespace volley::sim {

using namespace protocol;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t arena_bytes = 8U << 20U;
constexpr std::uint64_t slab_bytes = 4096;

}  // namespace

World::World(WorldOptions options)
    : options_(std::move(options)),
      log_("sim", options_.log_level),
      random_(options_.seed),
      now_(1h),
      fabric_([this](base::Rank rank, Fabric::Ticket ticket) {
        plan(EventKind::data_moved, latency(rank), rank, {}, ticket);
      }),
      faults_(options_.faults, Random(mix(options_.seed, 77))) {
  rm::ResourceManager::Options rm;
  rm.expected_ranks = options_.ranks;
  rm.cluster_start = 1732060800;
  rm.max_am_attempts = options_.max_am_attempts;
  rm.network_timeout = 10s;
  rm.client_mode_master_memory = {10};
  resource_manager_ = std::make_unique<rm::ResourceManager>(rm, log_);
  launch::ClientRole::Options client;
  client.ranks = options_.ranks;
  client.submission.name = "simulated";
  client.submission.deploy_mode = options_.mode;
  client.submission.driver_memory = {50};
  if (options_.allocation.enabled) client.submission.executor_cores = options_.request.cores;
  client_ = std::make_unique<launch::ClientRole>(client, log_);
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < options_.ranks; ++i) {
    numbers.push_back(i / options_.ranks_per_node);
    if (options_.flat_tasks != 0 || arenas_.contains(numbers.back())) continue;
    auto arena = storage::NodeArena::create({arena_bytes, slab_bytes});
    if (!arena.ok()) throw Violation("no arena: " + arena.error());
    arenas_.emplace(numbers.back(), std::move(arena).value());
  }
  for (std::uint32_t i = 0; i < options_.ranks; ++i) {
    const auto rank = static_cast<base::Rank>(i);
    nodes_.push_back(std::make_unique<Node>(*this, rank));
    Node& made = *nodes_.back();
    made.number = numbers[i];
    worker::NodeManager::Options node;
    node.rank = rank;
    node.node = {"host" + std::to_string(made.number),
                 made.number,
                 options_.slots,
                 {options_.memory},
                 "",
                 7};
    made.manager.emplace(node, made.launcher, log_);
    if (options_.flat_tasks == 0) {
      made.shuffles = std::make_unique<exchange::ShuffleService>(
          rank, numbers, arenas_.at(made.number), made.channel, exchange::MoverOptions{});
    }
    Outbox outbox(at_rank(Role::node_manager, rank));
    made.manager->start(outbox);
    post(outbox);
    plan(EventKind::rank_tick, random_.duration(0ms, options_.tick), rank);
  }
}

World::~World() = default;

Report World::run() {
  while (!over()) step();
  check_end();
  end_phase("end");
  return report();
}

void World::step() {
  require(!events_.empty(), "nothing will ever happen any more");
  if (fetched_ == 0) fetched_ = fetch_ahead();
  if (fetched_ > 0) --fetched_;
  Event event = events_.pop();
  now_ = event.at;
  if (now_ - base::TimePoint{1h} > options_.time_limit) {
    throw Violation("no end within " + base::format_duration(options_.time_limit) +
                    " of virtual time");
  }
  note(event);
  const bool tick = event.kind == EventKind::rank_tick || event.kind == EventKind::process_tick;
  handle(std::move(event));
  if (options_.flat_tasks == 0) check_always();
  if (!tick) faults_.look(*this);
}

void World::note(const Event& event) {
  ++handled_;
  std::uint64_t what = mix(static_cast<std::uint64_t>(event.at.time_since_epoch().count()),
                           static_cast<std::uint64_t>(event.kind));
  what = mix(what, mix(static_cast<std::uint64_t>(event.rank), event.container.number));
  if (event.parcel) {
    const auto role = static_cast<std::uint64_t>(event.parcel->to.role);
    what = mix(what, mix(role, event.parcel->group()));
  } else {
    what = mix(what, event.value);
  }
  fingerprint_ = mix(fingerprint_, what);
}

void World::plan(EventKind kind, base::Duration after, base::Rank rank,
                 const base::ContainerId& container, std::uint64_t value) {
  Event event;
  event.at = now_ + after;
  event.kind = kind;
  event.rank = rank;
  event.container = container;
  event.value = value;
  events_.push(std::move(event));
}

void World::handle(Event event) {
  Node& at = node(event.rank);
  if (at.dead) {
    if (event.parcel) --messages_;
    return;
  }
  Process* process = event.container.number == 0 ? nullptr : find({event.rank, event.container});
  const bool of_rank = event.container.number == 0 || event.kind == EventKind::process_gone;
  if (event.kind == EventKind::resume) {
    std::vector<Event> stalled;
    if (process != nullptr) {
      process->hung = false;
      stalled.swap(process->stalled);
    } else if (event.container.number == 0) {
      at.paused = false;
      stalled.swap(at.stalled);
      for (Envelope& envelope : std::exchange(at.unsent, {})) route(std::move(envelope));
    }
    for (Event& one : stalled) {
      one.at = now_;
      events_.push(std::move(one));
    }
    return;
  }
  if (of_rank && at.paused) {
    at.stalled.push_back(std::move(event));
    return;
  }
  if (!of_rank && process != nullptr && process->hung && process->alive()) {
    process->stalled.push_back(std::move(event));
    return;
  }
  switch (event.kind) {
    case EventKind::deliver:
      return deliver(std::move(event));
    case EventKind::rank_tick:
      tick_rank(event.rank);
      return plan(EventKind::rank_tick, options_.tick, event.rank);
    case EventKind::process_tick:
      if (process == nullptr || !process->alive()) return;
      process->roles->tick(now_);
      after_event(*process);
      return plan(EventKind::process_tick, options_.tick, event.rank, event.container);
    case EventKind::task_due:
      if (process == nullptr || !process->alive()) return;
      process->roles->task_due(event.value);
      return after_event(*process);
    case EventKind::process_gone:
      return process_gone({event.rank, event.container});
    case EventKind::data_moved:
      fabric_.complete(event.value);
      return progress(event.rank);
    case EventKind::resume:
    case EventKind::give_up:
      return;
  }
}

void World::deliver(Event event) {
  --messages_;
  Envelope envelope{event.parcel->from, event.parcel->to, event.parcel->open()};
  parcels_.give_back(std::move(event.parcel));
  take(envelope, event);
}

void World::take(Envelope& envelope, const Event& event) {
  if (some_dead_) {
    const Node& sender = node(envelope.from.rank);
    if (sender.dead && !sender.last_words) return;
  }
  const auto cut = cut_links_.find({envelope.from.rank, envelope.from.container});
  const auto left = static_cast<std::int64_t>(event.value);
  if (cut != cut_links_.end() && left > cut->second.time_since_epoch().count()) return;
  if (envelope.to.container.number == 0) return deliver_to_rank(node(event.rank), envelope);
  Process* process = find({event.rank, event.container});
  if (process == nullptr || !process->alive()) return;  // a router drops what nobody will read
  process->roles->deliver(std::move(envelope), now_);
  after_event(*process);
}

void World::deliver_to_rank(Node& to, Envelope& envelope) {
  Outbox out(envelope.to, post_, std::move(room_));
  if (auto* to_manager = std::get_if<NodeManagerMessage>(&envelope.message)) {
    protocol::deliver(*to.manager, *to_manager, envelope.from, out);
  } else if (auto* to_shuffles = std::get_if<ShuffleServiceMessage>(&envelope.message)) {
    if (to.shuffles) protocol::deliver(*to.shuffles, *to_shuffles, envelope.from, out);
  } else if (auto* to_rm = std::get_if<ResourceManagerMessage>(&envelope.message)) {
    protocol::deliver(*resource_manager_, *to_rm, envelope.from, out);
  } else if (auto* to_client = std::get_if<ClientMessage>(&envelope.message)) {
    const auto* changed = std::get_if<ApplicationStateChanged>(to_client);
    if (changed != nullptr) last_diagnostics_ = changed->diagnostics;
    protocol::deliver(*client_, *to_client, envelope.from, out);
  }
  post(out);
  if (envelope.to.role == Role::shuffle_service && to.shuffles) progress(envelope.to.rank);
}

void World::tick_rank(base::Rank rank) {
  Outbox out(at_rank(Role::node_manager, rank), post_, std::move(room_));
  node(rank).manager->tick(now_, out);
  post(out);
  if (rank != 0) return;
  Outbox rm(at_rank(Role::resource_manager, 0), post_, std::move(room_));
  resource_manager_->tick(now_, rm);
  post(rm);
  Outbox client(at_rank(Role::client, 0));
  client_->tick(now_, client);
  post(client);
}

bool World::over() const {
  if (!client_->exit_code() || messages_ > 0) return false;
  return std::all_of(nodes_.begin(), nodes_.end(), [](const auto& node) {
    return node->dead || (node->manager->finished() && node->processes.empty());
  });
}

}  // namespace volley::sim
