#include "io/whole_input.hpp"

#include "io/byte_source.hpp"
#include "io/file_bytes.hpp"
#include "io/file_mapping.hpp"
#include "io/input_paths.hpp"
#include "io/io_error.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace volley::io {
namespace {

std::string read_plain(const base::Fd& file, const WholeFile& planned) {
  std::string content(planned.size, '\0');
  const auto got = read_fully(file.get(), std::as_writable_bytes(std::span(content)));
  if (!got) throw IoError(describe_error("cannot read", planned.path, errno));
  if (*got < content.size()) {
    throw IoError(fmt::format("cannot read {}: it is truncated", planned.path));
  }
  return content;
}

}  // namespace

base::Result<std::vector<WholeFiles>> plan_whole_files(std::string_view paths,
                                                       std::uint64_t min_partitions,
                                                       base::ByteCount max_partition_bytes,
                                                       bool raw) {
  const auto listed = list_input_files(paths);
  if (!listed) return listed.failure();
  const std::vector<InputFile>& files = listed.value();
  std::uint64_t total = 0;
  for (const InputFile& file : files) total += file.size;
  const std::uint64_t most = std::max<std::uint64_t>(max_partition_bytes.value, 1);
  const std::uint64_t wanted = std::max((total + most - 1) / most, min_partitions);
  const std::uint64_t count =
      std::clamp<std::uint64_t>(wanted, 1, std::max<std::size_t>(files.size(), 1));
  std::vector<WholeFiles> splits;
  std::uint64_t before = 0;
  std::size_t next = 0;
  for (std::uint64_t i = 0; i < count && next < files.size(); ++i) {
    WholeFiles& split = splits.emplace_back();
    // Up to the share's border; every later split gets a file at least.
    const std::size_t last = files.size() - static_cast<std::size_t>(count - i - 1);
    const auto border = static_cast<std::uint64_t>(
        static_cast<double>(total) * static_cast<double>(i + 1) / static_cast<double>(count));
    do {
      const InputFile& file = files[next++];
      const Codec codec = raw ? Codec::none : codec_of_path(file.path);
      split.files.push_back({file.path, file.size, file.modified, codec});
      before += file.size;
    } while (next < last && (before < border || i + 1 == count));
  }
  return splits;
}

std::string read_file_content(const WholeFile& file) {
  base::Fd opened = open_planned(file.path, file.size);
  if (file.codec == Codec::none) return read_plain(opened, file);
  const auto source = open_compressed(file.codec, std::move(opened), file.path);
  constexpr std::size_t step = std::size_t{1} << 20U;
  std::string content;
  for (std::size_t filled = 0;;) {
    content.resize(std::max(2 * filled, filled + step));
    const std::size_t got = source->read(std::span(content).subspan(filled));
    filled += got;
    if (filled == content.size()) continue;
    content.resize(filled);
    return content;
  }
}

}  // namespace volley::io
