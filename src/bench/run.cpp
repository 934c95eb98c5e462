#include "bench/run.hpp"

#include "base/units.hpp"
#include "bench/conditions.hpp"
#include "bench/files.hpp"
#include "bench/formats.hpp"
#include "bench/kernels/collect.hpp"
#include "bench/kernels/pairs.hpp"
#include "bench/session.hpp"
#include "bench/write_plot.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <numeric>
#include <utility>

namespace volley::bench {
namespace {

using base::Failure;
using base::Result;
using base::Status;
using net::MpiScope;
using net::MpiWorld;

constexpr int usage_error = 2;
constexpr int wrong_result = 1;
constexpr int internal_error = 70;

/// Collective: the contents of a file that only rank 0 reads; the same failure on all ranks.
Result<std::string> shared_file(const MpiWorld& world, const std::string& path) {
  if (path.empty()) return std::string{};
  std::string text;
  if (world.rank() == 0) {
    std::ifstream file(path);
    text = file ? "+" : "-";
    if (file) text.append(std::istreambuf_iterator<char>(file), {});
  }
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  protocol::Bytes shared(bytes, bytes + text.size());
  if (const auto status = world.broadcast(shared, 0, MpiScope::world); !status) {
    return status.failure();
  }
  text.assign(reinterpret_cast<const char*>(shared.data()), shared.size());
  if (text.front() == '-') return Failure{fmt::format("cannot read {} (on rank 0)", path)};
  return text.substr(1);
}

/// Whether rank 0 can write the files that are to come, before the work is done.
std::string unwritable(const Options& options) {
  for (const std::string& path : {options.plot_file, options.tune_file}) {
    if (!path.empty() && !std::ofstream(path, std::ios::app)) {
      return fmt::format("cannot write {}", path);
    }
  }
  return {};
}

/// What is wrong with the options among that many ranks.
std::string misfit(const Options& options, std::uint32_t ranks) {
  if (options.root >= ranks) {
    return fmt::format("--root {}: there are {} ranks, counted from 0", options.root, ranks);
  }
  if (options.kind == Kind::congest) {
    if (ranks < 4) return fmt::format("congest takes at least 4 ranks, two a side; {} here", ranks);
    if (options.victims == 1 || options.victims + 2 > ranks) {
      return fmt::format("--victims {}: of {} ranks, 2 to {} can be", options.victims, ranks,
                         ranks - 2);
    }
  }
  const bool alone = options.kind == Kind::pairs || options.kind == Kind::incast;
  if (alone && ranks < 2) {
    return fmt::format("{} takes at least 2 ranks (--ranks 2)", name_of(options.kind));
  }
  return {};
}

/// Collective: this machine's ranks together must not need more than it has.
Result<std::string> shortage(const MpiWorld& world, double own_need, const Options& options) {
  const auto needs = world.allgather(static_cast<std::uint64_t>(own_need), MpiScope::host);
  if (!needs) return needs.failure();
  const auto needed = std::accumulate(needs.value().begin(), needs.value().end(), 0.0);
  const auto available = static_cast<double>(available_memory());
  if (needed <= available) return std::string{};
  return fmt::format("{} ranks need {} on {}, where {} are available; lower --max ({})",
                     needs.value().size(), base::format_bytes(static_cast<std::uint64_t>(needed)),
                     world.host(), base::format_bytes(static_cast<std::uint64_t>(available)),
                     base::format_bytes(options.largest));
}

Status run_kind(Session& session) {
  switch (session.options.kind) {
    case Kind::pairs: {
      auto pairs = measure_pairs(session.group, session.options);
      if (!pairs) return pairs.failure();
      session.report.pairs = std::move(pairs).value();
      return base::Done{};
    }
    case Kind::congest:
      return run_congest(session);
    case Kind::broadcast:
      return run_broadcast(session);
    case Kind::stream:
      return run_stream(session);
    case Kind::io:
      return run_io(session);
    default:
      break;
  }
  return session.options.tune_file.empty() ? run_exchanges(session) : run_tune(session);
}

/// Bandwidths that the formats for people and programs show beside the result.
Status measure_beside(Session& session) {
  const Format format = session.options.format;
  const bool bare = format == Format::osu || format == Format::imb;
  if (bare || session.options.kind == Kind::io) return base::Done{};
  const auto copy = copy_bandwidth(session.group);
  if (!copy) return copy.failure();
  session.report.conditions.copy = copy.value();
  if (session.options.kind == Kind::stream || session.options.kind == Kind::pairs) {
    return base::Done{};
  }
  const auto injection = injection_bandwidth(session.group);
  if (!injection) return injection.failure();
  session.report.conditions.injection = injection.value();
  return base::Done{};
}

Status write_files(const Session& session) {
  const Options& options = session.options;
  if (const auto status = write_plot(session.report); !status) return status;
  const Conditions& where = session.report.conditions;
  return write_file(
      options.tune_file,
      session.table.print(fmt::format("{}\nvolley {}, {}, {}, {}", options.command_line,
                                      where.version, where.library, where.transport, where.date)));
}

Status measure_all(Session& session) {
  if (const auto status = measure_beside(session); !status) return status;
  const bool speaks = session.group.rank() == 0;
  if (speaks) session.print(head(session.report));
  if (const auto status = run_kind(session); !status) return status;
  if (!speaks) return base::Done{};
  session.print(tail(session.report));
  return write_files(session);
}

class Rank {
 public:
  Rank(const Options& options, const Console& console, MpiWorld& world)
      : options_(options), console_(console), world_(world) {}

  int run() {
    if (world_.launch_mistake()) return say(usage_error, *world_.launch_mistake());
    const auto ranks = static_cast<std::uint32_t>(world_.size());
    if (const auto text = misfit(options_, ranks); !text.empty()) return say(usage_error, text);
    const auto matrix = shared_file(world_, options_.pattern.file);
    if (!matrix) return say(usage_error, matrix.error());
    const auto table_text = shared_file(world_, options_.table_file);
    if (!table_text) return say(usage_error, table_text.error());
    PatternSpec spec = options_.pattern;
    if (options_.kind == Kind::incast) {
      spec = {PatternKind::incast, static_cast<double>(options_.root), {}};
    }
    const auto pattern = Pattern::make(spec, ranks, options_.seed, matrix.value());
    if (!pattern) return say(usage_error, pattern.error());
    auto table = options_.table_file.empty()
                     ? Result<exchange::AlgorithmTable>(exchange::AlgorithmTable::built_in())
                     : exchange::AlgorithmTable::parse(table_text.value(), options_.table_file);
    if (!table) return say(usage_error, table.error());
    return run(pattern.value(), table.value());
  }

 private:
  int run(const Pattern& pattern, const exchange::AlgorithmTable& table) {
    if (options_.kind == Kind::io) {
      const auto trouble = no_room(world_, options_);
      if (!trouble) return give_up(trouble.error());
      if (!trouble.value().empty()) return say(usage_error, trouble.value());
    }
    if (const auto status = world_.group_nodes(0); !status) return give_up(status.error());
    const auto self = static_cast<std::uint32_t>(world_.rank());
    auto trouble = shortage(
        world_, memory_need(options_, pattern, static_cast<std::uint32_t>(world_.size()), self),
        options_);
    if (!trouble) return give_up(trouble.error());
    if (trouble.value().empty() && self == 0) trouble = unwritable(options_);
    if (const auto status = world_.group_nodes(options_.node_ranks); !status) {
      return give_up(status.error());
    }
    auto group = exchange::RankGroup::of(world_);
    if (!group) return give_up(group.error());
    const auto first = first_text(group.value(), trouble.value());
    if (!first) return give_up(first.error());
    if (!first.value().empty()) return say(usage_error, first.value());
    auto conditions = conditions_of(world_, group.value());
    if (!conditions) return give_up(conditions.error());
    Session session{options_, group.value(), pattern, table, {}, {}};
    session.report.options = options_;
    session.report.conditions = std::move(conditions).value();
    session.print = [this](const std::string& text) {
      if (!text.empty()) console_.print(text);
    };
    const auto status = measure_all(session);
    group.value().close();
    if (status) return 0;
    if (status.error().starts_with(wrong_contents)) return say(wrong_result, status.error());
    return give_up(status.error());
  }

  /// What all ranks found, one says.
  int say(int code, const std::string& message) {
    if (world_.rank() == 0) console_.complain(message);
    return code;
  }

  /// What perhaps only this rank found: the others may be waiting for it, so the job must end.
  int give_up(const std::string& message) {
    console_.complain(fmt::format("rank {}: {}", world_.rank(), message));
    std::_Exit(internal_error);
  }

  const Options& options_;
  const Console& console_;
  MpiWorld& world_;
};

}  // namespace

int run_rank(const Options& options, const Console& console) {
  auto world = MpiWorld::start(net::MpiThreads::one);
  if (!world) {
    console.complain(world.error());
    return internal_error;
  }
  const int code = Rank(options, console, world.value()).run();
  static_cast<void>(world.value().finalize());
  return code;
}

}  // namespace volley::bench
