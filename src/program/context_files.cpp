// Sources of a context that read files, the untyped half.
#include "io/input_paths.hpp"

#include <volley/context.hpp>

#include <utility>

namespace volley {

Rdd<std::string_view, detail::Pipe<detail::RecordViewSource>> Context::binary_records(
    const std::string& paths, std::size_t length, std::uint32_t min_partitions, Where where) {
  if (length == 0) throw InvalidArgument("binary_records: records have a length of at least 1");
  const std::uint32_t wanted = min_partitions == 0 ? core_->default_parallelism() : min_partitions;
  const auto splits = io::plan_binary_input(
      paths, length, wanted, core_->configuration().bytes("volley.files.maxPartitionBytes"));
  if (!splits) throw IoError(splits.error());
  std::vector<protocol::Bytes> payloads;
  for (const io::BinarySplit& split : splits.value()) {
    payloads.push_back(protocol::encode(detail::RecordViewSplit{split, length}));
  }
  using P = detail::Pipe<detail::RecordViewSource>;
  const auto partitions = static_cast<std::uint32_t>(payloads.size());
  return {detail::make_lineage(core_, "binary_records", partitions, {}, {},
                               detail::compute_closure<P>({}), std::move(payloads), {}, where),
          true};
}

Rdd<std::pair<std::string, std::string>, detail::Pipe<detail::WholeFilesSource>>
Context::make_files(const char* name, const std::string& paths, std::uint32_t min_partitions,
                    bool raw, Where where) {
  constexpr std::uint32_t sparks_default = 2;
  const std::uint32_t wanted = min_partitions == 0 ? sparks_default : min_partitions;
  const config::Configuration& configuration = core_->configuration();
  const auto splits = io::plan_whole_files(
      paths, wanted, configuration.bytes("volley.files.maxPartitionBytes"), raw);
  if (!splits) throw IoError(splits.error());
  std::vector<protocol::Bytes> payloads;
  for (io::WholeFiles split : splits.value()) {
    split.ignore_missing = configuration.flag("volley.files.ignoreMissingFiles");
    split.ignore_corrupt = configuration.flag("volley.files.ignoreCorruptFiles");
    payloads.push_back(protocol::encode(split));
  }
  using P = detail::Pipe<detail::WholeFilesSource>;
  const auto partitions = static_cast<std::uint32_t>(payloads.size());
  return {detail::make_lineage(core_, name, partitions, {}, {}, detail::compute_closure<P>({}),
                               std::move(payloads), {}, where),
          true};
}

Rdd<std::pair<std::string, std::string>, detail::Pipe<detail::WholeFilesSource>>
Context::whole_text_files(const std::string& paths, std::uint32_t min_partitions, Where where) {
  return make_files("whole_text_files", paths, min_partitions, false, where);
}

Rdd<std::pair<std::string, std::string>, detail::Pipe<detail::WholeFilesSource>>
Context::binary_files(const std::string& paths, std::uint32_t min_partitions, Where where) {
  return make_files("binary_files", paths, min_partitions, true, where);
}

std::vector<protocol::Bytes> Context::plan_object_files(const std::string& paths) const {
  const config::Configuration& configuration = core_->configuration();
  const auto files = io::list_input_files(paths);
  if (!files) throw IoError(files.error());
  std::vector<protocol::Bytes> payloads;
  for (const io::InputFile& file : files.value()) {
    payloads.push_back(protocol::encode(io::ObjectSplit{
        file.path, file.size, file.modified, configuration.flag("volley.files.ignoreMissingFiles"),
        configuration.flag("volley.files.ignoreCorruptFiles")}));
  }
  return payloads;
}

void Context::add_file(const std::string& path, Where where) {
  core_->check_running();
  core_->files().add(path, [&](std::span<const std::byte> bytes) {
    return core_->broadcast(bytes, detail::name_call("add_file", where)).created.number;
  });
}

std::vector<std::string> Context::list_files() const {
  std::vector<std::string> names;
  for (const auto& [name, path] : program::node_files()) names.push_back(name);
  for (const protocol::AddedFile& file : core_->files().all()) names.push_back(file.name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace volley
