// job_control WHAT DIRECTORY ...: jobs that are cancelled, that run side by side, and tasks of
// which one executor is slow.
//
//   cancel DIRECTORY HOW          HOW is group, tag, job, all or none; a job that nobody cancels
//   goes
//                                 on beside it. Tasks heed the request to stop between records.
//   stubborn DIRECTORY            the cancelled job's tasks heed nothing
//   straggler DIRECTORY TASKS MILLISECONDS FACTOR
//                                 saves TASKS partitions that take so long each, and FACTOR times
//                                 as long in the executor that makes DIRECTORY/slow first

#include <volley/volley.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

/// Stays in one record for ever, or goes on with the next one a little later.
struct Dawdle {
  std::string directory;
  bool stubborn = false;
  std::int64_t operator()(std::int64_t number) const {
    std::ofstream{directory + "/runs"};
    do std::this_thread::sleep_for(milliseconds(1));
    while (stubborn);
    return number;
  }
};

void cancel(volley::Context& context, const std::string& how) {
  if (how == "group") context.cancel_job_group("slow", "as was asked");
  if (how == "tag") context.cancel_jobs_with_tag("slow", "as was asked");
  if (how == "all") context.cancel_all_jobs();
  if (how != "job") return;
  for (const auto job : context.active_jobs()) context.cancel_job(job, "as was asked");
}

int cancelled_job(volley::Context& context, const std::string& directory, const std::string& how,
                  bool stubborn) {
  std::string error = "none";
  std::thread slow([&] {
    context.set_job_group("slow");
    context.add_job_tag("slow");
    try {
      context.range(0, 100'000'000, 1, 2).map(Dawdle{directory, stubborn}).count();
    } catch (const volley::JobFailed& failed) {
      error = failed.what();
    }
  });
  while (!fs::exists(directory + "/runs")) std::this_thread::sleep_for(milliseconds(2));
  cancel(context, how);
  slow.join();
  std::cout << "slow: " << error << "\n";
  std::cout << "quick: " << context.range(0, 100, 1, 4).count() << "\n";
  return 0;
}

struct Work {
  std::string directory;
  std::int64_t time = 0;
  std::int64_t factor = 1;
  std::string operator()(std::int64_t number) const {
    // One executor is the first to make the file, and knows it by its process.
    static const bool slow =
        ::close(::open((directory + "/slow").c_str(), O_CREAT | O_EXCL | O_CLOEXEC, 0600)) == 0;
    std::this_thread::sleep_for(milliseconds(slow ? time * factor : time));
    return std::to_string(number);
  }
};

int straggler(volley::Context& context, const std::vector<std::string>& args) {
  const std::int64_t tasks = std::stol(args.at(2));
  const auto begin = std::chrono::steady_clock::now();
  context.range(0, tasks, 1, static_cast<std::uint32_t>(tasks))
      .map(Work{args.at(1), std::stol(args.at(3)), std::stol(args.at(4))})
      .save_as_text_file(args.at(1) + "/output");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::cout << "seconds: " << took.count() << "\n";
  return 0;
}

int job_control(volley::Context& context, const std::vector<std::string>& args) {
  const std::string& what = args.at(0);
  if (what == "straggler") return straggler(context, args);
  const bool stubborn = what == "stubborn";
  return cancelled_job(context, args.at(1), stubborn ? "group" : args.at(2), stubborn);
}

}  // namespace
VOLLEY_APPLICATION(job_control)
