// docs/guide.md: RDDs, laziness, closures, records.

#include "snippets.hpp"

namespace snippets {
namespace {

void run_lazy(volley::Context& context, Checks& checks) {
  // [lazy]
  auto numbers = context.range(1, 1001);                                  // a source
  auto squares = numbers.map([](std::int64_t n) { return n * n; });       // nothing runs yet
  auto even = squares.filter([](std::int64_t n) { return n % 2 == 0; });  // nor here
  const std::int64_t count = even.count();                                // a job
  const std::vector<std::int64_t> three = even.take(3);                   // another job
  // [/lazy]
  checks.equal("lazy", count, 500);
  checks.equal("lazy: three", three, std::vector<std::int64_t>{4, 16, 36});
}

void run_variable(volley::Context& context, Checks& checks) {
  // [variable]
  volley::Rdd<std::int64_t> numbers = context.range(0, 100);
  for (const std::int64_t prime : {2, 3, 5, 7}) {
    numbers = numbers.filter([prime](std::int64_t n) { return n <= prime || n % prime != 0; });
  }
  const std::vector<std::int64_t> primes = numbers.filter([](auto n) { return n > 1; }).collect();
  // [/variable]
  checks.equal("variable", primes.size(), std::size_t{25});
  checks.equal("variable: last", primes.back(), 97);
}

void run_sources(volley::Context& context, Checks& checks) {
  const std::string path = checks.path("sources.txt");
  write_file(path, "to be or\nnot to be\n");
  // [sources]
  auto days = context.parallelize({"Mon", "Tue", "Wed"}, 2);  // values, in 2 partitions
  auto evens = context.range(0, 1'000'000, 2);                // 0, 2, 4, ...
  auto lines = context.text_file(path);                       // a file, directory, glob or list
  // [/sources]
  checks.equal("sources", days.collect(), std::vector<std::string>{"Mon", "Tue", "Wed"});
  checks.equal("sources: evens", evens.count(), 500'000);
  checks.equal("sources: lines", lines.count(), 2);
  // [flat_map]
  auto words = lines.flat_map([](std::string_view line, auto&& emit) {
    volley::for_each_word(line, emit);  // calls emit(word) for each
  });
  auto letters = words.flat_map(
      [](std::string_view word) { return std::vector<char>(word.begin(), word.end()); });
  // [/flat_map]
  checks.equal("flat_map", words.count(), 6);
  checks.equal("flat_map: letters", letters.count(), 13);
}

void run_captures(volley::Context& context, Checks& checks) {
  auto words = context.parallelize({"alpha", "beta", "gamma", "alphabet"});
  // [captures]
  const std::size_t least = 5;  // a number: travels with the lambda
  auto long_words = words.filter([=](const std::string& word) { return word.size() >= least; });

  const std::string prefix = "alpha";  // owns memory: hand it over with bind, it comes first
  auto starts = [](const std::string& begin, const std::string& word) {
    return word.starts_with(begin);
  };
  auto alphas = words.filter(volley::bind(starts, prefix));
  // [/captures]
  checks.equal("captures", long_words.count(), 3);
  checks.equal("captures: bind", alphas.count(), 2);
}

// [functor]
struct InList {
  std::vector<std::string> list;
  bool operator()(const std::string& word) const {
    return std::find(list.begin(), list.end(), word) != list.end();
  }
};
// [/functor]

void run_functor(volley::Context& context, Checks& checks) {
  auto words = context.parallelize({"alpha", "beta", "gamma"});
  // [use_functor]
  auto greek = words.filter(InList{{"alpha", "gamma"}});
  // [/use_functor]
  checks.equal("functor", greek.count(), 2);
}

void run_refused(volley::Context& context, Checks& checks) {
  auto numbers = context.range(0, 3);
  std::string said;
  // [refused]
  const std::vector<std::int64_t> table = {10, 20, 30};
  const std::int64_t* const data = table.data();  // an address of the driver's memory
  try {
    numbers.map([data](std::int64_t i) { return data[i]; }).collect();
  } catch (const volley::InvalidArgument& error) {
    said = error.what();  // says which operation, in which line, captures an address
  }
  // [/refused]
  checks.holds("refused: names the operation", said.find("map at ") != std::string::npos);
  std::cout << said << '\n';
}

void run_records(volley::Context& context, Checks& checks) {
  // [records]
  struct Reading {
    std::string station;
    double degrees = 0;
    std::vector<int> flags;
  };
  auto readings = context.parallelize({Reading{"north", -3.5, {}}, Reading{"south", 21, {4, 2}}});
  auto flagged = readings.filter([](const Reading& r) { return !r.flags.empty(); });
  const std::vector<std::string> stations =
      flagged.map([](const Reading& r) { return r.station; }).collect();
  // [/records]
  checks.equal("records", stations, std::vector<std::string>{"south"});
}

void run_partitions(volley::Context& context, Checks& checks) {
  auto numbers = context.range(0, 10, 1, 2);
  // [map_partitions]
  auto sums = numbers.map_partitions([](auto& records) {
    std::int64_t sum = 0;  // set up once for each partition: a parser, a generator, a buffer
    records.for_each([&](std::int64_t n) { sum += n; });
    return std::vector{sum};
  });
  // [/map_partitions]
  checks.equal("map_partitions", sums.collect(), std::vector<std::int64_t>{10, 35});
}

}  // namespace

void run_first_steps(volley::Context& context, Checks& checks) {
  run_lazy(context, checks);
  run_variable(context, checks);
  run_sources(context, checks);
  run_captures(context, checks);
  run_functor(context, checks);
  run_refused(context, checks);
  run_records(context, checks);
  run_partitions(context, checks);
}

}  // namespace snippets
