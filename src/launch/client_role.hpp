#pragma once
// ClientRole: submits one application and watches it to its end; on rank 0. Its exit code is the
// command's. On the end, good or bad, it tells every NodeManager to shut down.

#include "base/log.hpp"
#include "protocol/outbox.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace volley::launch {

class ClientRole {
 public:
  struct Options {
    protocol::Submission submission;
    std::uint32_t ranks = 1;
    std::string problem = {};  ///< not empty: it cannot be run, and why
    /// The exit code of an earlier run that has finished this application: it is not run again.
    std::optional<std::int32_t> finished_before = std::nullopt;
  };
  static constexpr std::int32_t drained = 75;
  static constexpr std::int32_t usage_error = 2;
  static constexpr std::int32_t internal_error = 70;

  ClientRole(Options options, const base::Log& log);

  void on(const protocol::ClusterReady& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ApplicationStateChanged& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ApplicationProgressed& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void tick(base::TimePoint now, protocol::Outbox& outbox);

  /// From a signal or a user: ends the application wherever it is.
  void kill(const std::string& reason, protocol::Outbox& outbox);

  /// The MPI job will end soon: the application may finish what it is at, for `grace`, then it has
  /// to end; one that has not begun is killed. The exit code is `drained` unless it finishes.
  void drain(const std::string& reason, base::Duration grace, protocol::Outbox& outbox);
  bool draining() const { return !drain_reason_.empty(); }

  /// Whether the application ran to its own successful end.
  bool succeeded() const { return succeeded_; }
  /// Set once the application is over, or could not begin.
  std::optional<std::int32_t> exit_code() const { return exit_code_; }
  float progress() const { return progress_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  enum class State : std::uint8_t { waiting_for_cluster, submitted, watching, over };

  void drop(std::string_view what, const protocol::Address& from);
  void end(std::int32_t exit_code, protocol::Outbox& outbox);
  void end_drained(protocol::Outbox& outbox);

  Options options_;
  const base::Log& log_;
  State state_ = State::waiting_for_cluster;
  base::ApplicationId application_;
  std::optional<std::string> kill_reason_;  ///< to be sent once the application has an id
  std::string drain_reason_;                ///< empty: the run is not being drained
  base::Duration drain_patience_{};
  base::TimePoint drain_until_{};  ///< after that it is killed; set by a tick
  bool running_ = false;           ///< the application has an ApplicationMaster
  bool succeeded_ = false;
  std::optional<std::int32_t> exit_code_;
  float progress_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace volley::launch
