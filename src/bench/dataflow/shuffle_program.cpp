// volley bench shuffle: map tasks make records and write them for the reduce tasks, which read and
// sum them. Nothing is combined, sorted or kept, so that what is left is the path of the bytes.
#include "bench/dataflow/printer.hpp"
#include "bench/shuffle_records.hpp"

#include <volley/volley.hpp>

#include <algorithm>
#include <chrono>

namespace volley::bench {
namespace {

// Keys of records have 63 bits; the others carry what a map task says to a reduce task.
constexpr std::uint64_t note_bit = ~shuffle_key_bits;
constexpr unsigned note_shift = 32;
enum Note : std::uint64_t { started, ended, record_sum };

/// Clocks of nodes differ by what their synchronization leaves.
std::uint64_t now_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

ShuffleRecord note(Note what, std::uint32_t reducer, std::uint64_t value) {
  return {note_bit | (what << note_shift) | reducer, value};
}

struct ToTarget {
  std::uint32_t targets = 1;
  std::uint32_t operator()(std::uint64_t key) const {
    if ((key & note_bit) != 0) return static_cast<std::uint32_t>(key);
    return shuffle_target(key, targets);
  }
};

struct MakeRecords {
  std::uint64_t records = 0;
  std::uint64_t seed = 0;
  std::uint32_t maps = 1;
  std::uint32_t reducers = 1;
  PatternSpec pattern;

  template <class Emit>
  void operator()(std::int64_t map, Emit&& emit) const {
    const auto share = static_cast<std::uint64_t>(map);
    const auto made = Pattern::make(pattern, reducers, seed, {});
    if (!made) throw InvalidArgument(made.error());
    const TargetChoice targets(made.value(), static_cast<std::uint32_t>(map), reducers);
    for (std::uint32_t to = 0; to < reducers; ++to) emit(note(started, to, now_ns()));
    std::uint64_t sum = 0;
    const std::uint64_t end = share_begin(records, share + 1, maps);
    for (std::uint64_t index = share_begin(records, share, maps); index < end; ++index) {
      ShuffleRecord record = shuffle_record(index, seed);
      record.first = targets.key(record.first);
      sum += checksum(record);
      emit(record);
    }
    emit(note(record_sum, static_cast<std::uint32_t>(share % reducers), sum));
    for (std::uint32_t to = 0; to < reducers; ++to) emit(note(ended, to, now_ns()));
  }
};

/// What a reduce task saw: nanoseconds, and sums.
struct Seen {
  std::uint64_t first_start = ~std::uint64_t{0};
  std::uint64_t last_write = 0;
  std::uint64_t read_start = 0;
  std::uint64_t read_end = 0;
  std::uint64_t read = 0;
  std::uint64_t written = 0;  ///< what map tasks said, each to one reduce task

  void take(const ShuffleRecord& note) {
    switch ((note.first & shuffle_key_bits) >> note_shift) {
      case started:
        if (read_start == 0) read_start = now_ns();
        first_start = std::min(first_start, note.second);
        break;
      case ended:
        last_write = std::max(last_write, note.second);
        break;
      default:
        written += note.second;
    }
  }
};

struct ReadRecords {
  template <class Records>
  std::vector<Seen> operator()(Records& records) const {
    Seen seen;
    std::uint64_t sum = 0;
    records.for_each([&](const ShuffleRecord& record) {
      if ((record.first & note_bit) == 0) [[likely]] {
        sum += checksum(record);
      } else {
        seen.take(record);
      }
    });
    seen.read = sum;
    seen.read_end = now_ns();
    return {seen};
  }
};

/// The records of `parent` by target, as its map tasks wrote them.
template <class R>
auto shuffled(const R& parent, std::uint32_t reducers, std::source_location where) {
  using P = typename R::pipe_type;
  using Source = detail::Pipe<detail::PlainShuffleSource<std::uint64_t, std::uint64_t>>;
  auto dependency =
      detail::shuffle_dependency(parent, &detail::plain_map_task<P, ToTarget>, ToTarget{reducers},
                                 reducers, [](protocol::Writer&) {});
  return Rdd<ShuffleRecord, Source>(
      detail::make_lineage(parent.lineage()->core(), "shuffle", reducers, {std::move(dependency)},
                           {parent.lineage()}, detail::compute_closure<Source>({}), {}, {}, where),
      true);
}

struct Seconds {
  double path = 0;
  double write = 0;
  double move = 0;
  double read = 0;
};

/// Empty when what was read is not what was written.
std::optional<Seconds> judge(const std::vector<Seen>& all) {
  Seen total = all.front();
  for (const Seen& seen : all) {
    total.first_start = std::min(total.first_start, seen.first_start);
    total.last_write = std::max(total.last_write, seen.last_write);
    total.read_start = std::max(total.read_start, seen.read_start);
    total.read_end = std::max(total.read_end, seen.read_end);
    if (&seen == &all.front()) continue;
    total.read += seen.read;
    total.written += seen.written;
  }
  if (total.read != total.written) return std::nullopt;
  const auto between = [](std::uint64_t from, std::uint64_t to) {
    return static_cast<double>(static_cast<std::int64_t>(to - from)) * 1e-9;
  };
  return Seconds{
      between(total.first_start, total.read_end), between(total.first_start, total.last_write),
      between(total.last_write, total.read_start), between(total.read_start, total.read_end)};
}

/// One size. False when a sum is wrong.
bool measure_size(Context& context, Printer& printer, std::uint64_t bytes) {
  const Options& options = printer.options();
  const std::uint32_t tasks = context.default_parallelism();
  const MakeRecords make{bytes / sizeof(ShuffleRecord), options.seed, tasks, tasks,
                         options.pattern};
  const std::uint64_t warm_up = warm_up_of(options, bytes);
  std::vector<double> path, write, move, read;
  for (std::uint64_t i = 0; i < warm_up + iterations_of(options, bytes); ++i) {
    const auto records = context.range(0, tasks, 1, tasks).flat_map<ShuffleRecord>(make);
    const auto seconds = judge(shuffled(records, tasks, std::source_location::current())
                                   .map_partitions(ReadRecords{})
                                   .collect());
    if (!seconds) return false;
    if (i < warm_up) continue;
    path.push_back(seconds->path);
    write.push_back(seconds->write);
    move.push_back(seconds->move);
    read.push_back(seconds->read);
  }
  printer.add_rivals(bytes);
  printer.add("path", "shuffle", bytes, std::move(path));
  printer.add("write", "map tasks", bytes, std::move(write));
  printer.add("move", "exchange", bytes, std::move(move));
  printer.add("read", "reduce tasks", bytes, std::move(read));
  return true;
}

}  // namespace

int shuffle_program(Context& context, const std::vector<std::string>& arguments) {
  Printer printer(arguments);
  const PatternSpec& spec = printer.options().pattern;
  const auto pattern = Pattern::make(spec, context.default_parallelism(), 1, {});
  if (!pattern) throw InvalidArgument(pattern.error());
  for (const std::uint64_t bytes : sizes_of(printer.options())) {
    if (!measure_size(context, printer, bytes)) {
      return Printer::complain_of_contents("the sums of what was written and read differ");
    }
  }
  return printer.finish();
}

}  // namespace volley::bench
