#include "protocol/containers.hpp"

#include "base/check.hpp"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>

namespace volley::protocol {

ByteCount slots_share(ByteCount memory, std::uint32_t total, std::uint32_t slots) {
  VOLLEY_CHECK(slots <= total, "slots={} total={}", slots, total);
  if (slots == total) return memory;
  return {memory.value / total * slots + memory.value % total * slots / total};
}

std::uint32_t total_slots(const GrantedContainer& container) {
  std::uint32_t total = 0;
  for (const ContainerMember& member : container.members) total += member.slots;
  return total;
}

ByteCount member_memory(const GrantedContainer& container, std::size_t member) {
  VOLLEY_CHECK(member < container.members.size(), "member={} of {}", member,
               container.members.size());
  return slots_share(container.memory, total_slots(container), container.members[member].slots);
}

std::string_view to_string(ApplicationState state) {
  switch (state) {
    case ApplicationState::submitted:
      return "SUBMITTED";
    case ApplicationState::accepted:
      return "ACCEPTED";
    case ApplicationState::running:
      return "RUNNING";
    case ApplicationState::finished:
      return "FINISHED";
    case ApplicationState::failed:
      return "FAILED";
    case ApplicationState::killed:
      return "KILLED";
  }
  return "?";
}

std::string_view to_string(FinalStatus status) {
  switch (status) {
    case FinalStatus::undefined:
      return "UNDEFINED";
    case FinalStatus::succeeded:
      return "SUCCEEDED";
    case FinalStatus::failed:
      return "FAILED";
    case FinalStatus::killed:
      return "KILLED";
  }
  return "?";
}

std::string_view to_string(ContainerKind kind) {
  switch (kind) {
    case ContainerKind::application_master:
      return "ApplicationMaster";
    case ContainerKind::driver:
      return "driver";
    case ContainerKind::executor:
      return "executor";
  }
  return "?";
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

std::string describe_exit(const ContainerExit& exit) {
  if (exit.status == exit_stopped_by_am) return "stopped by its ApplicationMaster";
  if (exit.status == exit_stopped_by_rm) return "stopped by the ResourceManager";
  if (exit.status == exit_after_completion) return "stopped after the application completed";
  if (exit.status == exit_launch_failed) return "could not be started";
  if (exit.status == exit_silent && exit.signal != 0) return "stopped because it was silent";
  if (exit.status == exit_node_lost) return "was lost with its rank";
  if (exit.status == exit_disks_failed) return "ended because the disks of its node failed";
  if (exit.status == exit_preempted) return "was preempted";
  if (exit.status == exit_over_virtual_memory) return "killed for exceeding virtual memory limits";
  if (exit.status == exit_over_memory) return "killed for exceeding physical memory limits";
  if (exit.signal != 0) {
    return fmt::format("killed by signal {} ({})", exit.signal, signal_name(exit.signal));
  }
  return fmt::format("exited with code {}", exit.status);
}

std::string describe_loss(const ContainerId& container, Rank rank, const ContainerExit& exit) {
  if (!exit.diagnostics.empty()) return exit.diagnostics;
  return fmt::format("{} on rank {} {}", base::to_string(container), rank, describe_exit(exit));
}

std::string first_of(const std::vector<ContainerId>& containers) {
  constexpr std::size_t shown = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(shown, containers.size()); ++i) {
    text += (i == 0 ? "" : ", ") + base::to_string(containers[i]);
  }
  if (containers.size() > shown) text += fmt::format(" and {} more", containers.size() - shown);
  return text;
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace volley::protocol
