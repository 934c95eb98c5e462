#include "storage/node_arena.hpp"

#include "base/check.hpp"
#include "base/units.hpp"
#include "storage/scratch_file.hpp"
#include "storage/slab_region.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <climits>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace volley::storage {
namespace {

constexpr std::uint64_t arena_magic = 0x564f4c4c45594e41ULL;  // "VOLLEYNA"
constexpr NodeArena::Owner nobody = SlabRegion::nobody;
/// Owns a slab while its pages go back to the kernel.
constexpr NodeArena::Owner trimmer = std::numeric_limits<NodeArena::Owner>::max();

/// The start of the mapping; the owner table of both regions follows, then the slabs in memory. The
/// slabs on disk are another file, mapped behind.
struct Head {
  std::uint64_t magic;
  std::uint64_t slab_bytes;
  std::uint64_t data_offset;
  SlabRegion memory;
  SlabRegion disk;
  alignas(64) Cell budget;  ///< bytes of owned memory slabs at most; 0: no such limit
};
static_assert(sizeof(Head) % sizeof(Cell) == 0);

Head& head_of(std::byte* base) { return *reinterpret_cast<Head*>(base); }
Cell* table_of(std::byte* base) { return reinterpret_cast<Cell*>(base + sizeof(Head)); }
Cell* disk_table_of(std::byte* base) { return table_of(base) + head_of(base).memory.slabs(); }

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

/// Gives the blocks of a range of a file back; a refusal only means that they stay.
void punch(int file, std::uint64_t offset, std::uint64_t bytes) {
  (void)::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                    static_cast<off_t>(bytes));
}

/// Writes all of the pieces, one after another from `at` on, and moves `at` behind them.
bool write_pieces(int file, std::span<iovec> pieces, std::uint64_t& at) {
  while (!pieces.empty()) {
    const ssize_t written =
        ::pwritev(file, pieces.data(), static_cast<int>(pieces.size()), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    at += static_cast<std::uint64_t>(written);
    auto left = static_cast<std::size_t>(written);
    while (!pieces.empty() && left >= pieces.front().iov_len) {
      left -= pieces.front().iov_len;
      pieces = pieces.subspan(1);
    }
    if (left != 0) {
      pieces.front().iov_base = static_cast<std::byte*>(pieces.front().iov_base) + left;
      pieces.front().iov_len -= left;
    }
  }
  return true;
}

std::string mapping_error(std::uint64_t bytes, const char* step) {
  return fmt::format(
      "cannot make the node arena of {}: {}: {}. Lower volley.arena.size, or raise the limits on "
      "address space and file size (ulimit -v, ulimit -f)",
      base::format_bytes(bytes), step, std::strerror(errno));
}

/// Addresses for so many bytes, at a multiple of huge pages; null when there are none.
std::byte* reserve_addresses(std::uint64_t bytes) {
  constexpr std::uint64_t huge_page = 2U << 20U;
  void* const at = ::mmap(nullptr, bytes + huge_page, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) return nullptr;
  auto* const begin = static_cast<std::byte*>(at);
  const std::uint64_t over = reinterpret_cast<std::uintptr_t>(begin) % huge_page;
  const std::uint64_t before = over == 0 ? 0 : huge_page - over;
  constexpr std::uint64_t page = 4096;
  const std::uint64_t end = (before + bytes + page - 1) / page * page;
  if (before != 0) ::munmap(begin, before);
  if (end < bytes + huge_page) ::munmap(begin + end, bytes + huge_page - end);
  return begin + before;
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
  const bool has_disk = !options.disk_directory.empty();
  const std::uint64_t disk_slabs = has_disk ? options.disk_capacity / options.slab_bytes : 0;
  const std::uint64_t data = round_up(sizeof(Head) + (slabs + disk_slabs) * sizeof(Cell),
                                      std::max(options.slab_bytes, page));
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
  const std::uint64_t disk_size = disk_slabs * options.slab_bytes;
  if (disk_slabs != 0) {
    auto file = open_scratch_file(options.disk_directory);
    if (!file) return file.failure();
    arena.disk_ = std::move(file).value();
    if (::ftruncate(arena.disk_.get(), static_cast<off_t>(disk_size)) != 0) {
      return base::Failure{fmt::format(
          "cannot make a scratch file of {} in {}: {}; lower volley.spill.size or raise the limit "
          "on file size (ulimit -f)",
          base::format_bytes(disk_size), options.disk_directory, std::strerror(errno))};
    }
  }
  const base::Status mapped = arena.map(size, disk_size);
  if (!mapped) return mapped.failure();
  Head& head = head_of(arena.base_);
  head.magic = arena_magic;
  head.slab_bytes = options.slab_bytes;
  head.data_offset = data;
  head.memory.start(slabs);
  head.disk.start(disk_slabs);
  arena.data_ = arena.base_ + data;
  return arena;
}

base::Result<NodeArena> NodeArena::attach(base::Fd descriptor, base::Fd disk) {
  NodeArena arena;
  arena.descriptor_ = std::move(descriptor);
  arena.disk_ = std::move(disk);
  struct stat status {};
  if (::fstat(arena.descriptor(), &status) != 0) {
    return base::Failure{fmt::format("cannot attach the node arena on descriptor {}: {}",
                                     arena.descriptor(), std::strerror(errno))};
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const base::Failure foreign{fmt::format("descriptor {} is not a node arena", arena.descriptor())};
  if (!S_ISREG(status.st_mode) || size < sizeof(Head)) return foreign;
  std::uint64_t disk_size = 0;
  if (arena.disk_ && ::fstat(arena.disk_descriptor(), &status) == 0) {
    disk_size = static_cast<std::uint64_t>(status.st_size);
  }
  const base::Status mapped = arena.map(size, disk_size);
  if (!mapped) return mapped.failure();
  const Head& head = head_of(arena.base_);
  if (head.magic != arena_magic || head.data_offset > size || head.slab_bytes == 0 ||
      (size - head.data_offset) / head.slab_bytes != head.memory.slabs() ||
      disk_size / head.slab_bytes != head.disk.slabs()) {
    return foreign;
  }
  arena.data_ = arena.base_ + head.data_offset;
  return arena;
}

base::Status NodeArena::map(std::uint64_t memory, std::uint64_t disk) {
  constexpr int access = PROT_READ | PROT_WRITE;
  base_ = reserve_addresses(memory + disk);
  if (base_ == nullptr) return base::Failure{mapping_error(memory + disk, "mmap")};
  mapped_ = memory + disk;
  constexpr int flags = MAP_SHARED | MAP_NORESERVE | MAP_FIXED;
  if (::mmap(base_, memory, access, flags, descriptor_.get(), 0) == MAP_FAILED ||
      (disk != 0 && ::mmap(base_ + memory, disk, access, flags, disk_.get(), 0) == MAP_FAILED)) {
    return base::Failure{mapping_error(memory + disk, "mmap")};
  }
  ::madvise(base_, memory, MADV_HUGEPAGE);  // a wish, not a need
  return base::Done{};
}

void NodeArena::unmap() noexcept {
  if (base_ != nullptr) ::munmap(base_, mapped_);
  base_ = nullptr;
}

NodeArena::NodeArena(NodeArena&& other) noexcept
    : descriptor_(std::move(other.descriptor_)),
      disk_(std::move(other.disk_)),
      base_(std::exchange(other.base_, nullptr)),
      mapped_(std::exchange(other.mapped_, 0)),
      data_(std::exchange(other.data_, nullptr)) {}

NodeArena& NodeArena::operator=(NodeArena&& other) noexcept {
  if (this != &other) {
    unmap();
    descriptor_ = std::move(other.descriptor_);
    disk_ = std::move(other.disk_);
    base_ = std::exchange(other.base_, nullptr);
    mapped_ = std::exchange(other.mapped_, 0);
    data_ = std::exchange(other.data_, nullptr);
  }
  return *this;
}

NodeArena::~NodeArena() { unmap(); }

std::uint64_t NodeArena::slab_bytes() const { return head_of(base_).slab_bytes; }
std::uint64_t NodeArena::slabs() const { return head_of(base_).memory.slabs(); }
std::uint64_t NodeArena::disk_slabs() const { return head_of(base_).disk.slabs(); }

std::optional<std::uint64_t> NodeArena::allocate(Owner owner, std::uint64_t count, Within limit) {
  VOLLEY_CHECK(owner != nobody && owner != trimmer && count != 0, "owner={} count={}", owner,
               count);
  Head& head = head_of(base_);
  const std::uint64_t bytes = head.budget.load(std::memory_order_relaxed);
  const bool limited = limit == Within::budget && bytes != 0;
  if (limited && (head.memory.used() + count) * head.slab_bytes > bytes) return std::nullopt;
  return head.memory.allocate(table_of(base_), owner, count);
}

std::optional<std::uint64_t> NodeArena::allocate_disk(Owner owner, std::uint64_t count) {
  VOLLEY_CHECK(owner != nobody && owner != trimmer && count != 0, "owner={} count={}", owner,
               count);
  Head& head = head_of(base_);
  const auto first = head.disk.allocate(disk_table_of(base_), owner, count);
  if (!first) return std::nullopt;
  // The blocks are set aside now, since a mapped page that gets none later is a SIGBUS.
  const int refused = ::posix_fallocate(disk_.get(), static_cast<off_t>(*first * head.slab_bytes),
                                        static_cast<off_t>(count * head.slab_bytes));
  const std::uint64_t slab = head.memory.slabs() + *first;
  if (refused == 0) return slab;
  for (std::uint64_t i = 0; i < count; ++i) release(slab + i, owner);
  return std::nullopt;
}

bool NodeArena::write_disk(std::uint64_t offset, std::span<const std::span<const std::byte>> data) {
  VOLLEY_CHECK(on_disk(offset), "offset={}", offset);
  std::uint64_t at = offset - slabs() * slab_bytes();
  std::vector<iovec> pieces;
  while (!data.empty()) {
    pieces.clear();
    for (const auto block : data.first(std::min<std::size_t>(data.size(), IOV_MAX))) {
      // The kernel does not write to what it writes from.
      pieces.push_back({const_cast<std::byte*>(block.data()), block.size()});
    }
    data = data.subspan(pieces.size());
    if (!write_pieces(disk_.get(), pieces, at)) return false;
  }
  return true;
}

void NodeArena::advise(std::uint64_t offset, std::uint64_t bytes, int advice) const {
  if (!on_disk(offset) || bytes == 0) return;
  constexpr std::uint64_t page = 4096;
  const std::uint64_t begin = offset / page * page;
  ::madvise(at(begin), offset + bytes - begin, advice);  // a wish, not a need
}
void NodeArena::expect_reads(std::uint64_t offset, std::uint64_t bytes) const {
  advise(offset, bytes, MADV_WILLNEED);
}
void NodeArena::forget_reads(std::uint64_t offset, std::uint64_t bytes) const {
  advise(offset, bytes, MADV_DONTNEED);
}

void NodeArena::change_budget(std::int64_t bytes) {
  head_of(base_).budget.fetch_add(static_cast<std::uint64_t>(bytes));
}
bool NodeArena::over_budget() const {
  const Head& head = head_of(base_);
  const std::uint64_t bytes = head.budget.load(std::memory_order_relaxed);
  return bytes != 0 && head.memory.used() * head.slab_bytes > bytes;
}
std::uint64_t NodeArena::budget() const { return head_of(base_).budget.load(); }

void NodeArena::transfer(std::uint64_t slab, Owner from, Owner to) {
  VOLLEY_CHECK(slab < all_slabs() && to != nobody, "slab={} to={}", slab, to);
  Owner expected = from;
  const bool moved = table_of(base_)[slab].compare_exchange_strong(expected, to);
  VOLLEY_CHECK(moved, "slab={} from={} owner={}", slab, from, expected);
}

void NodeArena::release(std::uint64_t slab, Owner owner) {
  VOLLEY_CHECK(slab < all_slabs(), "slab={}", slab);
  Cell& cell = table_of(base_)[slab];
  const Owner current = cell.load(std::memory_order_relaxed);
  VOLLEY_CHECK(current == owner, "slab={} owner={} current={}", slab, owner, current);
  Head& head = head_of(base_);
  if (slab < head.memory.slabs()) {
    cell.store(nobody);
    head.memory.released(slab);
  } else {
    // What was not written yet need not be, and others may want the space. A refusal does no harm.
    const std::uint64_t index = slab - head.memory.slabs();
    punch(disk_.get(), index * head.slab_bytes, head.slab_bytes);
    cell.store(nobody);
    head.disk.released(index);
  }
}

/// visit(slab) for every slab, of both regions, that was handed out before.
template <class Visit>
void NodeArena::visit_touched(Visit&& visit) const {
  const Head& head = head_of(base_);
  for (std::uint64_t slab = 0; slab < head.memory.touched(); ++slab) visit(slab);
  const std::uint64_t first = head.memory.slabs();
  for (std::uint64_t slab = 0; slab < head.disk.touched(); ++slab) visit(first + slab);
}

std::uint64_t NodeArena::release_all(Owner owner) {
  std::uint64_t released = 0;
  visit_touched([&](std::uint64_t slab) {
    if (table_of(base_)[slab].load(std::memory_order_relaxed) != owner) return;
    release(slab, owner);
    ++released;
  });
  return released;
}

NodeArena::Owner NodeArena::owner(std::uint64_t slab) const {
  VOLLEY_CHECK(slab < all_slabs(), "slab={}", slab);
  const Owner current = table_of(base_)[slab].load();
  return current == trimmer ? nobody : current;
}

std::uint64_t NodeArena::used_slabs() const {
  std::uint64_t used = 0;
  visit_touched([&](std::uint64_t slab) { used += slab < slabs() && owner(slab) != nobody; });
  return used;
}

std::uint64_t NodeArena::used_disk_slabs() const {
  std::uint64_t used = 0;
  visit_touched([&](std::uint64_t slab) { used += slab >= slabs() && owner(slab) != nobody; });
  return used;
}

void NodeArena::trim() {
  const Head& head = head_of(base_);
  for (std::uint64_t slab = 0; slab < head.memory.touched(); ++slab) {
    if (SlabRegion::claim(table_of(base_), slab, 1, trimmer) == 0) continue;
    punch(descriptor_.get(), head.data_offset + offset_of(slab), slab_bytes());
    table_of(base_)[slab].store(nobody);
  }
}

}  // namespace volley::storage
