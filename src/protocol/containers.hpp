#pragma once
// Arithmetic and words about containers that several roles share: how a container's memory divides
// over its members, how states are called, how an exit reads in a message for people.

#include "protocol/cluster_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace volley::protocol {

/// The part of `memory` that goes with `slots` of a container's `total` slots; all of it when
/// they are equal. Parts never add up to more than the whole.
ByteCount slots_share(ByteCount memory, std::uint32_t total, std::uint32_t slots);
/// Memory of one member of a granted container.
ByteCount member_memory(const GrantedContainer& container, std::size_t member);
std::uint32_t total_slots(const GrantedContainer& container);

std::string_view to_string(ApplicationState state);
std::string_view to_string(FinalStatus status);
std::string_view to_string(ContainerKind kind);

/// "SIGSEGV"; "signal 77" for one without a name.
std::string signal_name(int signal);
/// "killed by signal 11 (SIGSEGV)", "exited with code 3", "stopped by its ApplicationMaster".
std::string describe_exit(const ContainerExit& exit);
/// The NodeManager's own sentence, which names container, rank and host; made up when there is
/// none.
std::string describe_loss(const ContainerId& container, Rank rank, const ContainerExit& exit);
/// The first few ids, and how many more: log lines stay short whatever the size of a batch.
std::string first_of(const std::vector<ContainerId>& containers);
/// "1 rank", "5 ranks".
std::string counted(std::uint64_t count, std::string_view noun);

}  // namespace volley::protocol
