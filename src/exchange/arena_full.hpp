#pragma once
// ArenaFull: what a user reads when the node's shared memory for shuffles does not suffice.

#include "storage/node_arena.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace volley::exchange {

/// "the node arena is full: 60 of 64 slabs of 1.0 MiB are in use, <purpose> needs 12.0 MiB in one
/// piece; raise volley.arena.size (now 64.0 MiB) ...".
std::string arena_full_text(const storage::NodeArena& arena, std::uint64_t bytes,
                            std::string_view purpose);

/// Thrown where a task runs; ends the task's attempt.
class ArenaFull : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace volley::exchange
