// volley bench word_count: the words of a text whose word frequencies are those of natural language
// (Zipf's law), counted. Every process has made 8 MiB of the text before anything is timed, and
// reads it again and again from places of its own, as from mapped files that are in memory.
#include "bench/dataflow/printer.hpp"
#include "bench/shuffle_records.hpp"

#include <volley/volley.hpp>

#include <chrono>
#include <cmath>
#include <functional>
#include <string>

namespace volley::bench {
namespace {

constexpr std::uint64_t text_bytes = 8ULL << 20U;
constexpr std::uint64_t vocabulary = 100000;

/// Lines of about 10 words; the same in every process.
class Text {
 public:
  static const Text& shared() {
    static const Text text;
    return text;
  }
  std::uint64_t lines() const { return starts_.size() - 1; }
  std::string_view line(std::uint64_t number) const {
    const std::uint64_t begin = starts_[number];
    return std::string_view(text_).substr(begin, starts_[number + 1] - begin - 1);
  }
  std::uint64_t size() const { return text_.size(); }

 private:
  Text() {
    starts_.push_back(0);
    for (std::uint64_t word = 0; text_.size() < text_bytes; ++word) {
      const std::uint64_t random = shuffle_record(word, 1).first;
      // Continuous Zipf with exponent 1: the rank's logarithm is uniform.
      const double uniform = static_cast<double>(random) / static_cast<double>(shuffle_key_bits);
      auto rank = static_cast<std::uint64_t>(std::pow(vocabulary, uniform));
      for (rank = rank * 7919 % vocabulary + 26; rank != 0; rank /= 26) {
        text_ += static_cast<char>('a' + rank % 26);
      }
      text_ += random % 10 == 0 ? '\n' : ' ';
      if (text_.back() == '\n') starts_.push_back(text_.size());
    }
    text_.resize(starts_.back());
  }
  std::string text_;
  std::vector<std::uint64_t> starts_;  ///< of lines, and the end
};

/// Line `i` of the whole is line i mod lines() of the text.
struct MakeLines {
  std::uint64_t lines = 0;
  std::uint32_t maps = 1;

  template <class Emit>
  void operator()(std::int64_t map, Emit&& emit) const {
    const Text& text = Text::shared();
    const auto share = static_cast<std::uint64_t>(map);
    const std::uint64_t end = share_begin(lines, share + 1, maps);
    std::uint64_t at = share_begin(lines, share, maps);
    for (std::uint64_t line = at % text.lines(); at < end; ++at) {
      emit(text.line(line));
      if (++line == text.lines()) line = 0;
    }
  }
};

struct Counts {
  std::uint64_t distinct = 0;
  std::uint64_t words = 0;
  std::uint64_t sum = 0;
  void add(std::string_view word, std::uint64_t times) {
    words += times;
    sum += std::hash<std::string_view>{}(word)*times;
  }
};

struct SumCounts {
  template <class Records>
  std::vector<Counts> operator()(Records& records) const {
    Counts counts;
    records.for_each([&](const auto& entry) {
      ++counts.distinct;
      counts.add(entry.first, static_cast<std::uint64_t>(entry.second));
    });
    return {counts};
  }
};

/// Words and their sum, counted by one loop.
Counts expected_counts(std::uint64_t lines) {
  const Text& text = Text::shared();
  Counts counts;
  for (std::uint64_t line = 0; line < text.lines(); ++line) {
    const std::uint64_t times = lines / text.lines() + (line < lines % text.lines() ? 1 : 0);
    for_each_word(text.line(line), [&](std::string_view word) { counts.add(word, times); });
  }
  return counts;
}

Counts total_of(const std::vector<Counts>& all) {
  Counts total;
  for (const Counts& counts : all) {
    total.distinct += counts.distinct;
    total.words += counts.words;
    total.sum += counts.sum;
  }
  return total;
}

}  // namespace

int word_count_program(Context& context, const std::vector<std::string>& arguments) {
  using Clock = std::chrono::steady_clock;
  Printer printer(arguments);
  const Options& options = printer.options();
  const std::uint32_t tasks = context.default_parallelism();
  const Text& text = Text::shared();
  for (const std::uint64_t bytes : sizes_of(options)) {
    const std::uint64_t lines = std::max<std::uint64_t>(1, bytes * text.lines() / text.size());
    const Counts expected = options.validate ? expected_counts(lines) : Counts{};
    const std::uint64_t warm_up = std::max<std::uint64_t>(1, warm_up_of(options, bytes));
    std::vector<double> seconds;
    for (std::uint64_t i = 0; i < warm_up + iterations_of(options, bytes); ++i) {
      const auto start = Clock::now();
      const auto partitions =
          context.range(0, tasks, 1, tasks)
              .flat_map<std::string_view>(MakeLines{lines, tasks})
              .flat_map([](std::string_view line, auto&& emit) { for_each_word(line, emit); })
              .map([](std::string_view word) {
                return std::pair{word, 1L};
              })
              .reduce_by_key(std::plus<>{})
              .map_partitions(SumCounts{})
              .collect();
      const std::chrono::duration<double> time = Clock::now() - start;
      const Counts total = total_of(partitions);
      if (options.validate && (total.words != expected.words || total.sum != expected.sum)) {
        return Printer::complain_of_contents("the counts differ from those of one loop");
      }
      if (i >= warm_up) seconds.push_back(time.count());
    }
    printer.add("word_count", "reduce_by_key", bytes, std::move(seconds));
  }
  return printer.finish();
}

}  // namespace volley::bench
