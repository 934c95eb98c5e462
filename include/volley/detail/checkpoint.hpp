#pragma once
// Reliable checkpoints, the typed half: what a part file holds, the action that writes one and the
// source that reads it. A part is a header of 16 bytes and blocks: size, number of records and
// checksum, then the encoded records; a block without records ends it.

#include "io/committing_writer.hpp"
#include "io/io_error.hpp"
#include "program/checkpoints.hpp"

#include <volley/detail/encoded_blocks.hpp>
#include <volley/detail/pipeline.hpp>

#include <array>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volley::detail {

/// Which stands before each block of a part.
struct CheckpointBlock {
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;
  std::uint64_t checksum = 0;
};
inline constexpr std::string_view checkpoint_magic = "volley part 0001";

std::uint64_t checkpoint_checksum(const protocol::Bytes& bytes);

/// The encoded CheckpointPart of each partition of a complete checkpoint. Throws IoError.
std::vector<protocol::Bytes> checkpoint_parts(const std::string& directory);
/// Throws std::runtime_error("Checkpoint block rdd_3_0 not found! ...").
[[noreturn]] void fail_lost_block(const std::string& name, base::RddId rdd,
                                  std::uint32_t partition);

/// Reads a part block by block; throws std::runtime_error that names the file when it is damaged.
class CheckpointReader {
 public:
  explicit CheckpointReader(const program::CheckpointPart& part);
  /// The next block's bytes; false at the end.
  bool next(protocol::Bytes& block, std::uint64_t& records);
  [[noreturn]] void damaged(const char* how) const;

 private:
  std::string path_;
  std::ifstream in_;
};

/// Writes the records of a partition.
struct CheckpointAction {
  explicit CheckpointAction(protocol::Reader& in) { protocol::read(in, directory); }
  template <class T, class Source>
  void run(TaskContext& context, Source&& source, protocol::Bytes&) {
    const protocol::TaskAttempt& attempt = context.attempt();
    io::PartWriter writer(directory, {attempt.partition, attempt.stage_attempt, attempt.task});
    writer.write(checkpoint_magic);
    const auto write_block = [&](const protocol::Bytes& bytes, std::uint64_t records) {
      const CheckpointBlock head{bytes.size(), records, checkpoint_checksum(bytes)};
      writer.write({reinterpret_cast<const char*>(&head), sizeof head});
      writer.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    };
    context.metrics().records_written += encode_in_blocks<T>(source, write_block);
    write_block(protocol::encode(std::vector<owned_t<T>>{}), 0);  // the end
    context.metrics().bytes_written += writer.bytes();
    writer.make_durable();
    context.check_commit();
    writer.commit();
  }
  std::string directory;
};

/// The records of a checkpointed partition.
template <class T>
struct CheckpointSource {
  using record = T;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    const auto part = protocol::decode<program::CheckpointPart>(context.payload(rdd, partition));
    VOLLEY_CHECK(part.has_value(), "part {} of RDD {} does not decode", partition, rdd);
    CheckpointReader reader(*part);
    protocol::Bytes bytes;
    std::uint64_t count = 0;
    while (reader.next(bytes, count)) {
      auto records = protocol::decode<std::vector<owned_t<T>>>(bytes);
      if (!records || records->size() != count) reader.damaged("its records cannot be read");
      context.metrics().records_read += count;
      context.metrics().bytes_read += bytes.size();
      for (auto&& record : *records) emit(convert<T>(static_cast<owned_t<T>&&>(record)));
      if constexpr (has_views<T>) context.views_expire();
      context.check_stop();
    }
  }
};

/// Makes the cached block of a partition, where it is not there; whether it is then.
struct KeepAction {
  explicit KeepAction(protocol::Reader&) {}
  template <class T, class Source>
  void run(TaskContext& context, Source&& source, protocol::Bytes& result) {
    auto ignore = [](auto&&) {};
    source(ignore);
    const protocol::BlockId block{source.rdd, source.partition};
    result =
        protocol::encode(context.services().blocks().has(block) || !context.holders(block).empty());
  }
};

/// Stands for what made a local checkpoint: its partitions are cached, or gone.
template <class T>
struct LostBlockSource {
  using record = T;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit&) {
    fail_lost_block(context.plan().rdd(rdd).name, rdd, partition);
  }
};

}  // namespace volley::detail
