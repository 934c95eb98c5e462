// docs/from-spark.md: iterative programs.

#include "snippets.hpp"

#include <array>
#include <cmath>

namespace snippets {
namespace {

void run_page_rank(volley::Context& context, Checks& checks) {
  using Edge = std::pair<std::string, std::string>;
  auto edges =
      context.parallelize({Edge{"a", "b"}, Edge{"b", "a"}, Edge{"b", "c"}, Edge{"c", "a"}}, 2);
  // [page_rank]
  using Rank = std::pair<std::string, double>;
  auto links = edges.distinct().group_by_key();
  links.cache();
  volley::Rdd<Rank> ranks = links.map_values([](const auto&) { return 1.0; });
  for (int i = 0; i < 10; ++i) {
    auto shares = links.join(ranks).flat_map<Rank>([](const auto& node, auto&& emit) {
      const auto& [targets, rank] = node.second;
      for (const auto& target : targets) emit(Rank(target, rank / double(targets.size())));
    });
    ranks = shares.reduce_by_key(std::plus<>{}).map_values([](double sum) {
      return 0.15 + 0.85 * sum;
    });
  }
  // [/page_rank]
  const auto found = sorted(ranks.collect());
  checks.equal("page_rank", found.size(), std::size_t{3});
  checks.holds("page_rank: a before c", found[0].second > found[2].second);
}

void run_k_means(volley::Context& context, Checks& checks) {
  // [k_means]
  using Point = std::array<double, 2>;
  using Sum = std::pair<Point, long>;
  // [/k_means]
  auto points = context.parallelize({Point{0, 0}, Point{0, 1}, Point{9, 9}, Point{9, 8}}, 2);
  // [k_means]
  points.cache();
  std::vector<Point> centers = points.take(2);
  for (int i = 0; i < 10; ++i) {
    auto known = context.broadcast(centers);  // a vector of numbers: a std::span in tasks
    auto sums =
        points
            .map([=](const Point& p) {
              const auto nearest = [&](const Point& a, const Point& b) {
                return std::hypot(p[0] - a[0], p[1] - a[1]) < std::hypot(p[0] - b[0], p[1] - b[1]);
              };
              const auto all = known.value();
              const auto best = std::min_element(all.begin(), all.end(), nearest);
              return std::pair(best - all.begin(), Sum(p, 1));
            })
            .reduce_by_key([](const Sum& a, const Sum& b) {
              return Sum({a.first[0] + b.first[0], a.first[1] + b.first[1]}, a.second + b.second);
            });
    for (const auto& [index, sum] : sums.collect()) {
      const auto n = static_cast<double>(sum.second);
      centers[static_cast<std::size_t>(index)] = {sum.first[0] / n, sum.first[1] / n};
    }
    known.destroy();
  }
  // [/k_means]
  checks.equal("k_means", sorted(centers), std::vector<Point>{{0, 0.5}, {9, 8.5}});
}

void run_barrier_all_reduce(volley::Context& context, Checks& checks) {
  auto samples = context.range(0, 8, 1, 2).map([](auto n) { return static_cast<double>(n); });
  // [all_reduce]
  auto fitted = samples.barrier().map_partitions([](volley::BarrierTask& task, auto& records) {
    const std::vector<double> mine(records.begin(), records.end());
    const double n = task.all_reduce(double(mine.size()), std::plus<>{});
    double model = 0;
    for (int step = 0; step < 20; ++step) {
      double gradient = 0;
      for (const double x : mine) gradient += x - model;
      model += 0.5 * task.all_reduce(gradient, std::plus<>{}) / n;
    }
    return std::vector{model};
  });
  // [/all_reduce]
  const auto models = fitted.collect();
  checks.equal("all_reduce: one model", models[0], models[1]);
  checks.holds("all_reduce: the mean", std::abs(models[0] - 3.5) < 1e-4);
}

void run_components(volley::Context& context, Checks& checks) {
  const std::string directory = checks.path("components");
  using Edge = std::pair<long, long>;
  auto edges = context.parallelize({Edge{1, 2}, Edge{2, 3}, Edge{7, 8}}, 2);
  // [components]
  context.set_checkpoint_dir(directory);
  using Label = std::pair<long, long>;
  auto back = edges.map([](const auto& edge) { return std::pair(edge.second, edge.first); });
  auto links = edges.union_with(back).partition_by(4);
  links.cache();
  volley::Rdd<Label> labels = links.keys().distinct().map([](long n) { return Label(n, n); });
  std::int64_t before = -1;
  std::int64_t total = 0;  // of all labels: it falls until nothing changes any more
  for (int i = 1; total != before; ++i) {
    labels = links.join(labels)
                 .values()  // (neighbour, label)
                 .union_with(labels)
                 .reduce_by_key([](long a, long b) { return std::min(a, b); }, 4);
    labels.cache();
    if (i % 5 == 0) labels.checkpoint();  // so that the lineage does not grow without end
    before = total;
    total = labels.values().reduce(std::plus<>{});
  }
  // [/components]
  checks.equal("components", sorted(labels.collect()),
               std::vector<Label>{{1, 1}, {2, 1}, {3, 1}, {7, 7}, {8, 7}});
}

}  // namespace

void run_iterating(volley::Context& context, Checks& checks) {
  run_page_rank(context, checks);
  run_k_means(context, checks);
  run_barrier_all_reduce(context, checks);
  run_components(context, checks);
}

}  // namespace snippets
