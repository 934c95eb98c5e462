// The bodies of ClusterWorld, and a test that the world itself does what it promises.

#include "tests/launch/cluster_world.hpp"

namespace volley::testing {

ClusterWorld::ClusterWorld(Options options) : options_(options), random_(options.seed) {
  rm::ResourceManager::Options rm;
  rm.expected_ranks = options.ranks;
  rm.cluster_start = 1732060800;
  rm.client_mode_master_memory = {10};
  resource_manager_ = std::make_unique<rm::ResourceManager>(rm, log_);
  launch::ClientRole::Options client;
  client.ranks = options.ranks;
  client.submission.name = "test";
  client.submission.deploy_mode = options.mode;
  client.submission.driver_memory = {50};
  client_ = std::make_unique<launch::ClientRole>(client, log_);
  for (std::uint32_t i = 0; i < options.ranks; ++i) {
    const auto rank = static_cast<base::Rank>(i);
    worker::NodeManager::Options node;
    node.rank = rank;
    node.node = {"host", i / options.ranks_per_node, options.slots, {options.memory}, "", 7};
    Node& made = nodes_.emplace_back();
    made.launcher = std::make_unique<Launcher>(*this, rank);
    made.manager = std::make_unique<worker::NodeManager>(node, *made.launcher, log_);
    Outbox outbox(at_rank(Role::node_manager, rank));
    made.manager->start(outbox);
    post(outbox);
  }
}

base::Result<std::int64_t> ClusterWorld::start_process(base::Rank rank,
                                                       const ContainerLaunch& launch) {
  launches.push_back(launch);
  Process& process = processes_[{rank, launch.container}];
  process.launch = launch;
  process.rank = rank;
  process.stubborn = pick(4) == 0;
  process.drives = launch.runs_driver;
  if (launch.kind == ContainerKind::application_master) {
    am::ApplicationMaster::Options options;
    options.launch = launch;
    options.tracking_address = "host:1";
    process.master = std::make_unique<am::ApplicationMaster>(options, log_);
    Outbox outbox({Role::application_master, rank, launch.container});
    process.master->start(outbox);
    post(outbox);
  }
  if (launch.runs_driver) {
    driver_ready_ = false;
    Outbox outbox(launch.driver);
    outbox.send(launch.application_master, options_.request);
    post(outbox);
  }
  return std::int64_t{100};
}

void ClusterWorld::post(Outbox& outbox) {
  for (Envelope& envelope : outbox.take()) {
    queues_[{envelope.from, envelope.to}].push_back(std::move(envelope.message));
  }
}

void ClusterWorld::deliver_one(Queues::iterator queue) {
  Envelope envelope{queue->first.first, queue->first.second, std::move(queue->second.front())};
  queue->second.pop_front();
  if (queue->second.empty()) queues_.erase(queue);
  switch (envelope.to.role) {
    case Role::client:
      if (const auto* changed =
              std::get_if<ApplicationStateChanged>(&std::get<ClientMessage>(envelope.message))) {
        states.push_back(*changed);
      }
      return handle<ClientMessage>(*client_, envelope);
    case Role::resource_manager:
      return handle<ResourceManagerMessage>(*resource_manager_, envelope);
    case Role::node_manager:
      return handle<NodeManagerMessage>(
          *nodes_.at(static_cast<std::size_t>(envelope.to.rank)).manager, envelope);
    case Role::shuffle_service:
      cleanups += std::holds_alternative<ApplicationDataRemoved>(
          std::get<ShuffleServiceMessage>(envelope.message));
      return;
    default:
      return deliver_to_process(envelope);
  }
}

void ClusterWorld::deliver_to_process(Envelope& envelope) {
  const auto found = processes_.find({envelope.to.rank, envelope.to.container});
  if (found == processes_.end()) return;  // a router drops what nobody is there to read
  if (envelope.to.role == Role::driver) return driver_hears(envelope);
  if (!found->second.master) return;
  handle<ApplicationMasterMessage>(*found->second.master, envelope);
  if (found->second.master->finished() && !found->second.ending) {
    found->second.ending = worker::ProcessEnd{};
  }
}

void ClusterWorld::driver_hears(const Envelope& envelope) {
  const auto& message = std::get<DriverMessage>(envelope.message);
  if (const auto* loss = std::get_if<ExecutorLost>(&message)) lost.push_back(*loss);
  const auto* result = std::get_if<ExecutorsNegotiated>(&message);
  if (result == nullptr) return;
  negotiated.push_back(*result);
  driver_ready_ = result->final && result->granted > 0;
  if (result->final && result->granted == 0) finish_driver(FinalStatus::failed, result->note, 1);
}

void ClusterWorld::finish_driver(FinalStatus status, std::string why, std::int32_t code) {
  driver_ready_ = false;
  for (auto& [key, process] : processes_) {
    if (!process.drives || process.ending) continue;
    Outbox outbox(process.launch.driver);
    outbox.send(process.launch.application_master, DriverFinished{status, why, code});
    post(outbox);
    if (process.launch.kind == ContainerKind::driver) process.ending = worker::ProcessEnd{};
  }
}

void ClusterWorld::kill_application(const std::string& reason) {
  Outbox outbox(at_rank(Role::client, 0));
  client_->kill(reason, outbox);
  post(outbox);
}

std::vector<ClusterWorld::ProcessKey> ClusterWorld::live(ContainerKind kind) const {
  std::vector<ProcessKey> keys;
  for (const auto& [key, process] : processes_) {
    if (process.launch.kind == kind && !process.ending) keys.push_back(key);
  }
  return keys;
}

void ClusterWorld::end_one(const ProcessKey& key) {
  const worker::ProcessEnd end = *processes_.at(key).ending;
  processes_.erase(key);
  Outbox outbox(at_rank(Role::node_manager, key.first));
  nodes_.at(static_cast<std::size_t>(key.first)).manager->container_exited(key.second, end, outbox);
  post(outbox);
}

void ClusterWorld::tick_all() {
  Outbox rm(at_rank(Role::resource_manager, 0));
  resource_manager_->tick(now_, rm);
  post(rm);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Outbox outbox(at_rank(Role::node_manager, static_cast<base::Rank>(i)));
    nodes_[i].manager->tick(now_, outbox);
    post(outbox);
  }
  for (auto& [key, process] : processes_) {
    if (!process.master) continue;
    Outbox outbox({Role::application_master, key.first, key.second});
    process.master->tick(now_, outbox);
    post(outbox);
    if (process.master->finished() && !process.ending) process.ending = worker::ProcessEnd{};
  }
}

/// Does one thing that can be done now; false when the cluster is at rest.
bool ClusterWorld::step() {
  if (options_.random_kills > 0 && !processes_.empty() && pick(40) == 0) {
    const auto victim = std::next(processes_.begin(), static_cast<long>(pick(processes_.size())));
    if (!victim->second.ending) {
      --options_.random_kills;
      victim->second.ending = worker::ProcessEnd{0, SIGKILL, 0, ""};
    }
  }
  std::vector<ProcessKey> ending;
  for (const auto& [key, process] : processes_) {
    if (process.ending) ending.push_back(key);
  }
  const std::size_t choices = queues_.size() + ending.size();
  if (choices == 0) return false;
  if (pick(20) == 0) tick_all();
  const std::size_t choice = pick(choices);
  if (choice >= queues_.size()) {
    const std::size_t index = choice - queues_.size();
    if (index < ending.size()) end_one(ending[index]);
  } else {
    deliver_one(std::next(queues_.begin(), static_cast<long>(choice)));
  }
  expect_within_capacity();
  return true;
}

/// What really runs on a rank never exceeds what it offers.
void ClusterWorld::expect_within_capacity() const {
  std::map<base::Rank, std::uint64_t> slots, memory;
  for (const auto& [key, process] : processes_) {
    slots[key.first] += process.launch.slots;
    memory[key.first] += process.launch.memory.value;
  }
  for (const auto& [rank, used] : slots) ASSERT_LE(used, options_.slots) << "rank " << rank;
  for (const auto& [rank, used] : memory) ASSERT_LE(used, options_.memory) << "rank " << rank;
}

bool ClusterWorld::over() const {
  for (const Node& node : nodes_) {
    if (!node.manager->finished()) return false;
  }
  return client_->exit_code().has_value() && queues_.empty();
}

void ClusterWorld::run(Script script) {
  constexpr int rest = 20;  // ticks: whatever has to time out has done so
  int idle = 0, rested = 0;
  for (int steps = 0; steps < 200000 && idle < 2000; ++steps) {
    if (step()) continue;
    if (over()) return;
    if (driver_ready_ && ++rested > rest) {
      idle = rested = 0;
      if (script.empty()) {
        finish_driver(FinalStatus::succeeded, "", 0);
      } else {
        const auto next = std::move(script.front());
        script.pop_front();
        next(*this);
      }
      continue;
    }
    now_ += std::chrono::milliseconds{50};
    ++idle;
    tick_all();
  }
  ADD_FAILURE() << "no end, seed " << options_.seed;
}

void ClusterWorld::expect_empty() const {
  EXPECT_TRUE(resource_manager_->quiescent()) << "seed " << options_.seed;
  EXPECT_EQ(resource_manager_->containers(), 0U);
  EXPECT_TRUE(processes_.empty());
  EXPECT_TRUE(queues_.empty());
  for (const Node& node : nodes_) EXPECT_TRUE(node.manager->quiescent()) << options_.seed;
}

namespace {

TEST(ClusterWorld, OneSeedIsOneHistory) {
  const auto history = [](unsigned seed) {
    ClusterWorld::Options options;
    options.seed = seed;
    options.random_kills = 2;
    ClusterWorld world(options);
    world.run();
    std::string text;
    for (const ContainerLaunch& launch : world.launches) text += base::to_string(launch.container);
    return text;
  };
  EXPECT_EQ(history(5), history(5));
}

}  // namespace
}  // namespace volley::testing
