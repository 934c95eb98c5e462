#include "io/committing_writer.hpp"
#include "io/input_paths.hpp"
#include "io/output_owner.hpp"
#include "program/memory_map.hpp"

#include <volley/detail/rdd_build.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string_view>

namespace volley::detail {
namespace {

std::string place(const std::source_location& where) {
  const std::string_view path = where.file_name();
  const auto slash = path.rfind('/');
  return fmt::format("{}:{}", slash == std::string_view::npos ? path : path.substr(slash + 1),
                     where.line());
}

}  // namespace

std::string name_call(const char* operation, const std::source_location& where) {
  return fmt::format("{} at {}", operation, place(where));
}

void check_captures(const void* captures, std::size_t size, const std::string& operation) {
  const auto map = program::MemoryMap::of_this_process();
  const auto found = map.find_address({static_cast<const std::byte*>(captures), size});
  if (!found) return;
  throw InvalidArgument(fmt::format(
      "{}: the function captures a pointer or a reference: the 8 bytes at offset {} of its "
      "captures "
      "point into {} of the driver, which executors do not share. Capture the value itself ([x] "
      "instead of [&x]), pass strings and containers with volley::bind(f, value), or, if this is a "
      "number that only looks like an address, wrap the function in volley::unchecked(f)",
      operation, found->offset, found->region));
}

LineagePtr make_lineage(const std::shared_ptr<program::ContextCore>& core, const char* name,
                        std::uint32_t partitions, std::vector<protocol::Dependency> dependencies,
                        std::vector<LineagePtr> parents, protocol::Closure compute,
                        std::vector<protocol::Bytes> payloads, Partitioner partitioner,
                        const std::source_location& where, RddTraits traits) {
  protocol::RddSpec spec;
  spec.hosts = std::move(traits.hosts);
  spec.barrier = traits.barrier;
  spec.parts = traits.parts;
  spec.id = core->next_rdd();
  spec.name = name;
  spec.call_site = place(where);
  spec.partitions = partitions;
  spec.dependencies = std::move(dependencies);
  spec.compute = std::move(compute);
  for (protocol::Bytes& payload : payloads) {
    spec.payloads.push_back(std::make_shared<const protocol::Bytes>(std::move(payload)));
  }
  return std::make_shared<const program::Lineage>(core, std::move(spec), std::move(parents),
                                                  partitioner);
}

protocol::Dependency one_to_one(const LineagePtr& parent) {
  protocol::Dependency dependency;
  dependency.kind = protocol::DependencyKind::one_to_one;
  dependency.parent = parent->id();
  return dependency;
}

std::uint32_t shuffle_partitions(const std::vector<LineagePtr>& parents, std::uint32_t asked) {
  if (asked > 0) return asked;
  std::uint32_t most = 0;
  for (const LineagePtr& parent : parents) most = std::max(most, parent->partitions());
  const auto configured =
      parents.front()->core()->configuration().integer("volley.default.parallelism");
  return configured > 0 && most > 0 ? static_cast<std::uint32_t>(configured) : most;
}

Partitioner choose_partitioner(const std::vector<LineagePtr>& parents, const Partitions& asked) {
  if (asked.partitioner()) return asked.partitioner();
  const Partitioner hashed = hash_partitioner(shuffle_partitions(parents, asked.count()));
  if (asked.count() > 0) return hashed;
  Partitioner best;
  std::uint32_t most = 0;
  for (const LineagePtr& parent : parents) {
    most = std::max(most, parent->partitions());
    const Partitioner& own = parent->partitioner();
    if (own && own.partitions > best.partitions) best = own;
  }
  if (!best) return hashed;
  const bool close = std::log10(most) - std::log10(best.partitions) < 1;
  return close || hashed.partitions <= best.partitions ? best : hashed;
}

std::string output_path(const std::string& directory) {
  const auto local = io::local_path(directory);
  if (!local) throw IoError(local.error());
  return std::filesystem::path(local.value()).lexically_normal().string();
}

io::Codec output_codec(const std::string& name) {
  const auto codec = io::parse_codec(name);
  if (!codec) throw InvalidArgument(codec.error());
  return codec.value();
}

void save_output(const program::Lineage& rdd, const std::string& path, protocol::Closure action,
                 const std::string& call_site, const std::string& ending) {
  program::ContextCore& core = *rdd.core();
  program::ContextCore::Output output;
  output.path = path;
  output.begin = [&](const std::string& owner) {
    // What an earlier attempt or run has left there gives way; not what this one has written.
    const bool earlier = core.attempt() > 1 || core.recovery() != nullptr;
    const std::string whose =
        core.recovery() ? core.recovery()->identity() : base::to_string(core.application());
    if (!core.note_output(path) && earlier) io::remove_output_of(path, whose);
    const bool may_exist = !core.configuration().flag("volley.output.validateSpecs");
    const auto prepared = io::prepare_output(path, may_exist, owner);
    if (!prepared) throw IoError(prepared.error());
  };
  output.commit = [&](const std::string& owner) {
    const auto committed = io::commit_job(path, rdd.partitions(), owner, ending);
    if (committed) return;
    io::abort_job(path);
    throw IoError(committed.error());
  };
  output.abort = [&] { io::abort_job(path); };
  core.run_output_job(rdd, std::move(action), call_site, output);
}

}  // namespace volley::detail
