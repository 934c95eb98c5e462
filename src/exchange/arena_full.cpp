#include "exchange/arena_full.hpp"

#include "base/units.hpp"

#include <fmt/format.h>

namespace volley::exchange {

std::string arena_full_text(const storage::NodeArena& arena, std::uint64_t bytes,
                            std::string_view purpose) {
  const std::string disk =
      arena.disk_slabs() == 0
          ? std::string("and there is none on disk")
          : fmt::format("so have {} on disk, of {} at most (volley.local.dir, volley.spill.size)",
                        base::format_bytes(arena.used_disk_slabs() * arena.slab_bytes()),
                        base::format_bytes(arena.disk_slabs() * arena.slab_bytes()));
  return fmt::format(
      "the node arena is full: {} of {} slabs of {} are in use, {}, and {} needs {} in one piece; "
      "raise volley.arena.size (now {}), free space on the scratch disk, or run on more nodes",
      arena.used_slabs(), arena.slabs(), base::format_bytes(arena.slab_bytes()), disk, purpose,
      base::format_bytes(bytes), base::format_bytes(arena.slabs() * arena.slab_bytes()));
}

}  // namespace volley::exchange
