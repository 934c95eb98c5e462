// The untyped half of reading a checkpoint's part.
#include <volley/detail/checkpoint.hpp>
#include <volley/error.hpp>

#include <fmt/format.h>
#include <xxhash.h>

#include <filesystem>
#include <stdexcept>

namespace volley::detail {

std::uint64_t checkpoint_checksum(const protocol::Bytes& bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::vector<protocol::Bytes> checkpoint_parts(const std::string& directory) {
  std::error_code error;
  const auto path = std::filesystem::absolute(directory, error).lexically_normal();
  std::vector<protocol::Bytes> parts;
  program::CheckpointPart part;
  for (std::uint32_t i = 0; !error; ++i) {
    part.path = (path / io::part_name(i)).string();
    if (!std::filesystem::exists(part.path, error)) break;
    ++part.expected;
    parts.push_back(protocol::encode(part));
  }
  if (!error && std::filesystem::exists(path / "_SUCCESS", error)) return parts;
  throw IoError(fmt::format("{} is no complete checkpoint: it has no _SUCCESS", path.string()));
}

void fail_lost_block(const std::string& name, base::RddId rdd, std::uint32_t partition) {
  throw std::runtime_error(fmt::format(
      "Checkpoint block rdd_{}_{} of {} not found! Either the executor that originally "
      "checkpointed "
      "this partition is no longer alive, or the original RDD is unpersisted. If this problem "
      "persists, you may consider using rdd.checkpoint() instead, which is slower than local "
      "checkpointing but more fault-tolerant",
      rdd, partition, name));
}

CheckpointReader::CheckpointReader(const program::CheckpointPart& part)
    : path_(part.path), in_(part.path, std::ios::binary) {
  if (!in_) damaged("it cannot be opened");
  std::string head(checkpoint_magic.size(), '\0');
  in_.read(head.data(), static_cast<std::streamsize>(head.size()));
  if (!in_ || head != checkpoint_magic) damaged("it does not begin like a checkpoint");
}

void CheckpointReader::damaged(const char* how) const {
  throw std::runtime_error(fmt::format(
      "Checkpoint part {} is damaged: {}; remove {} and start the application again, which will "
      "compute it anew",
      path_, how, std::filesystem::path(path_).parent_path().string()));
}

bool CheckpointReader::next(protocol::Bytes& block, std::uint64_t& records) {
  CheckpointBlock head;
  in_.read(reinterpret_cast<char*>(&head), sizeof head);
  if (!in_) damaged("it ends too early");
  std::error_code error;
  const auto size = std::filesystem::file_size(path_, error);
  if (error || head.bytes > size) damaged("a block is longer than the file");
  block.resize(head.bytes);
  in_.read(reinterpret_cast<char*>(block.data()), static_cast<std::streamsize>(head.bytes));
  if (!in_) damaged("it ends too early");
  if (checkpoint_checksum(block) != head.checksum) damaged("a checksum differs");
  records = head.records;
  return records != 0;
}

}  // namespace volley::detail
