// page_rank EDGES ITERATIONS OUTPUT: ranks the nodes of a directed graph by who points at them.
//
// EDGES is text with one edge "source target" a line (a file, a directory, a glob or a list of
// these); nodes are named by any words, numbers too. Prints the ten best nodes and writes all as
// (node,rank) lines. For real data, give it the directory `dependencies` that package_report
// writes.
//
// Every node starts with rank 1. In each iteration a node gives its rank to the nodes that it
// points at, in equal shares, and its new rank is 0.15 + 0.85 * (what it was given).

#include <volley/volley.hpp>

#include <charconv>
#include <iostream>

namespace {

constexpr double damping = 0.85;

/// The first two words of a line, as views into it; none when there are fewer (an empty line).
std::optional<std::pair<std::string_view, std::string_view>> parse_edge(std::string_view line) {
  std::array<std::string_view, 2> words;
  std::size_t count = 0;
  volley::for_each_word(line, [&](std::string_view word) {
    if (count < words.size()) words[count++] = word;
  });
  if (count < words.size()) return std::nullopt;
  return std::pair{words[0], words[1]};
}

}  // namespace

int page_rank(volley::Context& context, const std::vector<std::string>& args) {
  int iterations = 0;
  if (args.size() == 3)
    std::from_chars(args[1].data(), args[1].data() + args[1].size(), iterations);
  if (iterations < 1) {
    std::cerr << "usage: page_rank EDGES ITERATIONS OUTPUT\n";
    return 2;
  }
  // A node's links: (node, the nodes it points at). flat_map with an emitter gives any number of
  // records for each input; its result is another type than the line, so it is named in <>.
  using Edge = std::pair<std::string_view, std::string_view>;
  auto links = context.text_file(args[0])
                   .flat_map<Edge>([](std::string_view line, auto&& emit) {
                     if (const auto edge = parse_edge(line)) emit(*edge);
                   })
                   .distinct()
                   .group_by_key();
  // Every iteration reads the links, so they stay in memory. The grouping has also given each node
  // a fixed partition (by the hash of its name): what is joined below meets without moving links.
  links.cache();

  // Rdd<T> is a handle to any way of computing records of T, so that the variable can be replaced.
  // map_values leaves the keys, and with them the partitioning, as they are; map would not.
  using Ranks = volley::Rdd<std::pair<std::string, double>>;
  Ranks ranks = links.map_values([](const auto&) { return 1.0; });

  // Nothing runs yet: the loop only describes the computation. Each turn has one shuffle, that of
  // reduce_by_key; join finds both sides partitioned alike.
  for (int i = 0; i < iterations; ++i) {
    using Share = std::pair<std::string, double>;
    ranks = links.join(ranks)
                .flat_map<Share>([](const auto& entry, auto&& emit) {
                  const auto& [node, state] = entry;
                  const auto& [targets, rank] = state;
                  emit(Share{node, 0.0});  // so that a node to which nobody points stays
                  for (const std::string& target : targets) {
                    emit(Share{target, rank / static_cast<double>(targets.size())});
                  }
                })
                .reduce_by_key(std::plus<>{}, links.num_partitions())
                .map_values([](double given) { return 1 - damping + damping * given; });
  }
  ranks.cache();  // used twice: by top and by the saving

  // Actions run the job. top brings ten records to this program; collect would bring all of them.
  for (const auto& [node, rank] : ranks.top(10, volley::by_value)) {
    std::cout << node << '\t' << rank << '\n';
  }
  ranks.save_as_text_file(args[2]);
  return 0;
}
VOLLEY_APPLICATION(page_rank)
