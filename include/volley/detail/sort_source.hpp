#pragma once
// The reduce side of sort_by_key. Records stay where the shuffle left them; entries of a key prefix
// and an address are sorted (radix_sort.hpp), equal prefixes by their keys. What memory has no room
// for is sorted in runs, which are written and merged.

#include "exchange/chunk_writer.hpp"
#include "program/memory_share.hpp"
#include "program/radix_sort.hpp"

#include <volley/detail/chunk_records.hpp>
#include <volley/detail/sort_prefix.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace volley::detail {

using program::SortEntry;

/// Reads records of a shuffle again at their addresses.
template <class R>
class RecordsInPlace {
 public:
  using K = typename R::first_type;
  static constexpr bool bitwise = protocol::is_bitwise_v<R>;
  using KeyView = std::conditional_t<bitwise, const K&, view_t<K>>;

  explicit RecordsInPlace(const storage::NodeArena& arena)
      : end_(arena.at(arena.offset_of(arena.all_slabs()))) {}

  KeyView key(const std::byte* record) const {
    if constexpr (bitwise) {
      return reinterpret_cast<const R*>(record)->first;
    } else {
      protocol::Reader in(record, end_);
      view_t<K> key{};
      protocol::read(in, key);
      return key;
    }
  }
  std::size_t size(const std::byte* record) const {
    if constexpr (bitwise) {
      return sizeof(R);
    } else {
      protocol::Reader in(record, end_);
      view_t<R> view{};
      protocol::read(in, view);
      return static_cast<std::size_t>(in.position() - record);
    }
  }
  /// emit(const R&); `room` is reused by records that need memory of their own.
  template <class Emit>
  void emit_to(Emit& emit, const std::byte* record, R& room) const {
    if constexpr (bitwise) {
      emit(*reinterpret_cast<const R*>(record));
    } else {
      protocol::Reader in(record, end_);
      view_t<R> view{};
      protocol::read(in, view);
      assign(room, std::move(view));
      emit(std::as_const(room));
    }
  }

 private:
  const std::byte* end_;
};

/// Sorts the records of one partition, stable in map-partition order.
template <class R, class Less>
class PartitionSorter {
 public:
  using K = typename R::first_type;
  using Prefix = OrderPrefix<Less, K>;

  explicit PartitionSorter(TaskContext& context)
      : context_(context), arena_(context.services().arena()), records_(arena_), memory_(context) {}

  template <class Emit>
  void run(std::span<const protocol::Chunk> chunks, Emit& emit) {
    std::size_t done = 0;
    while (done < chunks.size() || done == 0) {
      const std::size_t end = group_end(chunks, done);
      sort(chunks.subspan(done, end - done));
      const bool last = end == chunks.size();
      if (last && runs_.empty()) return emit_sorted(emit);
      write_run();
      for (; done < end; ++done) arena_.forget_reads(chunks[done].offset, chunks[done].bytes);
      if (last) break;
    }
    merge(emit);
  }

 private:
  /// One sorted run on its way to the merge.
  struct Cursor {
    SortEntry front;
    const std::byte* end = nullptr;  ///< of the chunk that `front` lies in
    std::vector<protocol::Chunk> chunks;
    std::size_t chunk = 0;
  };

  /// The chunks from `first` on that memory has room for: entries, twice for sorting, and what is
  /// read from disk. At least one.
  std::size_t group_end(std::span<const protocol::Chunk> chunks, std::size_t first) {
    std::uint64_t cost = 0;
    std::size_t end = first;
    for (; end < chunks.size(); ++end) {
      const protocol::Chunk& chunk = chunks[end];
      cost += 2 * sizeof(SortEntry) * chunk.records;
      if (arena_.on_disk(chunk.offset)) cost += chunk.bytes;
      if (!memory_.reach(cost) && end > first) break;
    }
    return end;
  }

  void sort(std::span<const protocol::Chunk> chunks) {
    entries_.clear();
    std::uint64_t count = 0;
    for (const protocol::Chunk& chunk : chunks) count += chunk.records;
    entries_.reserve(count);
    for (const protocol::Chunk& chunk : chunks) arena_.expect_reads(chunk.offset, chunk.bytes);
    for_each_address<R>(context_, chunks, [&](const std::byte* record) {
      entries_.push_back({Prefix::of(records_.key(record)), record});
    });
    program::sort_by_prefix(entries_.all());
    if constexpr (!Prefix::exact) sort_ties(entries_.all());
  }

  void sort_ties(std::span<SortEntry> entries) const {
    for (std::size_t begin = 0; begin < entries.size();) {
      std::size_t end = begin + 1;
      while (end < entries.size() && entries[end].prefix == entries[begin].prefix) ++end;
      if (end - begin > 1) {
        std::stable_sort(entries.begin() + static_cast<std::ptrdiff_t>(begin),
                         entries.begin() + static_cast<std::ptrdiff_t>(end),
                         [&](const auto& a, const auto& b) {
                           return Less{}(records_.key(a.record), records_.key(b.record));
                         });
      }
      begin = end;
    }
  }

  /// visit(address) in sorted order, each record on its way to the cache some steps before.
  template <class Visit>
  void visit_sorted(Visit&& visit) {
    constexpr std::size_t ahead = 12;
    const auto entries = entries_.all();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i + ahead < entries.size()) {
        const std::byte* next = entries[i + ahead].record;
        __builtin_prefetch(next);
        __builtin_prefetch(next + 64);
      }
      if (i % records_between_checks == 0) context_.check_stop();
      visit(entries[i].record);
    }
  }

  template <class Emit>
  void emit_sorted(Emit& emit) {
    R room{};
    visit_sorted([&](const std::byte* record) { records_.emit_to(emit, record, room); });
  }

  void write_run() {
    auto writer = std::make_unique<exchange::ChunkWriter>(arena_, context_.services().arena_owner(),
                                                          1, spill_working_set(context_),
                                                          checksums_of(context_));
    visit_sorted([&](const std::byte* record) {
      const std::size_t size = records_.size(record);
      std::memcpy(writer->reserve(0, size), record, size);
      writer->commit(0, size);
    });
    runs_.push_back(std::move(writer));
  }

  template <class Emit>
  void merge(Emit& emit) {
    std::vector<Cursor> cursors(runs_.size());
    std::vector<std::size_t> heap;
    for (std::size_t run = 0; run < runs_.size(); ++run) {
      cursors[run].chunks = runs_[run]->written();
      context_.metrics().spilled_bytes += runs_[run]->spilled_bytes();
      if (open_chunk(cursors[run])) heap.push_back(run);
    }
    // A run of earlier chunks comes first among equals. Heaps have the largest in front.
    const auto after = [&](std::size_t a, std::size_t b) {
      const SortEntry& x = cursors[a].front;
      const SortEntry& y = cursors[b].front;
      if (x.prefix != y.prefix) return x.prefix > y.prefix;
      if constexpr (!Prefix::exact) {
        if (Less{}(records_.key(y.record), records_.key(x.record))) return true;
        if (Less{}(records_.key(x.record), records_.key(y.record))) return false;
      }
      return a > b;
    };
    std::make_heap(heap.begin(), heap.end(), after);
    R room{};
    while (!heap.empty()) {
      std::pop_heap(heap.begin(), heap.end(), after);
      Cursor& cursor = cursors[heap.back()];
      records_.emit_to(emit, cursor.front.record, room);
      if (advance(cursor)) {
        std::push_heap(heap.begin(), heap.end(), after);
      } else {
        heap.pop_back();
      }
    }
  }

  bool advance(Cursor& cursor) {
    const std::byte* next = cursor.front.record + records_.size(cursor.front.record);
    if (next != cursor.end) {
      cursor.front = {Prefix::of(records_.key(next)), next};
      return true;
    }
    const protocol::Chunk& done = cursor.chunks[cursor.chunk++];
    arena_.forget_reads(done.offset, done.bytes);
    context_.check_stop();
    return open_chunk(cursor);
  }
  bool open_chunk(Cursor& cursor) {
    if (cursor.chunk == cursor.chunks.size()) return false;
    const protocol::Chunk& chunk = cursor.chunks[cursor.chunk];
    arena_.expect_reads(chunk.offset, chunk.bytes);
    context_.check(chunk);
    const std::byte* begin = arena_.at(chunk.offset);
    cursor.end = begin + chunk.bytes;
    cursor.front = {Prefix::of(records_.key(begin)), begin};
    return true;
  }

  TaskContext& context_;
  storage::NodeArena& arena_;
  RecordsInPlace<R> records_;
  program::MemoryShare memory_;
  program::SortEntries entries_;
  std::vector<std::unique_ptr<exchange::ChunkWriter>> runs_;
};

/// sort_by_key: a range of the keys, sorted.
template <class K, class V, class Less>
struct SortSource {
  using record = std::pair<K, V>;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    const auto chunks = context.chunks(shuffle_of(context, rdd), partition);
    if (!chunks.empty()) PartitionSorter<record, Less>(context).run(chunks, emit);
  }
};

}  // namespace volley::detail
