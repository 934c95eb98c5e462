#include "storage/node_arena.hpp"

#include "base/check.hpp"
#include "base/units.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

namespace volley::storage {
namespace {

using Cell = std::atomic<std::uint64_t>;
static_assert(Cell::is_always_lock_free && sizeof(Cell) == sizeof(std::uint64_t));

constexpr std::uint64_t arena_magic = 0x564f4c4c45594e41ULL;  // "VOLLEYNA"
constexpr NodeArena::Owner nobody = 0;
/// Owns a slab while its pages go back to the kernel.
constexpr NodeArena::Owner trimmer = std::numeric_limits<NodeArena::Owner>::max();

/// The start of the mapping; the owner table follows, then the slabs. Every owned slab lies below
/// `touched`. `hint` and `used` only save time: a process that dies between two steps leaves them
/// slightly wrong, and nothing that must be right depends on them.
struct Head {
  std::uint64_t magic;
  std::uint64_t slab_bytes;
  std::uint64_t slabs;
  std::uint64_t data_offset;
  alignas(64) Cell touched;  ///< slabs below were handed out before; those above never
  alignas(64) Cell hint;     ///< where the next scan starts
  alignas(64) Cell used;     ///< about how many slabs are owned
};
static_assert(sizeof(Head) % sizeof(Cell) == 0);

Head& head_of(std::byte* base) { return *reinterpret_cast<Head*>(base); }
Cell* table_of(std::byte* base) { return reinterpret_cast<Cell*>(base + sizeof(Head)); }

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

void raise_to(Cell& cell, std::uint64_t value) {
  std::uint64_t seen = cell.load();
  while (seen < value && !cell.compare_exchange_weak(seen, value)) {
  }
}

/// Takes all of [first, first + count) or nothing; returns how many were free before a foreign one.
std::uint64_t claim(Cell* table, std::uint64_t first, std::uint64_t count, std::uint64_t owner) {
  for (std::uint64_t taken = 0; taken < count; ++taken) {
    std::uint64_t expected = nobody;
    if (table[first + taken].compare_exchange_strong(expected, owner)) continue;
    for (std::uint64_t back = 0; back < taken; ++back) table[first + back].store(nobody);
    return taken;
  }
  return count;
}

/// Claims the first run of `count` free slabs that begins in [begin, end) and ends before `limit`.
std::optional<std::uint64_t> claim_in(Cell* table, std::uint64_t begin, std::uint64_t end,
                                      std::uint64_t limit, std::uint64_t count,
                                      std::uint64_t owner) {
  std::uint64_t free_run = 0;
  for (std::uint64_t slab = begin; slab < limit && slab - free_run < end; ++slab) {
    if (table[slab].load(std::memory_order_relaxed) != nobody) {
      free_run = 0;
      continue;
    }
    if (++free_run < count) continue;
    const std::uint64_t first = slab + 1 - count;
    const std::uint64_t taken = claim(table, first, count, owner);
    if (taken == count) return first;
    free_run = slab - (first + taken);  // somebody took the slab first + taken
  }
  return std::nullopt;
}

std::string mapping_error(std::uint64_t bytes, const char* step) {
  return fmt::format(
      "cannot make the node arena of {}: {}: {}. Lower volley.arena.size, or raise the limits on "
      "address space and file size (ulimit -v, ulimit -f)",
      base::format_bytes(bytes), step, std::strerror(errno));
}

}  // namespace

base::Result<NodeArena> NodeArena::create(const Options& options) {
  constexpr std::uint64_t page = 4096;
  if (!std::has_single_bit(options.slab_bytes) || options.slab_bytes < page) {
    return base::Failure{
        fmt::format("the node arena's slab size is {} bytes: it must be a power "
                    "of two of at least {}",
                    options.slab_bytes, page)};
  }
  if (options.capacity == 0 || options.capacity > (1ULL << 60U)) {
    return base::Failure{
        fmt::format("the node arena's size is {} bytes: set volley.arena.size "
                    "to more than 0 and less than 1 EiB",
                    options.capacity)};
  }
  const std::uint64_t slabs = round_up(options.capacity, options.slab_bytes) / options.slab_bytes;
  const std::uint64_t data =
      round_up(sizeof(Head) + slabs * sizeof(Cell), std::max(options.slab_bytes, page));
  const std::uint64_t size = data + slabs * options.slab_bytes;

  NodeArena arena;
  arena.descriptor_ = base::Fd(::memfd_create("volley-arena", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!arena.descriptor_) return base::Failure{mapping_error(size, "memfd_create")};
  if (::ftruncate(arena.descriptor(), static_cast<off_t>(size)) != 0) {
    return base::Failure{mapping_error(size, "ftruncate")};
  }
  // A fixed size means that no process can make another one's access a SIGBUS.
  if (::fcntl(arena.descriptor(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
    return base::Failure{mapping_error(size, "fcntl(F_ADD_SEALS)")};
  }
  const base::Status mapped = arena.map(size);
  if (!mapped) return mapped.failure();
  Head& head = head_of(arena.base_);
  head.magic = arena_magic;
  head.slab_bytes = options.slab_bytes;
  head.slabs = slabs;
  head.data_offset = data;
  arena.data_ = arena.base_ + data;
  return arena;
}

base::Result<NodeArena> NodeArena::attach(base::Fd descriptor) {
  NodeArena arena;
  arena.descriptor_ = std::move(descriptor);
  struct stat status {};
  if (::fstat(arena.descriptor(), &status) != 0) {
    return base::Failure{fmt::format("cannot attach the node arena on descriptor {}: {}",
                                     arena.descriptor(), std::strerror(errno))};
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const base::Failure foreign{fmt::format("descriptor {} is not a node arena", arena.descriptor())};
  if (!S_ISREG(status.st_mode) || size < sizeof(Head)) return foreign;
  const base::Status mapped = arena.map(size);
  if (!mapped) return mapped.failure();
  const Head& head = head_of(arena.base_);
  if (head.magic != arena_magic || head.data_offset > size || head.slab_bytes == 0 ||
      (size - head.data_offset) / head.slab_bytes != head.slabs) {
    return foreign;
  }
  arena.data_ = arena.base_ + head.data_offset;
  return arena;
}

base::Status NodeArena::map(std::uint64_t size) {
  void* at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
                    descriptor_.get(), 0);
  if (at == MAP_FAILED) return base::Failure{mapping_error(size, "mmap")};
  base_ = static_cast<std::byte*>(at);
  mapped_ = size;
  return base::Done{};
}

void NodeArena::unmap() noexcept {
  if (base_ != nullptr) ::munmap(base_, mapped_);
  base_ = nullptr;
}

NodeArena::NodeArena(NodeArena&& other) noexcept
    : descriptor_(std::move(other.descriptor_)),
      base_(std::exchange(other.base_, nullptr)),
      mapped_(std::exchange(other.mapped_, 0)),
      data_(std::exchange(other.data_, nullptr)) {}

NodeArena& NodeArena::operator=(NodeArena&& other) noexcept {
  if (this != &other) {
    unmap();
    descriptor_ = std::move(other.descriptor_);
    base_ = std::exchange(other.base_, nullptr);
    mapped_ = std::exchange(other.mapped_, 0);
    data_ = std::exchange(other.data_, nullptr);
  }
  return *this;
}

NodeArena::~NodeArena() { unmap(); }

std::uint64_t NodeArena::slab_bytes() const { return head_of(base_).slab_bytes; }
std::uint64_t NodeArena::slabs() const { return head_of(base_).slabs; }

std::optional<std::uint64_t> NodeArena::allocate(Owner owner, std::uint64_t count) {
  VOLLEY_CHECK(owner != nobody && owner != trimmer && count != 0, "owner={} count={}", owner,
               count);
  if (count > slabs()) return std::nullopt;
  Head& head = head_of(base_);
  auto first = allocate_touched(owner, count, false);
  if (!first) first = allocate_fresh(owner, count);
  if (!first) first = allocate_touched(owner, count, true);
  if (!first) return std::nullopt;
  head.used.fetch_add(count, std::memory_order_relaxed);
  head.hint.store(*first + count, std::memory_order_relaxed);
  return first;
}

/// Recycled slabs. Unless `thorough`, looks only where the counter promises something.
std::optional<std::uint64_t> NodeArena::allocate_touched(Owner owner, std::uint64_t count,
                                                         bool thorough) {
  Head& head = head_of(base_);
  const std::uint64_t end = head.touched.load();
  const std::uint64_t used = head.used.load(std::memory_order_relaxed);
  if (!thorough && (used >= end || end - used < count)) return std::nullopt;
  const std::uint64_t hint = std::min(head.hint.load(std::memory_order_relaxed), end);
  const auto found = claim_in(table_of(base_), hint, end, end, count, owner);
  return found ? found : claim_in(table_of(base_), 0, hint, end, count, owner);
}

/// Slabs that nobody has had so far: moves the mark first, so that what is owned lies below it.
std::optional<std::uint64_t> NodeArena::allocate_fresh(Owner owner, std::uint64_t count) {
  Head& head = head_of(base_);
  std::uint64_t first = head.touched.load();
  while (first + count <= head.slabs) {
    if (!head.touched.compare_exchange_weak(first, first + count)) continue;
    if (claim(table_of(base_), first, count, owner) == count) return first;
    first = head.touched.load();  // a scan was faster than we with some of them
  }
  raise_to(head.touched, head.slabs);  // the few that are left join the recycled ones
  return std::nullopt;
}

void NodeArena::transfer(std::uint64_t slab, Owner from, Owner to) {
  VOLLEY_CHECK(slab < slabs() && to != nobody, "slab={} to={}", slab, to);
  Owner expected = from;
  const bool moved = table_of(base_)[slab].compare_exchange_strong(expected, to);
  VOLLEY_CHECK(moved, "slab={} from={} owner={}", slab, from, expected);
}

void NodeArena::release(std::uint64_t slab, Owner owner) {
  VOLLEY_CHECK(slab < slabs(), "slab={}", slab);
  Head& head = head_of(base_);
  Cell& cell = table_of(base_)[slab];
  const Owner current = cell.load(std::memory_order_relaxed);
  VOLLEY_CHECK(current == owner, "slab={} owner={} current={}", slab, owner, current);
  cell.store(nobody);
  head.used.fetch_sub(1, std::memory_order_relaxed);
  head.hint.store(slab, std::memory_order_relaxed);
}

std::uint64_t NodeArena::release_all(Owner owner) {
  std::uint64_t released = 0;
  const std::uint64_t end = head_of(base_).touched.load();
  for (std::uint64_t slab = 0; slab < end; ++slab) {
    if (table_of(base_)[slab].load(std::memory_order_relaxed) != owner) continue;
    release(slab, owner);
    ++released;
  }
  return released;
}

NodeArena::Owner NodeArena::owner(std::uint64_t slab) const {
  VOLLEY_CHECK(slab < slabs(), "slab={}", slab);
  const Owner current = table_of(base_)[slab].load();
  return current == trimmer ? nobody : current;
}

std::uint64_t NodeArena::used_slabs() const {
  std::uint64_t used = 0;
  const std::uint64_t end = head_of(base_).touched.load();
  for (std::uint64_t slab = 0; slab < end; ++slab) used += owner(slab) != nobody ? 1U : 0U;
  return used;
}

void NodeArena::trim() {
  const std::uint64_t end = head_of(base_).touched.load();
  const std::uint64_t data = head_of(base_).data_offset;
  for (std::uint64_t slab = 0; slab < end; ++slab) {
    if (claim(table_of(base_), slab, 1, trimmer) == 0) continue;
    // A refusal only means that the pages stay.
    (void)::fallocate(descriptor_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                      static_cast<off_t>(data + offset_of(slab)), static_cast<off_t>(slab_bytes()));
    table_of(base_)[slab].store(nobody);
  }
}

}  // namespace volley::storage
