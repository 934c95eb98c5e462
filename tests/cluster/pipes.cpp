// Commands beside tasks, what tasks know of themselves, and jobs on chosen partitions.

#include "check.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <thread>

namespace cluster_test {
namespace {

using Lines = std::vector<std::string>;
using volley::JobFailed;

void check_commands(volley::Context& context, Checks& checks) {
  const auto few = context.parallelize({1, 2, 3, 4}, 2);
  checks.equal("PIPE_001", few.pipe({"cat"}).collect(), Lines{"1", "2", "3", "4"});
  auto sizes = sorted(context.parallelize({"foo", "bing"}, 8).pipe("wc -c").collect());
  checks.equal("PIPE_006 a process for each partition", sizes.size(), 8U);
  checks.throws<JobFailed>("PIPE_008", "no_such_command",
                           [&] { few.pipe("no_such_command").count(); });
  checks.throws<JobFailed>("PIPE_009", "Subprocess exited with status 3. Command ran: sh -c exit 3",
                           [&] {
                             few.pipe({"sh", "-c", "exit 3"}).count();
                           });
  const auto many = context.range(0, 100000, 1, 4);
  checks.equal("through sort and back",
               sorted(many.pipe("sort -n")
                          .map([](const std::string& line) { return std::stol(line); })
                          .collect()),
               many.map([](std::int64_t x) { return static_cast<long>(x); }).collect());
}

/// The job is cancelled while its commands run; they end.
void check_cancelled_commands(volley::Context& context, Checks& checks) {
  const std::string directory = checks.path("pipes");
  std::filesystem::create_directory(directory);
  auto sleeping = context.parallelize({1, 2}, 2)
                      .pipe({"sh", "-c", "echo $$ > \"" + directory + "/$$\"; exec sleep 1000"})
                      .count_async();
  const auto begun = [&] {
    std::filesystem::directory_iterator files(directory);
    return files != std::filesystem::directory_iterator();
  };
  while (!begun()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  sleeping.cancel("enough of sleeping");
  checks.throws<JobFailed>("CANC_011 the reason reaches the end of the job", "enough of sleeping",
                           [&] { sleeping.get(); });
  // The killed tasks wait for their commands' end before they end themselves; a job in the same
  // slots runs after that.
  context.range(0, 64, 1, 64).count();
  std::size_t left = 1;
  for (int look = 0; look < 1000 && left != 0; ++look) {
    left = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory)) {
      left += std::filesystem::exists("/proc/" + file.path().filename().string());
    }
    if (left != 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  checks.equal("PIPE_010 no command outlives its task", left, 0U);
}

void check_tasks(volley::Context& context, Checks& checks) {
  context.set_local_property("colour", "green");
  const auto seen = context.parallelize(numbers(1, 8), 4)
                        .map_partitions_with_task([](volley::RunningTask& task, auto& records) {
                          int count = 0;
                          records.for_each([&](int) { ++count; });
                          return std::vector<std::string>{
                              task.local_property("colour").value_or("none") + " " +
                              std::to_string(task.partition_id()) + "/" +
                              std::to_string(task.num_partitions()) + " " + std::to_string(count)};
                        });
  checks.equal("a task knows its partition and properties", seen.collect(),
               Lines{"green 0/4 2", "green 1/4 2", "green 2/4 2", "green 3/4 2"});
  context.set_local_property("colour", "");
  checks.equal("a property is taken away", seen.first(), std::string("none 0/4 2"));

  const std::string marks = checks.path("listeners");
  std::filesystem::create_directory(marks);
  const auto failing = context.parallelize({1}, 1).map_partitions_with_task(volley::bind(
      [](const std::string& place, volley::RunningTask& task, auto&) -> std::vector<int> {
        const std::string name = place + "/" + std::to_string(task.attempt_number());
        task.add_failure_listener(
            [name](const std::string& error) { std::ofstream(name) << error; });
        task.add_completion_listener([name] { std::ofstream(name + "-first"); });
        if (task.attempt_number() < 2) throw std::runtime_error("not yet");
        return {7};
      },
      marks));
  checks.equal("the third attempt", failing.collect(), std::vector<int>{7});
  checks.holds("failure listeners are called", std::filesystem::exists(marks + "/1"));
  checks.holds("not after a success", !std::filesystem::exists(marks + "/2"));
  checks.holds("completion listeners always", std::filesystem::exists(marks + "/2-first"));
}

void check_jobs(volley::Context& context, Checks& checks) {
  const auto tens = context.parallelize(numbers(0, 39), 4);
  const auto total = [](auto& records) {
    int sum = 0;
    records.for_each([&](int x) { sum += x; });
    return sum;
  };
  checks.equal("run_job", context.run_job(tens, total), std::vector<int>{45, 145, 245, 345});
  checks.equal("run_job of some", context.run_job(tens, total, {3, 1}), std::vector<int>{345, 145});
  checks.equal("submit_job", context.submit_job(tens, total, {2}).get(), std::vector<int>{245});
  checks.throws<JobFailed>("run_job of none", "non-existent partition",
                           [&] { context.run_job(tens, total, {4}); });
  const auto pairs = context.make_rdd<int>({{10, {"nowhere"}}, {20, {}}, {30, {"here", "there"}}});
  checks.equal("make_rdd", glom(pairs), std::vector<std::vector<int>>{{10}, {20}, {30}});
  checks.equal("preferred_locations", pairs.map([](int x) { return x; }).preferred_locations(2),
               Lines{"here", "there"});
  checks.equal("RDD_040 merged", sorted(pairs.coalesce(2).collect()), std::vector<int>{10, 20, 30});
  const auto last = pairs.coalesce(1, [](const auto& hosts, std::uint32_t) {
    return std::vector<std::vector<std::uint32_t>>{
        {static_cast<std::uint32_t>(hosts.size() - 1), 0}};
  });
  checks.equal("groups of one's own", last.collect(), std::vector<int>{30, 10});
  const auto one = context.parallelize({1}, 1);
  const auto two = context.parallelize({2}, 1);
  const auto three = context.parallelize({3}, 1);
  const auto all = context.union_of<int>({one, two, three});
  checks.equal("RDD_082", all.dependencies().at(1).parent, two.id());
  checks.equal("RDD_082 the last", all.dependencies().at(2).parent, three.id());
  checks.holds("a narrow dependency", !all.dependencies().at(0).shuffle);
}

void check_side_effects(volley::Context& context, Checks& checks) {
  const std::string records = checks.path("async-records");
  const std::string partitions = checks.path("async-partitions");
  const auto many = context.parallelize(numbers(1, 1000), 9);
  many
      .foreach_async(volley::bind(
          [](const std::string& path, int) { std::ofstream(path, std::ios::app) << 'r'; }, records))
      .get();
  many
      .foreach_partition_async(volley::bind(
          [](const std::string& path, auto&) { std::ofstream(path, std::ios::app) << 'p'; },
          partitions))
      .get();
  checks.equal("ASYNC_003 every record once", std::filesystem::file_size(records), 1000U);
  checks.equal("ASYNC_003 every partition once", std::filesystem::file_size(partitions), 9U);
}

}  // namespace

void check_pipes(volley::Context& context, Checks& checks) {
  check_commands(context, checks);
  check_cancelled_commands(context, checks);
  check_tasks(context, checks);
  check_jobs(context, checks);
  check_side_effects(context, checks);
}

}  // namespace cluster_test
