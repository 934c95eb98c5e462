#pragma once
// DriverSeat: where the driver role and the user's main program sit together: the role on the
// container's loop thread, the program on a thread of its own, a queue between them. Also shows the
// progress and prints the summary.

#include "config/configuration.hpp"
#include "driver/driver.hpp"
#include "launch/progress_bar.hpp"
#include "launch/summary_table.hpp"
#include "program/context_core.hpp"

#include <volley/application.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace volley::launch {

class DriverSeat {
 public:
  struct Options {
    protocol::ContainerLaunch launch;
    protocol::Address self;  ///< of the driver role
    config::Configuration configuration;
    std::uint64_t build_id = 0;
    Console console;
    /// Wakes the loop thread; called from program threads.
    std::function<void()> wake;
    /// Where the program writes broadcasts, as this owner.
    storage::NodeArena* arena = nullptr;
    storage::NodeArena::Owner arena_owner = 0;
  };

  DriverSeat(Options options, const ApplicationEntry& entry, const base::Log& log);
  DriverSeat(const DriverSeat&) = delete;
  DriverSeat& operator=(const DriverSeat&) = delete;
  /// Waits for the program's thread; it has been told to end.
  ~DriverSeat();

  /// Asks for executors and starts the program.
  void start(protocol::Outbox& out);
  driver::Driver& role() { return driver_; }
  /// What the program's threads have sent since; whether there was anything.
  bool pump(protocol::Outbox& out);
  void deliver(protocol::ProgramMessage message) { core_->deliver(std::move(message)); }
  /// Shows progress, and once the program is over, the summary.
  void tick(base::TimePoint now, protocol::Outbox& out);
  bool finished() const { return driver_.stopped(); }

 private:
  void run_program();
  void report_recovered() const;
  void show_progress();
  void report_ended_stages();
  RunSummary summary(base::TimePoint now) const;

  Options options_;
  const ApplicationEntry& entry_;
  const base::Log& log_;
  driver::Driver driver_;
  ProgressDisplay display_;
  bool show_progress_ = false;
  bool summarized_ = false;
  std::size_t stages_shown_ = 0;
  base::TimePoint started_{};
  std::mutex mutex_;
  std::deque<protocol::DriverMessage> inbox_;
  std::shared_ptr<program::ContextCore> core_;
  protocol::ProgramFinished outcome_;
  std::thread program_;
};

}  // namespace volley::launch
