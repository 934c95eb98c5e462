#pragma once
// ApplicationMaster: gets an application its executors; one per attempt, in the attempt's first
// container. It registers with the ResourceManager, turns the driver's wish into container
// requests, has NodeManagers start executors in what is granted, replaces executors that are lost,
// and unregisters with the program's outcome.

#include "am/executor_policy.hpp"
#include "am/failure_window.hpp"
#include "am/node_health.hpp"
#include "base/log.hpp"
#include "protocol/outbox.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace volley::am {

class ApplicationMaster {
 public:
  struct Options {
    protocol::ContainerLaunch launch;  ///< how this container was started
    std::string tracking_address;
    std::uint32_t max_executor_failures = 0;  ///< volley.executor.maxNumFailures; 0: by rule
    std::uint32_t task_max_failures = 4;      ///< volley.task.maxFailures
    base::Duration failures_validity{};  ///< volley.executor.failuresValidityInterval; 0: for ever
    NodeHealth::Options node_health;     ///< without the validity interval
    base::Duration progress_interval = std::chrono::seconds{1};
    /// Silence after which a driver in a container of its own counts as lost.
    base::Duration network_timeout = std::chrono::seconds{120};
    /// How long after the exit of a driver's own container its last message may still arrive.
    base::Duration last_message_grace = std::chrono::milliseconds{200};
  };

  ApplicationMaster(Options options, const base::Log& log);

  /// Registers; the first tick does it otherwise.
  void start(protocol::Outbox& outbox);
  void on(const protocol::ApplicationMasterAccepted& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ExecutorsRequested& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ExecutorsReleased& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ContainersGranted& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ContainersUnavailable& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ContainersCompleted& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::RankLost& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::DriverProgressed& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::DriverFinished& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void tick(base::TimePoint now, protocol::Outbox& outbox);

  /// Has unregistered: once its messages are delivered, the process may end.
  bool finished() const { return state_ == State::finished; }
  /// Executors running or being started.
  std::size_t executors() const { return live_; }
  /// That count towards the limit.
  std::uint32_t failures() { return failures_.count(now_); }
  /// Executors that are asked for and not granted yet.
  std::size_t pending() const { return need_ && need_->count > live_ ? need_->count - live_ : 0; }
  bool quiescent() const { return containers_.empty(); }
  std::uint64_t dropped() const { return dropped_; }

 private:
  enum class State : std::uint8_t { created, registering, registered, finished };
  struct ExecutorContainer {
    base::ExecutorId executor = 0;
    protocol::GrantedContainer granted;
    std::size_t members_left = 0;
    bool lost = false;  ///< a member has ended; the others are about to
  };

  void enter(State state);
  void drop(std::string_view what, const protocol::Address& from);
  void ask(protocol::Outbox& outbox);
  void launch(const ExecutorContainer& container, protocol::Outbox& outbox) const;
  void tell_driver(bool final, const std::string& note, protocol::Outbox& outbox) const;
  void executor_lost(ExecutorContainer& container, const protocol::ContainersCompleted& message,
                     protocol::Outbox& outbox);
  void finish(protocol::FinalStatus status, std::string diagnostics, std::int32_t exit_code,
              protocol::Outbox& outbox);
  void renew_asks(protocol::Outbox& outbox);
  bool driver_has_own_container() const;
  void check_driver(base::TimePoint now);

  Options options_;
  const base::Log& log_;
  State state_ = State::created;
  protocol::ApplicationMasterAccepted cluster_;
  std::optional<protocol::ExecutorsRequested> early_request_;  ///< came before the registration
  std::optional<ExecutorNeed> need_;
  std::map<base::ContainerId, ExecutorContainer> containers_;
  std::size_t live_ = 0;  ///< of containers_: those not lost
  base::ExecutorId last_executor_ = 0;
  FailureWindow failures_;
  NodeHealth health_;
  std::vector<std::uint32_t> avoided_;  ///< in the ResourceManager's open request
  base::TimePoint now_{};               ///< of the last tick
  float progress_ = 0;
  std::string stages_;  ///< that run, as the driver said last
  std::optional<base::TimePoint> next_report_;
  base::TimePoint last_tick_{};
  bool driver_heard_ = false;  ///< since the last tick
  std::optional<base::TimePoint> driver_last_heard_;
  std::optional<std::string> driver_exit_;  ///< its own container has ended, and how
  std::optional<base::TimePoint> driver_deadline_;
  std::uint64_t dropped_ = 0;
};

}  // namespace volley::am
