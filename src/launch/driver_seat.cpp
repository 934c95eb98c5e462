#include "launch/driver_seat.hpp"

#include "launch/allocation_settings.hpp"
#include "launch/scheduling_options.hpp"
#include "program/driver_side.hpp"

#include <volley/context.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>

namespace volley::launch {
namespace {

using protocol::Role;

driver::Options driver_options(const DriverSeat::Options& seat) {
  const config::Configuration& configuration = seat.configuration;
  driver::Options options;
  options.application = seat.launch.container.application;
  options.application_master = seat.launch.application_master;
  options.program = {Role::program, seat.self.rank, seat.self.container};
  options.wall_offset = std::chrono::system_clock::now().time_since_epoch() -
                        std::chrono::steady_clock::now().time_since_epoch();
  options.build_id = seat.build_id;
  options.max_result_size = configuration.bytes("volley.driver.maxResultSize");
  if (configuration.flag("volley.shuffle.compress")) {
    options.shuffle_codec = configuration.text("volley.io.compression.codec") == "zstd"
                                ? protocol::Codec::zstd
                                : protocol::Codec::lz4;
  }
  options.registration_ratio = configuration.number("volley.scheduler.minRegisteredResourcesRatio");
  options.registration_wait =
      configuration.duration("volley.scheduler.maxRegisteredResourcesWaitingTime");
  options.heartbeat_interval = configuration.duration("volley.executor.heartbeatInterval");
  options.network_timeout = configuration.duration("volley.network.timeout");
  options.allocation = allocation_options(configuration);
  read_scheduling_options(configuration, options);
  return options;
}

/// Of a program that could not finish its work: it should be run again.
constexpr std::int32_t drained = 75;

void write_console(const std::string& text) {
  if (!text.empty()) std::fwrite(text.data(), 1, text.size(), stderr);
}

std::string describe_slowest(const driver::StageSummary& stage) {
  if (stage.slowest.host.empty()) return {};
  return fmt::format("task {} on {}, {}", stage.slowest.partition, stage.slowest.host,
                     base::format_duration(stage.slowest.duration));
}

StageSummary row_of(const driver::StageSummary& stage) {
  StageSummary row;
  row.id = stage.stage;
  row.name = stage.name;
  row.tasks = stage.tasks;
  row.failed_attempts = stage.failures;
  row.input = {stage.totals.records_read + stage.totals.shuffle_records_read,
               stage.totals.bytes_read + stage.totals.shuffle_bytes_read};
  row.shuffled = {stage.totals.shuffle_records_written, stage.totals.shuffle_bytes_written};
  row.output = {stage.totals.records_written, stage.totals.bytes_written};
  row.spilled_bytes = stage.totals.spilled_bytes;
  row.cached = {stage.totals.cached_partitions, stage.totals.cached_memory_bytes,
                stage.totals.cached_disk_bytes, stage.totals.evicted_partitions,
                stage.totals.uncached_partitions};
  row.time = stage.wall;
  row.slowest_task = describe_slowest(stage);
  if (stage.hottest_key) row.hottest_key = driver::describe(*stage.hottest_key);
  return row;
}

}  // namespace

DriverSeat::DriverSeat(Options options, const ApplicationEntry& entry, const base::Log& log)
    : options_(std::move(options)),
      entry_(entry),
      log_(log),
      driver_(driver_options(options_), log),
      display_(options_.console),
      show_progress_(options_.configuration.flag("volley.ui.showConsoleProgress")) {
  core_ = std::make_shared<program::ContextCore>(
      options_.launch.container.application, options_.configuration,
      [this](protocol::DriverMessage message) {
        {
          const std::lock_guard lock(mutex_);
          inbox_.push_back(std::move(message));
        }
        options_.wake();
      },
      options_.launch.container.attempt);
  core_->set_handle(program::note_context(core_));
  core_->set_warn([this](const std::string& what) { log_.warn("Accumulators", "{}", what); });
  core_->listeners().set_warn(
      [this](const std::string& what) { log_.warn("Listeners", "{}", what); });
  if (options_.arena != nullptr) {
    core_->broadcasts().set_memory(
        *options_.arena, options_.arena_owner,
        options_.configuration.bytes("volley.broadcast.blockSize").value);
  }
  const std::string& recovery = options_.launch.submission.recovery;
  if (!recovery.empty()) core_->set_recovery(recovery);
}

DriverSeat::~DriverSeat() {
  core_->stop("the application is over");
  if (program_.joinable()) program_.join();
}

void DriverSeat::start(protocol::Outbox& out) {
  driver_.start(executors_requested(options_.configuration), out);
  program_ = std::thread([this] { run_program(); });
}

void DriverSeat::run_program() {
  protocol::ProgramFinished finished;
  try {
    core_->wait_until_ready();
    Context context(core_);
    finished.exit_code = entry_.function(context, options_.launch.submission.arguments);
  } catch (const std::exception& error) {
    finished.exit_code = 1;
    finished.error = error.what();
  } catch (...) {
    finished.exit_code = 1;
    finished.error = "the program threw something that is not a std::exception";
  }
  core_->listeners().close();
  if (core_->cut_short()) {
    finished.exit_code = drained;
    finished.error = "drained: the program ended before its work was done";
  }
  report_recovered();
  std::cout.flush();
  std::fflush(stdout);
  {
    const std::lock_guard lock(mutex_);
    outcome_ = finished;
    inbox_.emplace_back(std::move(finished));
  }
  options_.wake();
}

void DriverSeat::report_recovered() const {
  const program::Recovery* recovery = core_->recovery();
  if (recovery == nullptr) return;
  const auto reused = recovery->reused();
  if (reused.jobs + reused.outputs + reused.checkpoints == 0) return;
  log_.info("Recovery", "{} jobs, {} outputs and {} checkpoints were taken from {}", reused.jobs,
            reused.outputs, reused.checkpoints, recovery->directory());
}

bool DriverSeat::pump(protocol::Outbox& out) {
  std::deque<protocol::DriverMessage> messages;
  {
    const std::lock_guard lock(mutex_);
    messages.swap(inbox_);
  }
  const protocol::Address program{Role::program, options_.self.rank, options_.self.container};
  driver_.advance(std::chrono::steady_clock::now());
  for (protocol::DriverMessage& message : messages) {
    protocol::deliver(driver_, std::move(message), program, out);
  }
  return !messages.empty();
}

void DriverSeat::report_ended_stages() {
  const auto& stages = driver_.summary().stages;
  for (; stages_shown_ < stages.size(); ++stages_shown_) {
    const driver::StageSummary& stage = stages[stages_shown_];
    const char* how = stage.succeeded ? "finished" : "failed";
    write_console(display_.stage_ended(stage.stage, stage.name, how, stage.tasks, stage.wall));
  }
}

void DriverSeat::show_progress() {
  std::vector<StageProgress> running;
  for (const driver::StageProgress& stage : driver_.progress().stages) {
    running.push_back({stage.stage, stage.done, stage.running, stage.total});
  }
  write_console(display_.update(running));
}

void DriverSeat::tick(base::TimePoint now, protocol::Outbox& out) {
  if (started_ == base::TimePoint{}) started_ = now;
  driver_.tick(now, out);
  if (summarized_) return;
  if (show_progress_) {
    report_ended_stages();
    show_progress();
  }
  if (!driver_.stopped()) return;
  write_console(display_.clear());
  write_console(summary_text(summary(now)));
  std::fflush(stderr);
  summarized_ = true;
}

RunSummary DriverSeat::summary(base::TimePoint now) const {
  RunSummary result;
  result.application = options_.configuration.text("volley.app.name");
  const bool good = outcome_.exit_code == 0 && outcome_.error.empty();
  result.status = outcome_.exit_code == drained && core_->cut_short() ? "drained"
                  : good                                              ? "succeeded"
                         : fmt::format("failed (exit code {})", outcome_.exit_code);
  result.wall_time = now - started_;
  for (const driver::StageSummary& stage : driver_.summary().stages) {
    result.stages.push_back(row_of(stage));
    result.stages.back().accumulators = core_->accumulators().summary_of(stage.stage);
  }
  for (const driver::LostExecutor& lost : driver_.summary().lost_executors) {
    result.lost.push_back(
        {fmt::format("executor {} on {}", lost.executor, lost.host), lost.reason});
  }
  return result;
}

}  // namespace volley::launch
