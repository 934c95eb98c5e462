#include "launch/container_host.hpp"

#include "base/proc_files.hpp"
#include "config/configuration.hpp"
#include "launch/process_memory.hpp"
#include "protocol/outbox.hpp"
#include "storage/arena_owner.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

namespace volley::launch {
namespace {

constexpr std::uint64_t link_capacity = 1U << 20U;

/// What an executor adds to the memory that its node's arena may fill.
std::int64_t arena_share(const protocol::ContainerLaunch& launch) {
  if (launch.kind != protocol::ContainerKind::executor) return 0;
  const auto settings = config::Configuration::from_pairs(launch.submission.configuration);
  return static_cast<std::int64_t>(static_cast<double>(launch.memory.value) *
                                   settings.number("volley.memory.shuffleFraction"));
}

}  // namespace

ContainerHost::~ContainerHost() {
  for (auto& [id, container] : containers_) {
    unwatch(*container);
    if (container->thread.joinable()) container->thread.join();
  }
}

base::Result<std::int64_t> ContainerHost::start(const protocol::ContainerLaunch& launch) {
  auto ends = net::make_link(link_capacity);
  if (!ends) return ends.failure();
  auto link = net::ContainerLink::open(std::move(ends.value().rank));
  if (!link) return link.failure();
  auto container = std::make_unique<Container>(std::move(link).value());
  const ContainerStart first{launch, options_.rank, options_.host,
                             storage::container_owner(options_.rank, launch.container),
                             options_.log_level};
  container->link.send(protocol::encode(first));
  container->memory_kills = kernel_memory_kills();
  std::int64_t pid = 0;
  if (options_.threads) {
    start_thread(*container, std::move(ends.value().container));
  } else {
    const auto started = start_process(*container, std::move(ends.value().container));
    if (!started) return started.failure();
    pid = started.value();
  }
  container->arena_budget = arena_share(launch);
  arena_.change_budget(container->arena_budget);
  Container* raw = container.get();
  poller_.add(raw->link.wake_descriptor(), [raw] { return raw->link.prepare_to_wait(); });
  poller_.add(raw->process ? raw->process->descriptor() : raw->thread_done.get());
  containers_[launch.container] = std::move(container);
  return pid;
}

namespace {

/// GLIBC_TUNABLES with huge pages for large allocations, unless it says something about them.
std::string memory_tunables() {
  const char* const set = std::getenv("GLIBC_TUNABLES");
  const std::string tunables = set == nullptr ? "" : set;
  if (tunables.find("glibc.malloc.hugetlb") != std::string::npos) return tunables;
  return tunables + (tunables.empty() ? "" : ":") + "glibc.malloc.hugetlb=1";
}

}  // namespace

base::Result<std::int64_t> ContainerHost::start_process(Container& container,
                                                        net::LinkDescriptors end) {
  net::ProcessOptions process;
  process.arguments = {options_.program, "volley-container"};
  process.environment = {fmt::format("{}={}", container_variable, ::getpid()),
                         "GLIBC_TUNABLES=" + memory_tunables()};
  process.descriptors = {{end.memory.get(), link_memory_descriptor},
                         {end.wake_self.get(), link_wake_self_descriptor},
                         {end.wake_peer.get(), link_wake_peer_descriptor},
                         {arena_.descriptor(), arena_descriptor}};
  if (arena_.disk_descriptor() >= 0) {
    process.descriptors.push_back({arena_.disk_descriptor(), arena_disk_descriptor});
  }
  process.own_group = true;  // commands that its tasks run end with it
  auto started = net::ContainerProcess::start(process);
  if (!started) return started.failure();
  container.process.emplace(std::move(started).value());
  return std::int64_t{container.process->pid()};
}

void ContainerHost::start_thread(Container& container, net::LinkDescriptors end) {
  container.thread_done = base::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  container.thread_exit = std::make_shared<std::atomic<int>>(-1);
  auto link = net::ContainerLink::open(std::move(end));
  VOLLEY_CHECK(link.ok(), "{}", link.error());
  container.thread =
      std::thread([main = options_.thread_main, arena = &arena_, result = container.thread_exit,
                   done = container.thread_done.get(), held = std::move(link).value()]() mutable {
        result->store(main(std::move(held), arena));
        ::eventfd_write(done, 1);
      });
}

void ContainerHost::stop(const base::ContainerId& container, int signal) {
  const auto found = containers_.find(container);
  if (found == containers_.end()) return;
  if (found->second->process) {
    found->second->process->signal(signal);
    return;
  }
  // A thread cannot be killed: ask its role, which ends when its tasks let it.
  const protocol::Envelope stop{
      protocol::at_rank(protocol::Role::node_manager, options_.rank),
      {protocol::Role::executor, options_.rank, container},
      protocol::ExecutorMessage(protocol::ExecutorStopRequested{"stopped"})};
  found->second->link.send(protocol::encode_envelope(stop));
}

std::vector<worker::ContainerLauncher::MemberMemory> ContainerHost::measure(
    const std::vector<MemberLimit>& limits) {
  std::vector<MemberMemory> measured;
  const std::set<FileIdentity> arena{identity_of(arena_.descriptor()),
                                     identity_of(arena_.disk_descriptor())};
  if (options_.threads) return measured;
  const auto tree = base::needed_process_tree();
  for (const MemberLimit& limit : limits) {
    const auto found = containers_.find(limit.container);
    if (found == containers_.end() || !found->second->process) continue;
    const auto processes =
        base::descendants(tree ? &*tree : nullptr, found->second->process->pid());
    measured.push_back({limit.container, measure_processes(processes, arena, limit.limit)});
  }
  return measured;
}

bool ContainerHost::send(const base::ContainerId& container, const protocol::Bytes& frame) {
  const auto found = containers_.find(container);
  if (found == containers_.end()) return false;
  found->second->link.send(frame);
  return true;
}

bool ContainerHost::pump(const Handler& handler) {
  bool any = false;
  for (auto& [id, container] : containers_) {
    container->link.drain_wakeups();
    any |= container->link.pump();
    while (auto frame = container->link.receive()) {
      any = true;
      handler(std::move(*frame));
    }
  }
  return any;
}

std::optional<worker::ProcessEnd> ContainerHost::end_of(Container& container) {
  worker::ProcessEnd end;
  if (container.process) {
    const auto status = container.process->reap();
    if (!status) return std::nullopt;
    end.exit_code = status->code;
    end.signal = status->signal;
    end.peak_memory = container.process->peak_memory();
    end.kernel_out_of_memory =
        end.signal == SIGKILL && kernel_memory_kills() > container.memory_kills;
  } else {
    end.exit_code = container.thread_exit->load();
    if (end.exit_code < 0) return std::nullopt;
  }
  return end;
}

void ContainerHost::unwatch(Container& container) {
  poller_.remove(container.link.wake_descriptor());
  poller_.remove(container.process ? container.process->descriptor() : container.thread_done.get());
}

std::vector<ContainerHost::Ended> ContainerHost::take_ended(const Handler& handler) {
  std::vector<Ended> ended;
  for (auto at = containers_.begin(); at != containers_.end();) {
    Container& container = *at->second;
    auto end = end_of(container);
    if (!end) {
      ++at;
      continue;
    }
    container.link.drain_wakeups();
    while (auto frame = container.link.receive()) handler(std::move(*frame));
    if (container.link.broken()) end->detail = "its link was damaged";
    unwatch(container);
    if (container.thread.joinable()) container.thread.join();
    arena_.change_budget(-container.arena_budget);
    ended.push_back({at->first, std::move(*end)});
    at = containers_.erase(at);
  }
  return ended;
}

}  // namespace volley::launch
