#pragma once
// Cached partitions: how the records of a persisted RDD's partition are collected, and read again.
// A partition that turns out too large for the memory there is goes to disk as it comes, or is not
// kept; whoever wanted to read it gets all of it in any case.

#include "base/check.hpp"
#include "program/block_store.hpp"
#include "program/task_context.hpp"

#include <volley/detail/batch_sink.hpp>
#include <volley/detail/held_bytes.hpp>
#include <volley/detail/row.hpp>
#include <volley/types.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace volley::detail {

using program::TaskContext;

template <class T>
using BlockOf = Row<owned_t<T>>;

/// A row with the memory that was reserved for it.
template <class T>
struct HeldRow {
  storage::StorageReservation reservation;
  BlockOf<T> row;
};

/// The records of a row, as records of type T.
template <class T>
void push_row(const BlockOf<T>& row, BatchSink<T>& sink) {
  if constexpr (std::is_same_v<owned_t<T>, T>) {
    sink.push_const(row);
  } else {
    constexpr std::size_t step = 256;
    Row<T> batch;
    for (std::size_t at = 0; at < row.size();) {
      const std::size_t end = std::min(row.size(), at + step);
      batch.clear();
      for (; at < end; ++at) batch.push_back(convert<T>(row[at]));
      sink.push(batch);
    }
  }
}

/// Collects the records of a partition into a block, as the RDD's storage level says.
template <class T>
class BlockSink final : public BatchSink<T> {
 public:
  /// `reader` gets the records when they cannot be kept.
  BlockSink(TaskContext& context, protocol::BlockId id, BatchSink<T>& reader)
      : context_(context),
        id_(id),
        store_(context.services().blocks()),
        form_(context.plan().form(id.rdd)),
        reader_(reader),
        held_(std::make_shared<HeldRow<T>>(HeldRow<T>{store_.reservation(), {}})) {
    const bool as_row = form_.codec == nullptr || (form_.level.memory && form_.level.deserialized);
    if (!as_row) encode_from_now_on();
  }

  void push(std::span<T> batch) override {
    if (mode_ == Mode::passing) return reader_.push(batch);
    for (T& record : batch) add(to_owned(std::move(record)));
    make_room();
  }
  void push_const(std::span<const T> batch) override {
    if (mode_ == Mode::passing) return reader_.push_const(batch);
    for (const T& record : batch) add(to_owned(record));
    make_room();
  }
  void expect(std::uint64_t records) override {
    if (mode_ != Mode::row || records > SIZE_MAX / sizeof(Owned)) return;
    if (reserve(records * sizeof(Owned))) held_->row.reserve(records);
  }

  /// After the last record: the block, or nothing when the reader has got the records.
  std::optional<program::Block> finish() {
    if (mode_ == Mode::encoding && held_->row.size() != 0) flush_row();
    protocol::TaskMetrics& metrics = context_.metrics();
    if (mode_ == Mode::passing) {
      ++metrics.uncached_partitions;
      return std::nullopt;
    }
    program::Block block;
    if (mode_ == Mode::row) {
      trim();
      metrics.cached_memory_bytes += row_bytes();
      block.row = std::shared_ptr<const void>(held_, &held_->row);
    } else {
      encoded_->reservation().shrink(in_memory_);
      metrics.cached_memory_bytes += encoded_->memory_bytes();
      metrics.cached_disk_bytes += encoded_->disk_bytes();
      block.encoded = std::move(encoded_);
    }
    ++metrics.cached_partitions;
    context_.note_cached(id_);
    held_.reset();
    return store_.put(id_, std::move(block), bytes_, form_);
  }

 private:
  using Owned = owned_t<T>;
  enum class Mode { row, encoding, passing };
  static constexpr bool plain = std::is_same_v<BlockOf<T>, PlainRow<Owned>>;

  void add(Owned&& record) {
    if constexpr (!holds_nothing<Owned>) outside_ += held_bytes(record);
    held_->row.push_back(std::move(record));
  }
  /// What the row takes now, and at the next growth, when it is copied.
  std::uint64_t row_bytes() const { return held_->row.size() * sizeof(Owned) + outside_; }
  std::uint64_t peak_bytes() const {
    if constexpr (plain) return row_bytes();
    if constexpr (!plain) {
      const auto& row = held_->row;
      return outside_ + sizeof(Owned) * (row.size() < row.capacity() ? 1 : 3) * row.capacity();
    }
  }
  bool reserve(std::uint64_t bytes) {
    if (store_.reserve(held_->reservation, bytes + bytes / 8, id_.rdd)) return true;
    return store_.reserve(held_->reservation, bytes, id_.rdd);
  }

  void make_room() {
    if (mode_ == Mode::encoding) {
      if (row_bytes() >= program::EncodedBlock::piece_bytes) flush_row();
      return;
    }
    const std::uint64_t bytes = peak_bytes();
    if (bytes <= held_->reservation.bytes() || reserve(bytes)) return;
    if (form_.level.disk && form_.codec != nullptr && store_.has_disk()) {
      encode_from_now_on();
      on_disk_only_ = true;
      flush_row();
    } else {
      pass_on();
    }
  }
  void encode_from_now_on() {
    mode_ = Mode::encoding;
    encoded_ = store_.make_encoded();
    on_disk_only_ = !form_.level.memory;
  }

  /// Encodes the row piece by piece, and empties it.
  void flush_row() {
    protocol::Bytes piece;
    const std::size_t size = held_->row.size();
    for (std::size_t at = 0; at < size;) {
      piece.clear();
      const std::size_t next =
          form_.codec->encode(&held_->row, at, program::EncodedBlock::piece_bytes, piece);
      if (!keep_piece(piece)) return pass_on(at);
      at = next;
    }
    clear_row();
  }
  bool keep_piece(protocol::Bytes& piece) {
    if (!on_disk_only_) {
      piece.shrink_to_fit();
      const std::uint64_t bytes = in_memory_ + piece.size();
      if (store_.reserve(encoded_->reservation(), bytes, id_.rdd)) {
        in_memory_ = bytes;
        encoded_->add_in_memory(std::move(piece));
        piece = {};
        return true;
      }
      if (!form_.level.disk) return false;
      on_disk_only_ = encoded_->move_to_disk();
      in_memory_ = on_disk_only_ ? 0 : in_memory_;
    }
    return encoded_->add_on_disk(piece);
  }
  void clear_row() {
    if (held_->reservation.bytes() == 0) {
      held_->row.clear();
    } else {
      held_->row = BlockOf<T>();
      held_->reservation.shrink(0);
    }
    outside_ = 0;
  }

  /// Gives the reader what was collected, the row from number `from` on; keeps nothing more.
  void pass_on(std::size_t from = 0) {
    mode_ = Mode::passing;
    if (encoded_) {
      for (std::size_t i = 0; i < encoded_->pieces(); ++i) {
        auto before = std::make_shared<HeldRow<T>>();
        decode(*form_.codec, encoded_->piece(i), before->row);
        hand_over(std::move(before));
      }
      encoded_.reset();
    }
    if (from != 0) {
      BlockOf<T> rest;
      for (std::size_t at = from; at < held_->row.size(); ++at) {
        rest.push_back(std::move(held_->row[at]));
      }
      held_->row = std::move(rest);
    }
    hand_over(std::exchange(held_, nullptr));
  }
  /// Records that the reader may view stay to the task's end.
  void hand_over(std::shared_ptr<HeldRow<T>> rows) {
    push_row<T>(rows->row, reader_);
    if constexpr (has_views<T>) context_.keep(std::shared_ptr<const void>(std::move(rows)));
  }
  static void decode(const program::BlockCodec& codec, std::span<const std::byte> piece,
                     BlockOf<T>& row) {
    VOLLEY_CHECK(codec.decode(piece, &row), "a piece of {} bytes does not decode", piece.size());
  }

  void trim() {
    // What a large row has too much was never touched: it is cheaper than a copy.
    constexpr std::size_t large = 1U << 20U;
    if (!plain || held_->row.size() * sizeof(Owned) < large) held_->row.shrink_to_fit();
    bytes_ = row_bytes();
    held_->reservation.shrink(bytes_);
    // A few records of the last batch may be more than was reserved: no matter.
    bytes_ = std::min(bytes_, held_->reservation.bytes());
  }

  TaskContext& context_;
  protocol::BlockId id_;
  program::BlockStore& store_;
  const program::BlockForm& form_;
  BatchSink<T>& reader_;
  Mode mode_ = Mode::row;
  std::shared_ptr<HeldRow<T>> held_;
  std::uint64_t outside_ = 0;  ///< bytes that the row's records hold elsewhere
  std::uint64_t bytes_ = 0;    ///< of the finished row
  std::unique_ptr<program::EncodedBlock> encoded_;
  bool on_disk_only_ = false;    ///< the pieces to come
  std::uint64_t in_memory_ = 0;  ///< bytes of encoded pieces
};

/// Computes a partition of an RDD without looking for a cached block.
template <class T>
void compute_uncached(TaskContext& context, base::RddId rdd, std::uint32_t partition,
                      BatchSink<T>& sink) {
  context.plan().compute(rdd)(context, rdd, partition, &sink);
}

/// Hands on all records but the first ones.
template <class T>
class SkipSink final : public BatchSink<T> {
 public:
  SkipSink(BatchSink<T>& sink, std::uint64_t skipped) : sink_(sink), left_(skipped) {}
  void push(std::span<T> batch) override { sink_.push(batch.subspan(skip(batch.size()))); }
  void push_const(std::span<const T> batch) override {
    sink_.push_const(batch.subspan(skip(batch.size())));
  }

 private:
  std::size_t skip(std::size_t records) {
    const std::size_t here = std::min<std::uint64_t>(left_, records);
    left_ -= here;
    return here;
  }
  BatchSink<T>& sink_;
  std::uint64_t left_;
};

/// Pushes what another executor has of a cached partition, part by part, and counts the records.
/// False when it does not have all of it any more.
template <class T>
bool push_remote(TaskContext& context, protocol::BlockId id, const protocol::Address& holder,
                 BatchSink<T>& sink, std::uint64_t& pushed) {
  const program::BlockCodec* codec = context.plan().form(id.rdd).codec;
  if (codec == nullptr) return false;
  protocol::BlockPartRequested wanted{id, 0, 0, false};
  for (bool last = false; !last;) {
    const auto part = context.services().fetch_block_part(holder, wanted, context.stop_flag());
    BlockOf<T> row;
    if (!part.found || !codec->decode(part.bytes, &row)) return false;
    push_row<T>(row, sink);
    pushed += row.size();
    if constexpr (has_views<T>) context.views_expire();
    context.check_stop();
    wanted.from = part.next;
    wanted.encoded = part.encoded;
    last = part.last;
  }
  return true;
}

/// Reads a cached partition from another executor that has it; what goes missing on the way is
/// computed. False when nobody has it.
template <class T>
bool read_elsewhere(TaskContext& context, protocol::BlockId id, BatchSink<T>& sink) {
  for (const protocol::Address& holder : context.holders(id)) {
    std::uint64_t pushed = 0;
    if (push_remote<T>(context, id, holder, sink, pushed)) return true;
    if (pushed == 0) continue;
    SkipSink<T> rest(sink, pushed);  // partitions have the same records in the same order each time
    compute_uncached<T>(context, id.rdd, id.partition, rest);
    return true;
  }
  return false;
}

/// The cached block of a partition of a persisted RDD; read from another executor or computed and
/// kept when it is not there. Nothing when it is not kept here: then its records went to `sink`.
template <class T>
std::optional<program::Block> kept_block(TaskContext& context, base::RddId rdd,
                                         std::uint32_t partition, BatchSink<T>& sink) {
  const protocol::BlockId id{rdd, partition};
  if (auto block = context.services().blocks().get(id)) return block;
  if (read_elsewhere<T>(context, id, sink)) return std::nullopt;
  BlockSink<T> block(context, id, sink);
  compute_uncached<T>(context, rdd, partition, block);
  return block.finish();
}

/// The records of an encoded block. Throws when it is damaged: the next task computes it again.
template <class T>
void push_encoded(TaskContext& context, protocol::BlockId id, const program::EncodedBlock& block,
                  BatchSink<T>& sink) {
  const program::BlockCodec& codec = *context.plan().form(id.rdd).codec;
  for (std::size_t i = 0; i < block.pieces(); ++i) {
    BlockOf<T> row;
    try {
      if (!codec.decode(block.piece(i), &row)) {
        throw std::runtime_error("a cached partition does not decode");
      }
    } catch (const std::runtime_error&) {
      context.services().blocks().remove(id);
      throw;
    }
    block.forget(i);
    push_row<T>(row, sink);
    if constexpr (has_views<T>) context.views_expire();
    context.check_stop();
  }
}

}  // namespace volley::detail
