#pragma once
// SpillParts: records that memory has no room for, on their way to disk in parts by the hash of
// their keys. A level tells it which bits: parts of parts are made of others.

#include "exchange/chunk_writer.hpp"

#include <volley/detail/chunk_records.hpp>
#include <volley/hash.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace volley::detail {

/// `T` is an owned pair of a key and a value.
template <class T>
class SpillParts {
 public:
  static constexpr std::uint32_t parts = 16;
  /// Keys that no level before this tells apart stay together.
  static constexpr std::uint32_t deepest = 6;

  SpillParts(TaskContext& context, std::uint32_t level)
      : context_(context),
        level_(level),
        writer_(context.services().arena(), context.services().arena_owner(), parts,
                spill_working_set(context), checksums_of(context)) {}
  SpillParts(const SpillParts&) = delete;
  SpillParts& operator=(const SpillParts&) = delete;
  ~SpillParts() { context_.metrics().spilled_bytes += writer_.spilled_bytes(); }

  template <class Key, class Value>
  void add(const Key& key, const Value& value) {
    write(key, std::pair<const Key&, const Value&>(key, value));
  }
  /// `record` is a T, a view of one, or a pair of references to its members.
  template <class Key, class X>
  void write(const Key& key, const X& record) {
    const std::uint64_t hash = hash_key(key);
    Part& part = parts_[part_of(hash)];
    part.mixed |= part.hash.value_or(hash) != hash;
    part.hash = hash;
    write_record<T>(writer_, part_of(hash), record, scratch_);
  }
  /// Whether there are records in the part that the key would be in.
  template <class Key>
  bool has(const Key& key) const {
    return parts_[part_of(hash_key(key))].hash.has_value();
  }
  /// Whether the part holds keys of more than one hash: more bits would make it smaller.
  bool mixed(std::size_t part) const { return parts_.at(part).mixed; }

  /// By part; nothing is written after.
  std::vector<std::vector<protocol::Chunk>> take() {
    storage::NodeArena& arena = context_.services().arena();
    if (arena.over_budget() && arena.disk_slabs() != 0) writer_.spill();
    std::vector<std::vector<protocol::Chunk>> by_part(parts);
    for (const protocol::Chunk& chunk : writer_.written())
      by_part[chunk.partition].push_back(chunk);
    return by_part;
  }

 private:
  struct Part {
    std::optional<std::uint64_t> hash;  ///< of the last key
    bool mixed = false;
  };

  /// Other bits than those that picked the partition, and others on every level.
  std::uint32_t part_of(std::uint64_t hash) const {
    return static_cast<std::uint32_t>(mix64(hash + (level_ + 1) * 0x9e3779b97f4a7c15ULL) % parts);
  }

  TaskContext& context_;
  std::uint32_t level_;
  exchange::ChunkWriter writer_;
  std::array<Part, parts> parts_;
  protocol::Bytes scratch_;
};

}  // namespace volley::detail
