// rival_page_rank EDGES ITERATIONS OUTPUT: ranks the nodes of a graph given as "source target"
// lines of dense numbers. A rank owns a range of nodes with the edges that leave them; every
// iteration adds up contributions per target locally and combines them with one reduce-scatter.
// Writes OUTPUT/part-<rank> with lines "node<TAB>rank" for the nodes that an edge touches.

#include "common.hpp"

#include <charconv>
#include <cstdio>

namespace {

constexpr double damping = 0.85;

struct Edge {
  std::uint32_t source = 0;
  std::uint32_t target = 0;
};

std::uint32_t read_number(const char*& at, const char* end) {
  std::uint32_t value = 0;
  while (at != end && (*at == ' ' || *at == '\t')) ++at;
  for (; at != end && *at >= '0' && *at <= '9'; ++at) {
    value = value * 10 + static_cast<std::uint32_t>(*at - '0');
  }
  return value;
}

std::vector<Edge> parse_edges(std::string_view text) {
  std::vector<Edge> edges;
  edges.reserve(text.size() / 12);
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    Edge edge;
    edge.source = read_number(at, end);
    edge.target = read_number(at, end);
    edges.push_back(edge);
    while (at != end && *at++ != '\n') continue;
  }
  return edges;
}

/// The nodes of this rank, [begin, end), with the targets of their edges.
struct Graph {
  std::vector<int> owned;  ///< nodes of each rank
  std::size_t begin = 0;
  std::size_t end = 0;
  std::vector<std::uint32_t> start;  ///< of node begin + i in targets
  std::vector<std::uint32_t> targets;
  std::size_t nodes() const {
    return static_cast<std::size_t>(std::accumulate(owned.begin(), owned.end(), 0));
  }
};

Graph load(std::string_view text, const rival::World& world) {
  const std::vector<Edge> local = parse_edges(rival::lines_of_part(text, world.rank, world.size));
  std::uint64_t nodes = 0;
  for (const Edge& edge : local) nodes = std::max({nodes, edge.source + 1UL, edge.target + 1UL});
  MPI_Allreduce(MPI_IN_PLACE, &nodes, 1, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD);

  Graph graph;
  std::vector<std::uint32_t> ends;
  for (int r = 0; r < world.size; ++r) {
    const auto [first, last] = rival::share(nodes, r, world.size);
    graph.owned.push_back(static_cast<int>(last - first));
    ends.push_back(static_cast<std::uint32_t>(last));
  }
  std::tie(graph.begin, graph.end) = rival::share(nodes, world.rank, world.size);
  const auto edges = rival::exchange(std::span<const Edge>(local), world, [&](const Edge& edge) {
    return std::upper_bound(ends.begin(), ends.end(), edge.source) - ends.begin();
  });

  graph.start.resize(graph.end - graph.begin + 1);
  for (const Edge& edge : edges) ++graph.start[edge.source - graph.begin + 1];
  std::partial_sum(graph.start.begin(), graph.start.end(), graph.start.begin());
  graph.targets.resize(edges.size());
  std::vector<std::uint32_t> at = graph.start;
  for (const Edge& edge : edges) graph.targets[at[edge.source - graph.begin]++] = edge.target;
  return graph;
}

/// What every node of this rank is given when all nodes share out `ranks`.
void give(const Graph& graph, const std::vector<double>& ranks, std::vector<double>& sums,
          std::vector<double>& given) {
  std::fill(sums.begin(), sums.end(), 0.0);
  for (std::size_t node = 0; node < ranks.size(); ++node) {
    const std::uint32_t first = graph.start[node];
    const std::uint32_t last = graph.start[node + 1];
    const double part = ranks[node] / static_cast<double>(last - first);
    for (std::uint32_t edge = first; edge < last; ++edge) sums[graph.targets[edge]] += part;
  }
  MPI_Reduce_scatter(sums.data(), given.data(), graph.owned.data(), MPI_DOUBLE, MPI_SUM,
                     MPI_COMM_WORLD);
}

/// Which nodes of this rank an edge leaves or enters.
std::vector<char> touched(const Graph& graph) {
  std::vector<int> entered(graph.nodes());
  for (const std::uint32_t target : graph.targets) entered[target] = 1;
  std::vector<int> own(graph.end - graph.begin);
  MPI_Reduce_scatter(entered.data(), own.data(), graph.owned.data(), MPI_INT, MPI_MAX,
                     MPI_COMM_WORLD);
  std::vector<char> result(own.size());
  for (std::size_t i = 0; i < own.size(); ++i) {
    result[i] = own[i] != 0 || graph.start[i] != graph.start[i + 1];
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  const rival::World world(&argc, &argv);
  rival::expect_arguments(argc, 3, "rival_page_rank EDGES ITERATIONS OUTPUT", world);
  const double start = MPI_Wtime();
  const std::string part = rival::make_output(argv[3], world);
  const Graph graph = load(rival::map_file(argv[1]), world);
  const double loaded = MPI_Wtime();

  std::vector<double> ranks(graph.end - graph.begin, 1.0);
  std::vector<double> given(ranks.size());
  std::vector<double> sums(graph.nodes());
  for (std::size_t left = rival::number(argv[2]); left != 0; --left) {
    give(graph, ranks, sums, given);
    for (std::size_t i = 0; i < ranks.size(); ++i) ranks[i] = 1 - damping + damping * given[i];
  }

  rival::File file(part);
  const std::vector<char> wanted = touched(graph);
  std::array<double, 2> totals{};
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (wanted[i] == 0) continue;
    std::array<char, 64> line{};
    char* end = std::to_chars(line.data(), line.data() + 24, graph.begin + i).ptr;
    *end++ = '\t';
    end = std::to_chars(end, line.data() + line.size() - 1, ranks[i]).ptr;
    *end++ = '\n';
    file.write(line.data(), static_cast<std::size_t>(end - line.data()));
    totals[0] += 1;
    totals[1] += ranks[i];
  }
  MPI_Allreduce(MPI_IN_PLACE, totals.data(), 2, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  if (world.rank == 0) {
    std::printf("vertices=%.0f sum=%.12g load_s=%.3f total_s=%.3f\n", totals[0], totals[1],
                loaded - start, MPI_Wtime() - start);
  }
  return 0;
}
