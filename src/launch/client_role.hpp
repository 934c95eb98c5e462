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
  };
  static constexpr std::int32_t internal_error = 70;

  ClientRole(Options options, const base::Log& log);

  void on(const protocol::ClusterReady& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ApplicationStateChanged& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void on(const protocol::ApplicationProgressed& message, const protocol::Address& from,
          protocol::Outbox& outbox);
  void tick(base::TimePoint, protocol::Outbox&) {}

  /// From a signal or a user: ends the application wherever it is.
  void kill(const std::string& reason, protocol::Outbox& outbox);

  /// Set once the application is over, or could not begin.
  std::optional<std::int32_t> exit_code() const { return exit_code_; }
  float progress() const { return progress_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  enum class State : std::uint8_t { waiting_for_cluster, submitted, watching, over };

  void drop(std::string_view what, const protocol::Address& from);
  void end(std::int32_t exit_code, protocol::Outbox& outbox);

  Options options_;
  const base::Log& log_;
  State state_ = State::waiting_for_cluster;
  base::ApplicationId application_;
  std::optional<std::string> kill_reason_;  ///< to be sent once the application has an id
  std::optional<std::int32_t> exit_code_;
  float progress_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace volley::launch
