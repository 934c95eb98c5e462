// page_rank_of_numbers EDGES ITERATIONS OUTPUT: page_rank for a graph whose nodes are numbers,
// which go through the shuffle as they are; an edge that is there twice counts twice. Writes
// (node,rank) lines and prints how many nodes there are and the sum of their ranks.

#include "inputs.hpp"

#include <volley/volley.hpp>

#include <iomanip>
#include <iostream>

namespace {

constexpr double damping = 0.85;
using Node = std::uint32_t;
using Edge = std::pair<Node, Node>;
using Share = std::pair<Node, double>;

std::optional<Edge> parse_edge(std::string_view line) {
  const char* const end = line.data() + line.size();
  Edge edge;
  const auto source = std::from_chars(line.data(), end, edge.first);
  const char* at = source.ptr;
  while (at != end && (*at == ' ' || *at == '\t')) ++at;
  const auto target = std::from_chars(at, end, edge.second);
  if (source.ec != std::errc{} || target.ec != std::errc{}) return std::nullopt;
  return edge;
}

}  // namespace

int page_rank_of_numbers(volley::Context& context, const std::vector<std::string>& args) {
  const auto iterations = args.size() == 3 ? bench::number(args[1]) : std::nullopt;
  if (!iterations || *iterations == 0) {
    std::cerr << "usage: page_rank_of_numbers EDGES ITERATIONS OUTPUT\n";
    return 2;
  }
  auto links = context.text_file(args[0])
                   .flat_map<Edge>([](std::string_view line, auto&& emit) {
                     if (const auto edge = parse_edge(line)) emit(*edge);
                   })
                   .group_by_key();
  links.cache();
  volley::Rdd<Share> ranks = links.map_values([](const auto&) { return 1.0; });
  for (std::int64_t i = 0; i < *iterations; ++i) {
    ranks = links.join(ranks)
                .flat_map<Share>([](const auto& entry, auto&& emit) {
                  const auto& [node, state] = entry;
                  const auto& [targets, rank] = state;
                  emit(Share{node, 0.0});  // so that a node to which nobody points stays
                  const double part = rank / static_cast<double>(targets.size());
                  for (const Node target : targets) emit(Share{target, part});
                })
                .reduce_by_key(std::plus<>{}, links.num_partitions())
                .map_values([](double given) { return 1 - damping + damping * given; });
  }
  ranks.cache();
  const auto [vertices, sum] =
      ranks.map([](const Share& share) {
             return std::pair{1L, share.second};
           })
          .reduce([](const auto& a, const auto& b) {
            return std::pair{a.first + b.first, a.second + b.second};
          });
  std::cout << "vertices=" << vertices << " sum=" << std::setprecision(12) << sum << '\n';
  ranks.save_as_text_file(args[2]);
  return 0;
}
VOLLEY_APPLICATION(page_rank_of_numbers)
