#include "launch/rank_process.hpp"

#include "config/rank_labels.hpp"
#include "exchange/shuffle_service.hpp"
#include "launch/client_role.hpp"
#include "launch/container_host.hpp"
#include "launch/container_loop.hpp"
#include "launch/drain_watch.hpp"
#include "launch/first_rank.hpp"
#include "launch/node_files.hpp"
#include "launch/rank_end.hpp"
#include "launch/rank_resources.hpp"
#include "launch/recovery_state.hpp"
#include "launch/start_decision.hpp"
#include "launch/submission.hpp"
#include "launch/task_groups.hpp"
#include "launch/truth_line.hpp"
#include "launch/verdict.hpp"
#include "net/mpi_data_channel.hpp"
#include "net/rank_router.hpp"
#include "program/modules.hpp"
#include "program/recovery.hpp"
#include "rank0_rm/resource_manager.hpp"
#include "storage/scratch_file.hpp"
#include "worker/node_manager.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

namespace volley::launch {
namespace {

using protocol::Role;

constexpr base::Duration tick_interval = std::chrono::milliseconds{20};
/// While shuffle data is on its way and this rank can do nothing for it. It must not spin: the
/// other rank may need the core. Windows hold more than moves in this time.
constexpr base::Duration moving_interval = std::chrono::microseconds{20};
/// After a loss: how long rank 0 waits for the others' leave, and they for its answer.
constexpr base::Duration parting = std::chrono::seconds{2};
constexpr int heartbeats_per_timeout = 10;
constexpr base::Duration longest_heartbeat_interval = std::chrono::seconds{1};

std::atomic<int> stop_signal{0};
std::atomic<bool> leave_signal{false};
std::atomic<bool> drain_signal{false};
void note_signal(int signal) { stop_signal.store(signal); }
void note_leave(int) { leave_signal.store(true); }
void note_drain(int) { drain_signal.store(true); }

void handle_signals() {
  struct sigaction action {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaction(signal, &action, nullptr);
  action.sa_handler = note_leave;  // as of a machine whose power is failing
  ::sigaction(SIGPWR, &action, nullptr);
  action.sa_handler = note_drain;  // on every rank, so that none dies of it
  ::sigaction(SIGUSR1, &action, nullptr);
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, nullptr);
}

/// Everything that lives while the rank serves.
class RankLoop {
 public:
  RankLoop(const RunRequest& request, const ApplicationEntry& entry, const std::string& program,
           net::MpiWorld& world, net::RankRouter& router, net::MpiDataChannel& channel,
           storage::NodeArena& arena, const RankResources& resources, TaskGroups& groups)
      : request_(request),
        world_(world),
        router_(router),
        log_(fmt::format("rank {}", world.rank()), log_level(request)),
        host_(host_options(request, entry, program, groups), arena, poller_),
        shuffles_(world.rank(), world.node_of_rank(), arena, channel, mover_options(request)),
        manager_(manager_options(entry, resources), host_, log_),
        watch_(request.configuration.duration("volley.network.timeout")),
        drain_(request.configuration, config::Environment::of_process()) {
    if (router.wake_descriptor() >= 0) poller_.add(router.wake_descriptor());
    if (world.rank() != 0) return;
    rm::ResourceManager::Options rm;
    rm.expected_ranks = static_cast<std::uint32_t>(world.size());
    rm.cluster_start = static_cast<std::uint64_t>(std::time(nullptr));
    rm.max_am_attempts =
        static_cast<std::uint32_t>(request.configuration.integer("volley.am.maxAttempts"));
    rm.network_timeout = request.configuration.duration("volley.network.timeout");
    resource_manager_.emplace(rm, log_);
    client_.emplace(client_options(request, program::build_identity(
                                                reinterpret_cast<const void*>(entry.function))),
                    log_);
  }

  /// The exit code that the client gave, 0 on the other ranks. `tell` hears of it at once: what is
  /// left to do then can take its time, or hang when a rank dies meanwhile. Not when a signal has
  /// stopped the job: whoever sent it knows best how to end.
  int run(const std::function<void(int)>& tell) {
    {
      protocol::Outbox out = outbox(Role::node_manager);
      manager_.start(out);
      dispatch(out);
    }
    bool ready = true;
    bool told = false;
    while (!over()) {
      ready = turn(ready);
      if (told || stopped_ || !client_ || !client_->exit_code()) continue;
      told = true;
      if (client_->succeeded()) keep_success();
      tell(*client_->exit_code());
    }
    if (lost_any_) part();
    if (manager_.is_orphan()) return manager_.exit_code();
    return client_ ? client_->exit_code().value_or(ClientRole::internal_error) : 0;
  }

  /// Whether a rank was lost, so that MPI_Finalize might wait for it.
  bool lost_any() const { return lost_any_ || manager_.is_orphan(); }

 private:
  ContainerHost::Options host_options(const RunRequest& request, const ApplicationEntry& entry,
                                      const std::string& program, TaskGroups& groups) const {
    ContainerHost::Options options;
    options.rank = world_.rank();
    options.host = world_.host();
    options.program = program;
    options.threads = containers_are_threads(request);
    options.log_level = log_level(request);
    options.thread_main = [&entry, &groups](net::ContainerLink link, storage::NodeArena* arena) {
      return run_container(std::move(link), *arena, entry, groups.offer());
    };
    return options;
  }
  static exchange::ShuffleService::Options mover_options(const RunRequest& request) {
    exchange::ShuffleService::Options options;
    options.segment_bytes = request.configuration.bytes("volley.exchange.segment").value;
    options.window =
        static_cast<std::uint32_t>(request.configuration.integer("volley.exchange.window"));
    return options;
  }
  worker::NodeManager::Options manager_options(const ApplicationEntry& entry,
                                               const RankResources& resources) const {
    worker::NodeManager::Options options;
    options.rank = world_.rank();
    options.node.host = world_.host();
    options.node.node = world_.node();
    options.node.slots = resources.slots;
    options.node.memory = {resources.memory};
    options.node.label = config::label_of_rank(
        config::parse_rank_labels(request_.configuration.text("volley.rank.labels")).value(),
        static_cast<std::uint32_t>(world_.rank()));
    if (request_.configuration.flag("volley.nodemanager.pmemCheck.enabled")) {
      options.memory_interval =
          request_.configuration.duration("volley.nodemanager.containerMonitor.interval");
    }
    options.node.build_id = program::build_identity(reinterpret_cast<const void*>(entry.function));
    options.network_timeout = request_.configuration.duration("volley.network.timeout");
    options.heartbeat_interval =
        std::min(longest_heartbeat_interval, options.network_timeout / heartbeats_per_timeout);
    return options;
  }

  ClientRole::Options client_options(const RunRequest& request, std::uint64_t build) {
    ClientRole::Options options{submission_of(request), static_cast<std::uint32_t>(world_.size())};
    const auto state = open_recovery(request, build);
    if (!state) {
      options.problem = state.error();
      return options;
    }
    options.submission.recovery = recovery_ = state.value().directory;
    options.finished_before = state.value().finished;
    return options;
  }

  /// A later run with the same recovery directory need not do anything.
  void keep_success() const {
    if (recovery_.empty()) return;
    const auto noted = program::note_finished(recovery_, 0);
    if (!noted) log_.warn("Recovery", "{}", noted.error());
  }

  protocol::Outbox outbox(Role role) const {
    return protocol::Outbox(protocol::at_rank(role, world_.rank()));
  }

  bool over() const {
    if (!manager_.finished()) return false;
    return manager_.is_orphan() || (router_.idle() && local_.empty());
  }

  bool turn(bool descriptors_ready) {
    const bool active = round(descriptors_ready);
    return !poller_.wait(active, shuffles_.busy() ? moving_interval : tick_interval).empty();
  }

  /// In place of MPI's barrier: the others take their leave of rank 0, which leaves last.
  void part() {
    if (!resource_manager_) {
      protocol::Outbox out = outbox(Role::node_manager);
      out.send(protocol::at_rank(Role::resource_manager, 0), protocol::NodeDeparted{});
      dispatch(out);
    }
    const base::TimePoint deadline = std::chrono::steady_clock::now() + parting;
    const auto parted = [&] {
      if (manager_.is_orphan()) return true;
      return resource_manager_ ? resource_manager_->alone() && router_.idle()
                               : manager_.dismissed();
    };
    bool ready = true;
    while (!parted() && std::chrono::steady_clock::now() < deadline) ready = turn(ready);
  }

  void lose(base::Rank rank) {
    lost_any_ = true;
    router_.abandon(rank);
  }

  /// What the MPI library knows of dead ranks; and of ranks that take this one for dead.
  bool look_for_losses() {
    const auto lost = router_.take_lost();
    const auto abandoned_by = router_.take_abandoned_by();
    for (const base::Rank rank : lost) {
      lose(rank);
      if (rank == 0) manager_.orphaned("rank 0 has died");
      protocol::Outbox out = outbox(Role::node_manager);
      out.send(protocol::at_rank(Role::resource_manager, 0),
               protocol::RankFailed{rank, "MPI reports that its process has failed"});
      dispatch(out);
    }
    for (const base::Rank rank : abandoned_by) {
      lost_any_ = true;
      if (rank == 0) manager_.orphaned("rank 0 has taken this rank for dead");
    }
    return !lost.empty() || !abandoned_by.empty();
  }

  bool round(bool descriptors_ready) {
    bool active =
        router_.poll([this](base::Rank, protocol::Bytes frame) { forward(std::move(frame)); });
    active |= look_for_losses();
    const auto from_container = [this](protocol::Bytes frame) { forward(std::move(frame)); };
    active |= host_.pump(from_container);
    if (descriptors_ready) {
      active |= router_.woken();
      active |= reap(from_container);
    }
    {
      protocol::Outbox out = outbox(Role::shuffle_service);
      active |= shuffles_.progress(out);
      dispatch(out);
    }
    while (!local_.empty()) {
      active = true;
      const protocol::Envelope envelope = std::move(local_.front());
      local_.pop_front();
      deliver(envelope);
    }
    tick();
    return active;
  }

  bool reap(const ContainerHost::Handler& handler) {
    auto ended = host_.take_ended(handler);
    for (const ContainerHost::Ended& one : ended) {
      protocol::Outbox out = outbox(Role::node_manager);
      manager_.container_exited(one.container, one.end, out);
      dispatch(out);
    }
    return !ended.empty();
  }

  /// A frame from another rank or a container, to wherever it is addressed.
  void forward(protocol::Bytes frame) {
    const auto to = protocol::peek_recipient(frame);
    VOLLEY_CHECK(to.has_value(), "a frame of {} bytes has no recipient", frame.size());
    if (to->rank != world_.rank()) {
      router_.send(to->rank, std::move(frame));
    } else if (to->container.number != 0) {
      host_.send(to->container, frame);  // a container that is gone needs no answer
    } else {
      auto envelope = protocol::decode_envelope(frame);
      VOLLEY_CHECK(envelope.has_value(), "a frame of {} bytes does not decode", frame.size());
      local_.push_back(std::move(*envelope));
    }
  }

  void dispatch(protocol::Outbox& out) {
    for (protocol::Envelope& envelope : out.take()) {
      if (envelope.to.rank == world_.rank() && envelope.to.container.number == 0) {
        local_.push_back(std::move(envelope));
      } else {
        forward(protocol::encode_envelope(envelope));
      }
    }
  }

  void deliver(const protocol::Envelope& envelope) {
    protocol::Outbox out = outbox(envelope.to.role);
    const auto& message = envelope.message;
    if (const auto* to_manager = std::get_if<protocol::NodeManagerMessage>(&message)) {
      if (const auto* peer = std::get_if<protocol::PeerLost>(to_manager)) lose(peer->rank);
      protocol::deliver(manager_, *to_manager, envelope.from, out);
    } else if (const auto* to_shuffles = std::get_if<protocol::ShuffleServiceMessage>(&message)) {
      protocol::deliver(shuffles_, *to_shuffles, envelope.from, out);
    } else if (const auto* to_rm = std::get_if<protocol::ResourceManagerMessage>(&message)) {
      if (resource_manager_) protocol::deliver(*resource_manager_, *to_rm, envelope.from, out);
    } else if (const auto* to_client = std::get_if<protocol::ClientMessage>(&message)) {
      if (const auto* ready = std::get_if<protocol::ClusterReady>(to_client)) say_truth(*ready);
      if (client_) protocol::deliver(*client_, *to_client, envelope.from, out);
    }
    dispatch(out);
  }

  void say_truth(const protocol::ClusterReady& cluster) const {
    RunTruth truth;
    truth.nodes = cluster.nodes;
    truth.ranks = cluster.ranks;
    truth.cores = cluster.slots;
    truth.memory = cluster.memory.value;
    truth.mpi_library = world_.library();
    truth.transport = world_.transport_name();
    truth.scratch = config::scratch_directory(request_.configuration.text("volley.local.dir"),
                                              config::Environment::of_process());
    truth.scratch_free = storage::free_space(truth.scratch);
    log_.info("Cluster", "{}", truth_line(truth));
  }

  void tick() {
    const base::TimePoint now = std::chrono::steady_clock::now();
    if (now < next_tick_) return;
    next_tick_ = now + tick_interval;
    watch_.alive();
    router_.look_for_failures();
    {
      protocol::Outbox out = outbox(Role::node_manager);
      if (leave_signal.exchange(false)) manager_.leave("received SIGPWR", out);
      manager_.tick(now, out);
      dispatch(out);
    }
    if (!resource_manager_) return;
    {
      protocol::Outbox out = outbox(Role::resource_manager);
      resource_manager_->tick(now, out);
      dispatch(out);
    }
    protocol::Outbox out = outbox(Role::client);
    const int signal = stop_signal.exchange(0);
    if (signal != 0) stopped_ = true;
    if (signal != 0)
      client_->kill(fmt::format("received signal {} ({})", signal, ::strsignal(signal)), out);
    if (const auto why = drain_.why(drain_signal, std::chrono::system_clock::now())) {
      client_->drain(*why, drain_.grace(), out);
    }
    client_->tick(now, out);
    dispatch(out);
  }

  const RunRequest& request_;
  net::MpiWorld& world_;
  net::RankRouter& router_;
  base::Log log_;
  net::Poller poller_;
  ContainerHost host_;
  exchange::ShuffleService shuffles_;
  worker::NodeManager manager_;
  std::optional<rm::ResourceManager> resource_manager_;
  std::optional<ClientRole> client_;
  std::deque<protocol::Envelope> local_;
  base::TimePoint next_tick_{};
  bool lost_any_ = false;
  bool stopped_ = false;  ///< by a signal
  ProgressWatch watch_;
  DrainWatch drain_;
  std::string recovery_;  ///< rank 0 only; empty: nothing outlives the run
};

int complain(base::Rank rank, const std::string& what, int code) {
  if (rank == 0) std::fprintf(stderr, "volley: error: %s\n", what.c_str());
  return rank == 0 ? code : 0;
}

struct Served {
  int code = 0;
  bool lost_any = false;
};

Served serve(const RunRequest& request, const ApplicationEntry& entry, const std::string& program,
             net::MpiWorld& world) {
  const config::Configuration& configuration = request.configuration;
  const auto grouped =
      world.group_nodes(static_cast<std::uint32_t>(configuration.integer("volley.node.ranks")));
  if (!grouped) return {complain(world.rank(), grouped.error(), 70)};
  const auto environment = config::Environment::of_process();
  const std::string scratch =
      config::scratch_directory(configuration.text("volley.local.dir"), environment);
  const auto files = NodeFiles::distribute(world, configuration.text("volley.files"), scratch);
  if (!files) return {complain(world.rank(), files.error(), 2)};
  ::setenv(node_files_variable, files.value().listing().c_str(), 1);
  const RankResources resources = measure_resources(world, configuration);
  std::string note;
  auto arena = open_arena(world, configuration, scratch, note);
  if (!arena) return {complain(world.rank(), arena.error(), 70)};
  auto router = net::RankRouter::open(world, {configuration.bytes("volley.router.segment").value});
  if (!router) return {complain(world.rank(), router.error(), 70)};
  auto channel = net::MpiDataChannel::open(world);
  if (!channel) return {complain(world.rank(), channel.error(), 70)};
  auto groups = TaskGroups::open(world, containers_are_threads(request));
  if (!groups) return {complain(world.rank(), groups.error(), 70)};
  if (!note.empty() && world.rank() == 0)
    std::fprintf(stderr, "volley: warning: %s\n", note.c_str());
  Served served;
  {
    RankLoop loop(request, entry, program, world, router.value(), channel.value(), arena.value(),
                  resources, groups.value());
    lift_start_limit();
    served.code = loop.run([&](int code) { conclude(world.rank(), code); });
    served.lost_any = loop.lost_any();
  }
  if (served.lost_any) return served;
  groups.value().close();
  router.value().close();
  channel.value().close();
  return served;
}

/// Collective. The ranks whose application cannot be had, in ascending order.
std::vector<base::Rank> ranks_without_entry(const net::MpiWorld& world, bool has_entry) {
  const auto said = world.allgather(has_entry ? 1U : 0U, net::MpiScope::world);
  std::vector<base::Rank> without;
  if (!said) return without;
  for (std::size_t rank = 0; rank < said.value().size(); ++rank) {
    if (said.value()[rank] == 0) without.push_back(static_cast<base::Rank>(rank));
  }
  return without;
}

}  // namespace

int rank_main(const RunRequest& request, const base::Result<const ApplicationEntry*>& entry,
              const std::string& program, const Prelude& prelude) {
  handle_signals();
  // Sleeps between two looks at MPI are as short as the kernel's usual tolerance of 50 us.
  ::prctl(PR_SET_TIMERSLACK, 1000UL);
  const auto environment = config::Environment::of_process();
  if (const auto traces = traces_of(environment); traces.is_rank && traces.rank == 0) {
    announce_first_rank(environment.get(verdict_variable));
  }
  const auto patience = request.configuration.duration("volley.network.timeout");
  limit_start(patience);
  auto world = net::MpiWorld::start(containers_are_threads(request) ? net::MpiThreads::callers
                                                                    : net::MpiThreads::several);
  if (!world) {
    std::fprintf(stderr, "volley: error: %s\n", world.error().c_str());
    return 70;
  }
  handle_signals();  // the MPI library may have replaced them
  const base::Rank rank = world.value().rank();
  int code = 0;
  if (world.value().launch_mistake()) {
    code = complain(0, *world.value().launch_mistake(), 2);
  } else if (const auto without = ranks_without_entry(world.value(), entry.ok());
             !without.empty()) {
    const bool speaks = rank == without.front();
    if (speaks) std::fprintf(stderr, "volley: error: %s\n", entry.error().c_str());
    code = 2;
  } else if (code = prelude ? prelude(world.value()) : 0; code == 0) {
    const Served served = serve(request, *entry.value(), program, world.value());
    code = served.code;
    if (served.lost_any) leave(rank, code);
  }
  lift_start_limit();
  if (!world.value().finalize(patience)) leave(rank, code);
  return conclude(rank, code);
}

}  // namespace volley::launch
