#include "io/text_input.hpp"

#include "io/input_paths.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace volley::io {
namespace {

/// rest > 1.1 * size, without rounding or overflow.
bool worth_cutting(std::uint64_t rest, std::uint64_t size) {
  return rest > size && rest - size > size / 10;
}

void split_file(const InputFile& file, std::uint64_t size, std::vector<TextSplit>& splits) {
  if (file.size == 0) return;
  if (const Codec codec = codec_of_path(file.path); codec != Codec::none) {
    splits.push_back({file.path, 0, file.size, file.size, codec, file.modified});
    return;
  }
  std::uint64_t offset = 0;
  while (worth_cutting(file.size - offset, size)) {
    splits.push_back({file.path, offset, size, file.size, Codec::none, file.modified});
    offset += size;
  }
  splits.push_back({file.path, offset, file.size - offset, file.size, Codec::none, file.modified});
}

}  // namespace

std::uint64_t text_split_size(std::uint64_t total, std::uint64_t min_partitions,
                              base::ByteCount max_partition_bytes) {
  const std::uint64_t wanted = std::max<std::uint64_t>(min_partitions, 1);
  const std::uint64_t goal = std::max<std::uint64_t>(total / wanted, 1);
  const std::uint64_t most = std::max<std::uint64_t>(max_partition_bytes.value, 1);
  if (goal - goal / 11 <= most) return goal;  // 10 % more is fine, as for a last split
  // Rounds of `wanted` splits each: a few splits more than fill a round would double the time.
  const std::uint64_t rounds = (goal + most - 1) / most;
  return std::max<std::uint64_t>((total + rounds * wanted - 1) / (rounds * wanted), 1);
}

base::Result<std::uint64_t> plan_split_size(std::string_view paths, std::uint64_t total,
                                            std::uint64_t min_partitions,
                                            base::ByteCount max_partition_bytes,
                                            std::uint64_t unit) {
  const std::uint64_t bytes = text_split_size(total, min_partitions, max_partition_bytes);
  const std::uint64_t size = std::max<std::uint64_t>(bytes / unit, 1) * unit;
  if (total / size > max_text_splits) {
    return base::Failure{fmt::format(
        "{} has {} bytes: parts of {} bytes would be more than {} partitions; ask for fewer or "
        "larger ones",
        paths, total, size, max_text_splits)};
  }
  return size;
}

base::Result<std::vector<TextSplit>> plan_text_input(std::string_view paths,
                                                     std::uint64_t min_partitions,
                                                     base::ByteCount max_partition_bytes) {
  auto files = list_input_files(paths);
  if (!files) return files.failure();
  std::uint64_t total = 0;
  for (const InputFile& file : files.value()) total += file.size;
  const auto size = plan_split_size(paths, total, min_partitions, max_partition_bytes, 1);
  if (!size) return size.failure();
  std::vector<TextSplit> splits;
  for (const InputFile& file : files.value()) split_file(file, size.value(), splits);
  return splits;
}

}  // namespace volley::io
