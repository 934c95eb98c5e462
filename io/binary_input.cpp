#include "io/binary_input.hpp"

#include "io/input_paths.hpp"
#include "io/text_input.hpp"

#include <fmt/format.h>

namespace volley::io {
namespace {

/// One line for each file that is not made of whole records; empty when all are.
std::string cut_records(const std::vector<InputFile>& files, std::uint64_t record_size) {
  std::string found;
  for (const InputFile& file : files) {
    const std::uint64_t rest = file.size % record_size;
    if (rest == 0) continue;
    found += fmt::format(
        "{}{} has {} bytes, no multiple of the record size {}: {} records and {} bytes more; is it "
        "complete, and a file of such records?",
        found.empty() ? "" : "\n", file.path, file.size, record_size, file.size / record_size,
        rest);
  }
  return found;
}

}  // namespace

base::Result<std::vector<BinarySplit>> plan_binary_input(std::string_view paths,
                                                         std::uint64_t record_size,
                                                         std::uint64_t min_partitions,
                                                         base::ByteCount max_partition_bytes) {
  const auto files = list_input_files(paths);
  if (!files) return files.failure();
  if (std::string cut = cut_records(files.value(), record_size); !cut.empty()) {
    return base::Failure{std::move(cut)};
  }
  std::uint64_t total = 0;
  for (const InputFile& file : files.value()) total += file.size;
  const auto planned =
      plan_split_size(paths, total, min_partitions, max_partition_bytes, record_size);
  if (!planned) return planned.failure();
  const std::uint64_t size = planned.value();
  std::vector<BinarySplit> splits;
  for (const InputFile& file : files.value()) {
    std::uint64_t offset = 0;
    while (offset < file.size) {
      const std::uint64_t rest = file.size - offset;
      // Rather a last split that is 10 % longer than a tiny one behind it.
      const std::uint64_t length = rest > size && rest - size > size / 10 ? size : rest;
      splits.push_back({file.path, offset, length, file.size, file.modified});
      offset += length;
    }
  }
  return splits;
}

}  // namespace volley::io
