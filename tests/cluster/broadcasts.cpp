// Broadcasts: what tasks read is what the program made, once on each node, until it is destroyed.

#include "check.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace cluster_test {
namespace {

struct Point {
  double x = 0;
  double y = 0;
  bool operator==(const Point&) const = default;
};

void check_types(volley::Context& context, Checks& checks) {
  std::vector<double> values(300000);
  std::iota(values.begin(), values.end(), 1.0);
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  const auto numbers = context.broadcast(values);
  const auto text = context.broadcast("words in the program");
  const auto point = context.broadcast(Point{1, 2});
  const auto table = context.broadcast(std::map<std::string, std::vector<int>>{{"a", {1, 2}}});
  const auto nothing = context.broadcast(std::vector<int>{});
  const auto one = context.broadcast(7L);
  const auto seen = context.range(0, 12, 1, 6)
                        .map([=](std::int64_t i) {
                          double total = 0;
                          for (const double value : numbers.value()) total += value;
                          const Point& p = point.value();
                          const bool good = p.x == 1 && p.y == 2 &&
                                            table.value().at("a").size() == 2 &&
                                            nothing.value().empty() && *one == 7;
                          return std::tuple{total, std::string(text.value()), good, i};
                        })
                        .collect();
  checks.equal("BCAST_003 in all tasks", seen.size(), 12U);
  for (const auto& [total, words, good, i] : seen) {
    checks.equal("BCAST_003 numbers", total, sum);
    checks.equal("BCAST_003 text", words, "words in the program");
    checks.holds("BCAST_003 others", good);
  }
  checks.equal("the program reads them, too", numbers.value().size(), values.size());
  checks.equal("the program reads them, too", table.value().at("a"), std::vector<int>{1, 2});
  checks.equal("the program reads them, too", text.value(),
               std::string_view("words in the program"));
  checks.holds("ids count up", point.id() == text.id() + 1);
}

/// A function of a struct, and of volley::bind.
struct AddsFirst {
  std::string words;
  volley::Broadcast<std::vector<int>> values;
  int operator()(std::int64_t i) const {
    return static_cast<int>(words.size()) + values.value()[0] + static_cast<int>(i);
  }
};

void check_captures(volley::Context& context, Checks& checks) {
  const auto values = context.broadcast(std::vector<int>{40});
  const auto numbers = context.range(0, 2, 1, 2);
  checks.equal("a broadcast in a struct", numbers.map(AddsFirst{"ab", values}).collect(),
               std::vector<int>{42, 43});
  const auto bound =
      volley::bind([](const std::string& words, const volley::Broadcast<std::vector<int>>& all,
                      std::int64_t) { return words + std::to_string(all.value()[0]); },
                   std::string("x"), values);
  checks.equal("a broadcast that is bound", numbers.map(bound).collect(),
               std::vector<std::string>(2, "x40"));
  checks.throws<volley::IllegalState>("no broadcast", "neither a task",
                                      [] { static_cast<void>(volley::Broadcast<int>().value()); });
}

/// In a shuffle's map side and in its reduce side.
void check_in_shuffles(volley::Context& context, Checks& checks) {
  const auto factor = context.broadcast(3);
  const auto limits = context.broadcast(std::set<int>{0, 1, 2});
  const auto sums =
      context.range(0, 100, 1, 5)
          .map([=](std::int64_t i) {
            return std::pair{static_cast<int>(i % 10), i * *factor};
          })
          .reduce_by_key(std::plus<>{}, 3)
          .filter([=](const auto& pair) { return limits.value().contains(pair.first); });
  checks.equal("broadcasts on both sides of a shuffle", sorted(sums.collect()),
               std::vector<std::pair<int, std::int64_t>>{{0, 1350}, {1, 1380}, {2, 1410}});
}

void check_one_object(volley::Context& context, Checks& checks) {
  const auto table = context.broadcast(std::map<int, int>{{1, 2}});
  const auto values = context.broadcast(std::vector<int>{1, 2, 3});
  const auto places = [&] {
    return context.range(0, 16, 1, 16)
        .map([=](std::int64_t) {
          return std::tuple{static_cast<std::int64_t>(::getpid()),
                            reinterpret_cast<std::uint64_t>(&table.value()),
                            reinterpret_cast<std::uint64_t>(values.value().data())};
        })
        .collect();
  };
  std::set<std::tuple<std::int64_t, std::uint64_t, std::uint64_t>> objects;
  std::set<std::int64_t> processes;
  for (int job = 0; job < 2; ++job) {
    for (const auto& place : places()) {
      objects.insert(place);
      processes.insert(std::get<0>(place));
    }
  }
  if (context.configuration("volley.isolation") == "none") return;
  checks.equal("BCAST_014", objects.size(), processes.size());
}

void check_ends(volley::Context& context, Checks& checks) {
  std::vector<int> zeros(100);
  const auto before = context.broadcast(zeros);
  std::fill(zeros.begin(), zeros.end(), 7);
  const auto sums = context.range(0, 4, 1, 4).map([before](std::int64_t) {
    return std::accumulate(before.value().begin(), before.value().end(), 0);
  });
  checks.equal("DIST_005 as it was", sums.collect(), std::vector<int>(4));
  const auto numbers = context.range(0, 8, 1, 8);
  const auto value = context.broadcast(std::vector<int>{4, 5, 6});
  const auto count = [&] {
    return numbers.filter([=](std::int64_t) { return value.value()[1] == 5; }).count();
  };
  checks.equal("BCAST_006 before", count(), 8);
  value.unpersist();
  value.unpersist();
  checks.equal("BCAST_006 after unpersist", count(), 8);
  value.destroy();
  const std::string used = "Attempted to use Broadcast(" + std::to_string(value.id()) +
                           ") after it was destroyed (destroy at broadcasts.cpp:";
  checks.throws<volley::JobFailed>("BCAST_006 in a task after destroy", used, [&] { count(); });
  checks.throws<volley::IllegalState>("BCAST_006 value after destroy", used,
                                      [&] { static_cast<void>(value.value()); });
  checks.throws<volley::IllegalState>("BCAST_006 unpersist after destroy", used,
                                      [&] { value.unpersist(); });
  checks.throws<volley::IllegalState>("BCAST_010", used, [&] { value.destroy(); });
  const auto unread = context.broadcast(std::vector<int>{1});
  unread.destroy();
  const auto captured = numbers.map([=](std::int64_t i) { return i < 0 ? unread.value()[0] : 1; });
  checks.equal("BCAST_005 who does not read it does not miss it", captured.sum(), 8.0);
}

/// The first attempt at a partition kills its executor after it has read the broadcast.
void check_lost_executor(volley::Context& context, Checks& checks) {
  if (context.configuration("volley.isolation") == "none") return;
  const auto value = context.broadcast(std::vector<int>(100000, 3));
  const auto sizes = context.range(0, 4, 1, 4).map([=](std::int64_t i) {
    const auto all = value.value();
    if (i == 2 && volley::TaskContext::get().attempt_number() == 0) ::kill(::getpid(), SIGKILL);
    return std::accumulate(all.begin(), all.end(), 0);
  });
  checks.equal("a broadcast survives an executor", sizes.collect(), std::vector<int>(4, 300000));
  value.destroy();
}

}  // namespace

void check_broadcasts(volley::Context& context, Checks& checks) {
  check_types(context, checks);
  check_captures(context, checks);
  check_in_shuffles(context, checks);
  check_one_object(context, checks);
  check_ends(context, checks);
  check_lost_executor(context, checks);
}

}  // namespace cluster_test
