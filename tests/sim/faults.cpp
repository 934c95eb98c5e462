#include "tests/sim/faults.hpp"

#include "tests/sim/world.hpp"
#include "tests/sim/world_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>

namespace volley::sim {

using namespace std::chrono_literals;
using protocol::ContainerKind;

std::string name_of(FaultKind kind) {
  static constexpr const char* names[fault_kinds] = {"kill executor",
                                                     "kill ApplicationMaster",
                                                     "kill driver",
                                                     "hang executor",
                                                     "hang ApplicationMaster",
                                                     "hang driver",
                                                     "pause process",
                                                     "slow rank",
                                                     "slow process",
                                                     "pause rank",
                                                     "lose rank",
                                                     "lose node",
                                                     "lose data"};
  return names[static_cast<std::size_t>(kind)];
}

FaultMaker::FaultMaker(FaultPlan plan, Random random) : plan_(std::move(plan)), random_(random) {
  for (std::uint32_t i = 0; i < plan_.count && !plan_.kinds.empty(); ++i) {
    due_.emplace_back(random_.below(plan_.within), random_.pick(plan_.kinds));
  }
  std::sort(due_.rbegin(), due_.rend());
}

void FaultMaker::look(World& world) {
  ++seen_;
  if (due_.empty() || seen_ < due_.back().first) return;
  // Without a victim it waits for one.
  if (strike(world, due_.back().second)) {
    due_.pop_back();
  } else {
    due_.back().first = seen_ + 50;
    std::sort(due_.rbegin(), due_.rend());
  }
}

bool FaultMaker::strike(World& world, FaultKind kind) {
  switch (kind) {
    case FaultKind::slow_rank:
    case FaultKind::pause_rank:
    case FaultKind::lose_rank:
    case FaultKind::lose_node:
    case FaultKind::lose_data:
      return strike_rank(world, kind);
    default:
      return strike_process(world, kind);
  }
}

void FaultMaker::log(const World& world, FaultKind kind, const std::string& victim) {
  done_.push_back(fmt::format("{} {} at {}, event {}", name_of(kind), victim,
                              base::format_duration(world.now_ - base::TimePoint{1h}),
                              world.handled_));
  world.log_.warn("Fault", "{}", done_.back());
}

bool FaultMaker::strike_process(World& world, FaultKind kind) {
  const auto fits = [&](const World::Process& process) {
    const auto& launch = process.launch();
    if (process.dead || process.hung) return false;
    if (kind == FaultKind::slow_process) return true;
    if (kind == FaultKind::pause_process) return launch.kind != ContainerKind::driver;
    if (kind == FaultKind::kill_executor || kind == FaultKind::hang_executor) {
      return launch.kind == ContainerKind::executor;
    }
    if (kind == FaultKind::kill_master || kind == FaultKind::hang_master) {
      return launch.kind == ContainerKind::application_master;
    }
    return launch.kind == ContainerKind::driver || launch.runs_driver;
  };
  std::vector<World::Process*> victims;
  for (const auto& node : world.nodes_) {
    for (const auto& [container, process] : node->processes) {
      if (fits(*process)) victims.push_back(process.get());
    }
  }
  if (victims.empty()) return false;
  World::Process& victim = *random_.pick(victims);
  const auto& launch = victim.launch();
  log(world, kind, base::to_string(launch.container));
  if (launch.kind != ContainerKind::executor && kind != FaultKind::slow_process) ++attempts_ended_;
  switch (kind) {
    case FaultKind::kill_executor:
    case FaultKind::kill_master:
    case FaultKind::kill_driver: {
      const bool exits = random_.one_in(3);
      world.end_process(victim, {exits ? 42 : 0, exits ? 0 : SIGKILL, 0, ""});
      break;
    }
    case FaultKind::pause_process:
      world.plan(EventKind::resume, random_.duration(1s, 30s), victim.roles->rank(),
                 launch.container);
      victim.hung = true;
      break;
    case FaultKind::slow_process:
      victim.link_out = std::max(victim.link_out, world.now_ + random_.duration(100ms, 6s));
      break;
    default:
      victim.hung = true;
      break;
  }
  return true;
}

bool FaultMaker::strike_rank(World& world, FaultKind kind) {
  std::vector<base::Rank> victims;
  for (std::size_t i = 1; i < world.nodes_.size(); ++i) {
    const World::Node& node = *world.nodes_[i];
    const bool with_rank_0 = kind == FaultKind::lose_node && node.number == 0;
    if (!node.dead && !node.paused && !with_rank_0) victims.push_back(static_cast<base::Rank>(i));
  }
  if (victims.empty()) return false;
  const base::Rank rank = random_.pick(victims);
  World::Node& victim = world.node(rank);
  log(world, kind, fmt::format("rank {}", rank));
  switch (kind) {
    case FaultKind::slow_rank:
      victim.slowness = random_.between(2, 20);
      break;
    case FaultKind::pause_rank:
      victim.paused = true;
      world.plan(EventKind::resume, random_.duration(10ms, random_.one_in(4) ? 40s : 5s), rank);
      break;
    case FaultKind::lose_data:
      world.fabric_.damage_next();
      break;
    default:
      for (std::size_t i = 1; i < world.nodes_.size(); ++i) {
        const bool same = static_cast<base::Rank>(i) == rank;
        const bool near = kind == FaultKind::lose_node && world.nodes_[i]->number == victim.number;
        if ((same || near) && !world.nodes_[i]->dead) {
          world.lose_rank(static_cast<base::Rank>(i), random_.one_in(2));
        }
      }
      ++attempts_ended_;  // it may have been the master's
      break;
  }
  return true;
}

}  // namespace volley::sim
