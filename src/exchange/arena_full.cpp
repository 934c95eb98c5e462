#include "exchange/arena_full.hpp"

#include "base/units.hpp"

#include <fmt/format.h>

namespace volley::exchange {

std::string arena_full_text(const storage::NodeArena& arena, std::uint64_t bytes,
                            std::string_view purpose) {
  return fmt::format(
      "the node arena is full: {} of {} slabs of {} are in use and {} needs {} in one piece; raise "
      "volley.arena.size (now {}) or run on more nodes",
      arena.used_slabs(), arena.slabs(), base::format_bytes(arena.slab_bytes()), purpose,
      base::format_bytes(bytes), base::format_bytes(arena.slabs() * arena.slab_bytes()));
}

}  // namespace volley::exchange
