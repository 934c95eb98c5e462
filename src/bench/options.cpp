#include "bench/options.hpp"

#include "base/units.hpp"
#include "bench/options_rules.hpp"
#include "config/suggestion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace volley::bench {
namespace {

using base::Done;
using base::Failure;
using base::Result;
using base::Status;

struct KindInfo {
  Kind kind;
  std::string_view name;
  std::string_view help;
};
constexpr std::array kinds = {
    KindInfo{Kind::alltoall, "alltoall", "every rank sends the same amount to every rank"},
    KindInfo{Kind::alltoallv, "alltoallv", "the same with amounts that differ (--dist)"},
    KindInfo{Kind::pairs, "pairs", "latency and bandwidth of every pair of ranks, as a matrix"},
    KindInfo{Kind::incast, "incast", "all ranks send to one (--root)"},
    KindInfo{Kind::congest, "congest", "alltoallv of some ranks, alone and while others send"},
    KindInfo{Kind::broadcast, "broadcast", "one rank sends the same to all (--root)"},
    KindInfo{Kind::stream, "stream", "memory copies, on all ranks at a time"},
    KindInfo{Kind::io, "io", "every rank writes and reads a file of its own (--directory)"},
    KindInfo{Kind::shuffle, "shuffle", "map tasks write, reduce tasks read; and the same with MPI"},
    KindInfo{Kind::sort, "sort", "sort_by_key of records of 100 bytes"},
    KindInfo{Kind::word_count, "word_count", "reduce_by_key of the words of a text"},
};
constexpr std::array formats = {Format::text, Format::osu, Format::imb, Format::csv, Format::json};

constexpr unsigned bit(Kind kind) { return 1U << static_cast<unsigned>(kind); }
constexpr unsigned all = (1U << kinds.size()) - 1;
constexpr unsigned exchanges =
    bit(Kind::alltoall) | bit(Kind::alltoallv) | bit(Kind::incast) | bit(Kind::congest);
constexpr unsigned dataflow = bit(Kind::shuffle) | bit(Kind::sort) | bit(Kind::word_count);
constexpr unsigned direct = all & ~dataflow;
constexpr unsigned sweeps = direct & ~bit(Kind::pairs);

template <class Number>
Status parse_count(const std::string& text, Number& out, Number least) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least) {
    return Failure{fmt::format("'{}' is not a whole number of at least {}", text, least)};
  }
  out = value;
  return Done{};
}

template <class Number>
Status parse_count(const std::string& text, std::optional<Number>& out, Number least) {
  return parse_count(text, out.emplace(), least);
}

Status parse_size(const std::string& text, std::uint64_t& out) {
  const auto bytes = base::parse_bytes(text);
  if (!bytes) return bytes.failure();
  if (bytes.value().value == 0) return Failure{fmt::format("'{}' is not at least 1 byte", text)};
  out = bytes.value().value;
  return Done{};
}

/// A parse in progress: the options and which of them were given.
struct State {
  Options options;
  bool sized_below = false;
  bool sized_above = false;
};

Status set_format(State& state, const std::string& text) {
  for (const Format format : formats) {
    if (text != name_of(format)) continue;
    state.options.format = format;
    return Done{};
  }
  return Failure{fmt::format("'{}' is not one of text, osu, imb, csv, json", text)};
}

Status set_algorithms(State& state, const std::string& text) {
  std::string_view rest = text;
  state.options.algorithms.clear();
  while (true) {
    const auto comma = rest.find(',');
    const auto algorithm = exchange::parse_algorithm(rest.substr(0, comma));
    if (!algorithm) return algorithm.failure();
    state.options.algorithms.push_back(algorithm.value());
    if (comma == std::string_view::npos) return Done{};
    rest.remove_prefix(comma + 1);
  }
}

Status set_sizes(State& state, const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) {
    state.sized_above = true;
    return parse_size(text, state.options.largest);
  }
  state.sized_below = state.sized_above = true;
  if (colon != 0) {
    if (auto status = parse_size(text.substr(0, colon), state.options.smallest); !status) {
      return status;
    }
  }
  if (colon + 1 == text.size()) {
    state.sized_above = false;
    return Done{};
  }
  return parse_size(text.substr(colon + 1), state.options.largest);
}

Status set_segment(State& state, const std::string& text) {
  if (auto status = parse_size(text, state.options.segment.emplace()); !status) return status;
  if (*state.options.segment > (1ULL << 30U)) return Failure{"a segment has at most 1 GiB"};
  return Done{};
}

Status set_seconds(State& state, const std::string& text) {
  const auto duration = base::parse_duration(text);
  if (!duration) return duration.failure();
  state.options.seconds = std::chrono::duration<double>(duration.value()).count();
  if (state.options.seconds <= 0) return Failure{fmt::format("'{}' is no time at all", text)};
  return Done{};
}

Status set_pattern(State& state, const std::string& text) {
  auto spec = parse_pattern(text);
  if (!spec) return spec.failure();
  state.options.pattern = std::move(spec).value();
  return Done{};
}

Status set_configuration(State& state, const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return Failure{fmt::format("'{}' is not KEY=VALUE", text)};
  }
  state.options.configuration.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  return Done{};
}

Status set_plot(State& state, const std::string& text) {
  if (!text.ends_with(".svg") && !text.ends_with(".html")) {
    return Failure{fmt::format("'{}' must end in .svg or .html", text)};
  }
  state.options.plot_file = text;
  return Done{};
}

struct OptionInfo {
  std::string_view name;
  std::string_view short_name;
  std::string_view value;  ///< empty: a switch
  std::string_view help;
  unsigned kinds;
  Status (*set)(State&, const std::string&);
};

constexpr std::array table = {
    OptionInfo{"--ranks", "-n", "N", "without mpirun or srun: start N ranks here (one per core)",
               all,
               [](State& s, const std::string& v) { return parse_count(v, s.options.ranks, 1U); }},
    OptionInfo{"--format", "", "FORMAT", "text, osu, imb, csv or json", all, set_format},
    OptionInfo{"--full", "-f", "", "osu: Min, Max and Iterations too", sweeps,
               [](State& s, const std::string&) {
                 s.options.full = true;
                 return Status(Done{});
               }},
    OptionInfo{"--percentiles", "-z", "", "osu: P50, P90 and P99 too", sweeps,
               [](State& s, const std::string&) {
                 s.options.percentiles = true;
                 return Status(Done{});
               }},
    OptionInfo{"--algo", "", "NAMES",
               "library, pairwise, bruck, node, shuffle, auto; several with commas", exchanges,
               set_algorithms},
    OptionInfo{"--window", "", "N", "messages in flight from, and to, a rank",
               exchanges | bit(Kind::pairs),
               [](State& s, const std::string& v) { return parse_count(v, s.options.window, 1U); }},
    OptionInfo{"--segment", "", "SIZE", "largest message of our own algorithms, at most 1g",
               exchanges, set_segment},
    OptionInfo{"--table", "", "FILE", "what auto chooses from, as --tune writes it", exchanges,
               [](State& s, const std::string& v) {
                 s.options.table_file = v;
                 return Status(Done{});
               }},
    OptionInfo{"--tune-table", "--tune", "FILE",
               "measure all algorithms and write the table of the best", bit(Kind::alltoallv),
               [](State& s, const std::string& v) {
                 s.options.tune_file = v;
                 return Status(Done{});
               }},
    OptionInfo{"--dist", "", "PATTERN",
               "uniform, zipf[:1.2], hotspot[:0.5], sparse[:K], permutation, matrix:FILE",
               bit(Kind::alltoallv) | bit(Kind::shuffle), set_pattern},
    OptionInfo{"--min", "", "SIZE", "smallest size (pairs: for the latency)", all,
               [](State& s, const std::string& v) {
                 s.sized_below = true;
                 return parse_size(v, s.options.smallest);
               }},
    OptionInfo{"--max", "", "SIZE", "largest size (pairs: for the bandwidth)", all,
               [](State& s, const std::string& v) {
                 s.sized_above = true;
                 return parse_size(v, s.options.largest);
               }},
    OptionInfo{"--size", "-m", "MIN:MAX", "both", all, set_sizes},
    OptionInfo{"--bytes", "", "SIZE", "of all records together (1g)", dataflow,
               [](State& s, const std::string& v) {
                 s.sized_below = s.sized_above = true;
                 const auto status = parse_size(v, s.options.largest);
                 s.options.smallest = s.options.largest;
                 return status;
               }},
    OptionInfo{"--conf", "", "KEY=VALUE", "an option of Volley, as for volley run", dataflow,
               set_configuration},
    OptionInfo{"--iterations", "-i", "N", "of a row (1000, above 8 KiB 100; io, shuffle, ... 5)",
               all,
               [](State& s, const std::string& v) {
                 return parse_count(v, s.options.iterations, std::uint64_t{1});
               }},
    OptionInfo{"--warmup", "-x", "N", "before them, not counted (a tenth)", all,
               [](State& s, const std::string& v) {
                 return parse_count(v, s.options.warm_up, std::uint64_t{0});
               }},
    OptionInfo{"--time-limit", "", "TIME", "stop a row after this time (2s)", sweeps, set_seconds},
    OptionInfo{"--validate", "-c", "", "check every byte that arrives; exit 1 when one is wrong",
               all,
               [](State& s, const std::string&) {
                 s.options.validate = true;
                 return Status(Done{});
               }},
    OptionInfo{"--seed", "", "N", "of patterns and contents (1)", all,
               [](State& s, const std::string& v) {
                 return parse_count(v, s.options.seed, std::uint64_t{0});
               }},
    OptionInfo{
        "--node-ranks", "", "N", "treat every N ranks of a machine as a node", all,
        [](State& s, const std::string& v) { return parse_count(v, s.options.node_ranks, 1U); }},
    OptionInfo{"--root", "", "RANK", "who receives or sends (0)",
               bit(Kind::incast) | bit(Kind::broadcast),
               [](State& s, const std::string& v) { return parse_count(v, s.options.root, 0U); }},
    OptionInfo{
        "--victims", "", "N", "ranks that are measured, spread over the nodes (half)",
        bit(Kind::congest),
        [](State& s, const std::string& v) { return parse_count(v, s.options.victims, 1U); }},
    OptionInfo{
        "--load", "", "SIZE", "what the others send to each other (1m)", bit(Kind::congest),
        [](State& s, const std::string& v) { return parse_size(v, s.options.aggressor_bytes); }},
    OptionInfo{"--concurrent", "", "", "pairs that share no rank at a time", bit(Kind::pairs),
               [](State& s, const std::string&) {
                 s.options.concurrent = true;
                 return Status(Done{});
               }},
    OptionInfo{
        "--directory", "", "DIR", "where the files go (the scratch directory)", bit(Kind::io),
        [](State& s, const std::string& v) {
          s.options.directory = v;
          return Status(Done{});
        }},
    OptionInfo{"--plot", "", "FILE", "draw the result; FILE ends in .svg or .html", all, set_plot},
};

std::string kinds_of(unsigned mask) {
  std::string names;
  for (const KindInfo& info : kinds) {
    if ((mask & bit(info.kind)) == 0) continue;
    names += (names.empty() ? "" : ", ") + std::string(info.name);
  }
  return names;
}

Result<Kind> parse_kind(const std::string& word) {
  std::vector<std::string_view> names;
  for (const KindInfo& info : kinds) {
    if (word == info.name) return info.kind;
    names.push_back(info.name);
  }
  return Failure{fmt::format("unknown kind '{}'{} (one of {})", word,
                             config::did_you_mean(word, names), kinds_of(all))};
}

const OptionInfo* named(const std::string& name) {
  for (const OptionInfo& info : table) {
    if (name == info.name || (!info.short_name.empty() && name == info.short_name)) return &info;
  }
  return nullptr;
}

/// The first word that is neither an option nor its value; the end when there is none.
std::size_t place_of_kind(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].starts_with('-')) return i;
    const OptionInfo* info = named(arguments[i]);
    if (info != nullptr && !info->value.empty()) ++i;
  }
  return arguments.size();
}

Result<const OptionInfo*> find_option(const std::string& name, Kind kind) {
  const OptionInfo* info = named(name);
  if (info == nullptr) {
    std::vector<std::string_view> names;
    for (const OptionInfo& each : table) names.push_back(each.name);
    return Failure{fmt::format("unknown option '{}'{} ('volley help bench' lists them)", name,
                               config::did_you_mean(name, names))};
  }
  if ((info->kinds & bit(kind)) == 0) {
    return Failure{
        fmt::format("{} is not for {}, but for {}", name, name_of(kind), kinds_of(info->kinds))};
  }
  return info;
}

/// The option at `next`, which moves behind it and its value.
Status take_option(const std::vector<std::string>& arguments, std::size_t& next, State& state) {
  const std::string& word = arguments[next++];
  if (!word.starts_with('-')) return Failure{fmt::format("unexpected '{}'", word)};
  const auto equals = word.starts_with("--") ? word.find('=') : std::string::npos;
  const std::string name = word.substr(0, equals);
  const auto info = find_option(name, state.options.kind);
  if (!info) return info.failure();
  std::string value;
  if (equals != std::string::npos) {
    if (info.value()->value.empty()) return Failure{fmt::format("{} takes no value", name)};
    value = word.substr(equals + 1);
  } else if (!info.value()->value.empty()) {
    if (next == arguments.size()) {
      return Failure{fmt::format("{} needs a value: {} {}", name, name, info.value()->value)};
    }
    value = arguments[next++];
  }
  const auto status = info.value()->set(state, value);
  if (!status) return Failure{fmt::format("{}: {}", name, status.error())};
  return Done{};
}

}  // namespace

std::string_view name_of(Kind kind) { return kinds[static_cast<std::size_t>(kind)].name; }

bool is_dataflow(Kind kind) { return (dataflow & bit(kind)) != 0; }

std::string_view name_of(Format format) {
  constexpr std::array<std::string_view, 5> names = {"text", "osu", "imb", "csv", "json"};
  return names[static_cast<std::size_t>(format)];
}

Result<Parsed> parse_options(const std::vector<std::string>& arguments) {
  Parsed parsed;
  const auto asks = [](const std::string& word) { return word == "--help" || word == "-h"; };
  if (std::any_of(arguments.begin(), arguments.end(), asks)) {
    parsed.help = true;
    return parsed;
  }
  // The kind first: which options there are depends on it.
  const std::size_t kind_place = place_of_kind(arguments);
  if (kind_place == arguments.size()) {
    return Failure{fmt::format("no kind given: one of {}", kinds_of(all))};
  }
  const auto kind = parse_kind(arguments[kind_place]);
  if (!kind) return kind.failure();
  State state;
  state.options.kind = kind.value();
  state.options.command_line = fmt::format("volley bench {}", fmt::join(arguments, " "));
  for (std::size_t next = 0; next < arguments.size();) {
    if (next == kind_place) {
      ++next;
      continue;
    }
    if (const auto status = take_option(arguments, next, state); !status) return status.failure();
  }
  if (const auto status = complete(state.options, state.sized_below, state.sized_above); !status)
    return status.failure();
  parsed.options = std::move(state.options);
  return parsed;
}

std::string help_text() {
  std::string text =
      "usage: volley bench KIND [options]\n"
      "       mpirun -n N volley bench KIND [options]\n\n"
      "Measures the interconnect, memory and files below Volley, and Volley's own shuffles. Under\n"
      "mpirun or srun this process is one rank; otherwise it starts mpirun itself. Sizes may end\n"
      "in k, m or g. docs/bench.md says what each column means. Exits with 1 when a byte arrived\n"
      "wrong or an application failed, 2 for a mistake in the "
      "command line.\n\nKinds:\n";
  for (const KindInfo& info : kinds) text += fmt::format("  {:<24}  {}\n", info.name, info.help);
  text += "\nOptions (--option VALUE or --option=VALUE):\n";
  for (const OptionInfo& info : table) {
    std::string names(info.name);
    if (!info.short_name.empty()) names += fmt::format(", {}", info.short_name);
    if (!info.value.empty()) names += fmt::format(" {}", info.value);
    text += fmt::format("  {:<24}  {}\n", names, info.help);
    if (info.kinds != all && info.kinds != exchanges) {
      text += fmt::format("  {:<24}  (for {})\n", "", kinds_of(info.kinds));
    }
  }
  return text;
}

std::vector<std::uint64_t> sizes_of(const Options& options) {
  std::vector<std::uint64_t> sizes;
  for (std::uint64_t size = options.smallest; size < options.largest; size *= 2) {
    sizes.push_back(size);
    if (size > options.largest / 2) break;
  }
  sizes.push_back(options.largest);
  return sizes;
}

std::uint64_t iterations_of(const Options& options, std::uint64_t bytes) {
  if (options.kind == Kind::io || is_dataflow(options.kind)) return options.iterations.value_or(5);
  return options.iterations.value_or(bytes > 8192 ? 100 : 1000);
}

std::uint64_t warm_up_of(const Options& options, std::uint64_t bytes) {
  return options.warm_up.value_or(std::max<std::uint64_t>(1, iterations_of(options, bytes) / 10));
}

}  // namespace volley::bench
