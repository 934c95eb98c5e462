// docs/from-spark.md: counting, folding, ranking.

#include "snippets.hpp"

#include <filesystem>
#include <random>

namespace snippets {
namespace {

void run_word_count(volley::Context& context, Checks& checks) {
  const std::string input = checks.path("words.txt");
  const std::string output = checks.path("counts");
  write_file(input, "to be or\nnot to be\n");
  // [word_count]
  auto counts =
      context.text_file(input)
          .flat_map([](std::string_view line, auto&& emit) { volley::for_each_word(line, emit); })
          .map([](std::string_view word) { return std::pair(word, 1L); })
          .reduce_by_key(std::plus<>{});
  counts.save_as_text_file(output);
  // [/word_count]
  using Count = std::pair<std::string, long>;
  checks.equal("word_count", sorted(counts.collect()),
               std::vector<Count>{{"be", 2}, {"not", 1}, {"or", 1}, {"to", 2}});
  checks.equal("word_count: saved", context.text_file(output).count(), 4);
}

void run_pi(volley::Context& context, Checks& checks) {
  // [pi]
  const std::int64_t darts = 100'000;
  const auto inside = context.range(0, darts).filter([](std::int64_t n) {
    std::mt19937_64 random(static_cast<std::uint64_t>(n));
    std::uniform_real_distribution<double> place(-1, 1);
    const double x = place(random);
    const double y = place(random);
    return x * x + y * y < 1;
  });
  const double pi = 4.0 * static_cast<double>(inside.count()) / static_cast<double>(darts);
  // [/pi]
  checks.holds("pi", pi > 3.1 && pi < 3.2);
}

void run_top_n(volley::Context& context, Checks& checks) {
  using Count = std::pair<std::string, long>;
  auto counts = context.parallelize({Count{"a", 3}, Count{"b", 9}, Count{"c", 5}}, 2);
  // [top_n]
  const auto best = counts.top(2, volley::by_value);
  const auto rarest =
      counts.take_ordered(2, [](const auto& a, const auto& b) { return a.second < b.second; });
  // [/top_n]
  checks.equal("top_n", best, std::vector<Count>{{"b", 9}, {"c", 5}});
  checks.equal("top_n: rarest", rarest, std::vector<Count>{{"a", 3}, {"c", 5}});
}

void run_inverted_index(volley::Context& context, Checks& checks) {
  const std::string directory = checks.path("pages");
  std::filesystem::create_directory(directory);
  write_file(directory + "/1", "sea and sun");
  write_file(directory + "/2", "sun");
  // [inverted_index]
  using Posting = std::pair<std::string, std::string>;
  auto index =
      context.whole_text_files(directory)
          .flat_map<Posting>([](const auto& file, auto&& emit) {
            const auto& [path, text] = file;
            volley::for_each_word(text, [&](std::string_view word) { emit(Posting(word, path)); });
          })
          .distinct()
          .group_by_key();
  // [/inverted_index]
  checks.equal("inverted_index", index.lookup("sun").at(0).size(), std::size_t{2});
  checks.equal("inverted_index: words", index.count(), 3);
}

void run_mean_by_key(volley::Context& context, Checks& checks) {
  using Mark = std::pair<std::string, double>;
  auto marks = context.parallelize({Mark{"ada", 1}, Mark{"bob", 5}, Mark{"ada", 2}}, 2);
  // [mean_by_key]
  using SumAndCount = std::pair<double, long>;
  auto means =
      marks
          .aggregate_by_key(
              SumAndCount(0, 0),
              [](SumAndCount a, double x) { return SumAndCount(a.first + x, a.second + 1); },
              [](SumAndCount a, SumAndCount b) {
                return SumAndCount(a.first + b.first, a.second + b.second);
              })
          .map_values([](SumAndCount a) { return a.first / double(a.second); });
  // [/mean_by_key]
  checks.equal("mean_by_key", sorted(means.collect()), std::vector<Mark>{{"ada", 1.5}, {"bob", 5}});
}

void run_secondary_sort(volley::Context& context, Checks& checks) {
  using Event = std::tuple<std::string, long, double>;
  auto events =
      context.parallelize({Event{"b", 2, 0.2}, Event{"a", 9, 0.9}, Event{"b", 1, 0.1}}, 2);
  // [secondary_sort]
  using UserTime = std::pair<std::string, long>;
  auto by_user = volley::partitioner<UserTime>(
      4, [](const UserTime& key) { return volley::hash_key(key.first) % 4; });
  auto timeline = events
                      .map([](const auto& event) {
                        const auto& [user, time, value] = event;
                        return std::pair(UserTime(user, time), value);
                      })
                      .repartition_and_sort_within_partitions(by_user);
  // [/secondary_sort]
  std::vector<double> of_b;
  for (const auto& [key, value] : timeline.collect()) {
    if (key.first == "b") of_b.push_back(value);
  }
  checks.equal("secondary_sort", of_b, std::vector<double>{0.1, 0.2});
}

void run_statistics(volley::Context& context, Checks& checks) {
  auto values = context.parallelize({1.0, 2.0, 3.0, 10.0}, 2);
  // [statistics]
  const volley::Statistics stats = values.stats();
  const auto [borders, counts] = values.histogram(3);
  std::cout << stats.mean() << " +- " << stats.stdev() << ", most " << stats.max() << '\n';
  // [/statistics]
  checks.equal("statistics", stats.mean(), 4.0);
  checks.equal("statistics: histogram", counts, std::vector<std::int64_t>{3, 0, 1});
}

}  // namespace

void run_counting(volley::Context& context, Checks& checks) {
  run_word_count(context, checks);
  run_pi(context, checks);
  run_top_n(context, checks);
  run_inverted_index(context, checks);
  run_mean_by_key(context, checks);
  run_secondary_sort(context, checks);
  run_statistics(context, checks);
}

}  // namespace snippets
