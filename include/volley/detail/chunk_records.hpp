#pragma once
// Reading the records of a shuffle in place: trivially copyable ones lie in chunks as arrays,
// others are encoded one after another and read as views. The order is that of the map partitions,
// so that results do not depend on timing.

#include "exchange/chunk_writer.hpp"

#include <volley/detail/pipeline.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace volley::detail {

/// Appends a record, as a T, to a partition, laid out as for_each_record<T>() reads it. `record` is
/// a T, a view of one, or a pair of references to its members; `scratch` is reused.
template <class T, class X>
void write_record(exchange::ChunkWriter& chunks, std::uint32_t partition, const X& record,
                  protocol::Bytes& scratch) {
  if constexpr (protocol::is_bitwise_v<T>) {
    place_record<T>(chunks.append(partition, sizeof(T)), record);
  } else {
    scratch.clear();
    {
      protocol::Writer out(scratch);
      protocol::write(out, record);
    }
    std::memcpy(chunks.reserve(partition, scratch.size()), scratch.data(), scratch.size());
    chunks.commit(partition, scratch.size());
  }
}

/// After so many records at most, readers look whether the task was asked to stop.
inline constexpr std::size_t records_between_checks = 1024;

/// Calls visit(record) for every record of the chunks: const T& for bitwise records, a view_t<T>
/// rvalue otherwise. Views point into the arena and live as long as the task. Visitors that have a
/// fold(std::span<const T>) get bitwise records so.
template <class T, class Visit>
void for_each_record(TaskContext& context, std::span<const protocol::Chunk> chunks, Visit&& visit) {
  const storage::NodeArena& arena = context.services().arena();
  for (std::size_t at = 0; at < chunks.size(); ++at) {
    const protocol::Chunk& chunk = chunks[at];
    if (at + 1 < chunks.size()) arena.expect_reads(chunks[at + 1].offset, chunks[at + 1].bytes);
    context.check(chunk);
    const std::byte* const begin = arena.at(chunk.offset);
    if constexpr (protocol::is_bitwise_v<T>) {
      const std::span records(reinterpret_cast<const T*>(begin), chunk.bytes / sizeof(T));
      if constexpr (requires { visit.fold(records); }) {
        visit.fold(records);
      } else {
        for (std::size_t i = 0; i < records.size(); i += records_between_checks) {
          context.check_stop();
          const std::size_t left = records.size() - i;
          const auto batch = records.subspan(i, std::min(left, records_between_checks));
          for (const T& record : batch) visit(record);
        }
      }
    } else {
      protocol::Reader in(begin, begin + chunk.bytes);
      for (std::size_t i = 0; in.remaining() != 0; ++i) {
        if (i % records_between_checks == 0) context.check_stop();
        view_t<T> record{};
        protocol::read(in, record);
        VOLLEY_CHECK(!in.failed(), "map output {} of partition {} does not decode", chunk.map,
                     chunk.partition);
        visit(std::move(record));
      }
    }
    arena.forget_reads(chunk.offset, chunk.bytes);
    context.check_stop();
  }
}

/// The shuffle that dependency `index` of an RDD reads.
inline base::ShuffleNumber shuffle_of(TaskContext& context, base::RddId rdd,
                                      std::size_t index = 0) {
  return context.plan().rdd(rdd).dependencies.at(index).shuffle;
}
inline base::RddId parent_of(TaskContext& context, base::RddId rdd, std::size_t index = 0) {
  return context.plan().rdd(rdd).dependencies.at(index).parent;
}

/// What a task's writers may keep in memory when the node's arena has no more for them.
inline std::uint64_t spill_working_set(TaskContext& context) {
  return std::min(exchange::ChunkWriter::default_working_set, context.services().task_memory());
}

/// Whether what a task writes gets checksums.
inline exchange::Checksums checksums_of(TaskContext& context) {
  return context.services().checksums() ? exchange::Checksums::on : exchange::Checksums::off;
}

/// Calls visit(address) for every record of the chunks.
template <class T, class Visit>
void for_each_address(TaskContext& context, std::span<const protocol::Chunk> chunks,
                      Visit&& visit) {
  for (const protocol::Chunk& chunk : chunks) {
    context.check(chunk);
    const std::byte* const begin = context.services().arena().at(chunk.offset);
    if constexpr (protocol::is_bitwise_v<T>) {
      for (std::size_t at = 0; at < chunk.bytes; at += sizeof(T)) visit(begin + at);
    } else {
      protocol::Reader in(begin, begin + chunk.bytes);
      while (in.remaining() != 0) {
        const std::byte* const at = in.position();
        view_t<T> record{};
        protocol::read(in, record);
        VOLLEY_CHECK(!in.failed(), "map output {} of partition {} does not decode", chunk.map,
                     chunk.partition);
        visit(at);
      }
    }
    context.check_stop();
  }
}

/// Gives a record the value of another one of the same owned type; strings keep their memory.
template <class To, class From>
void assign(To& to, From&& from) {
  if constexpr (std::is_same_v<To, std::string>) {
    to.assign(std::string_view(from));
  } else if constexpr (is_pair<To>::value) {
    // Each takes one member. NOLINTBEGIN(bugprone-use-after-move)
    assign(to.first, std::forward<From>(from).first);
    assign(to.second, std::forward<From>(from).second);
    // NOLINTEND(bugprone-use-after-move)
  } else {
    to = convert<To>(std::forward<From>(from));
  }
}

}  // namespace volley::detail
