#include "launch/client_role.hpp"

#include "protocol/containers.hpp"

#include <chrono>

namespace volley::launch {

using namespace protocol;

namespace {
constexpr std::string_view component = "client";
/// For the driver to say goodbye once its jobs have ended.
constexpr base::Duration goodbye = std::chrono::seconds{10};
const Address resource_manager = at_rank(Role::resource_manager, 0);
}  // namespace

ClientRole::ClientRole(Options options, const base::Log& log)
    : options_(std::move(options)), log_(log) {}

void ClientRole::drop(std::string_view what, const Address& from) {
  ++dropped_;
  log_.debug(component, "dropped {} from {}", what, to_string(from));
}

void ClientRole::end(std::int32_t exit_code, Outbox& outbox) {
  state_ = State::over;
  exit_code_ = exit_code;
  for (std::uint32_t rank = 0; rank < options_.ranks; ++rank) {
    outbox.send(at_rank(Role::node_manager, static_cast<base::Rank>(rank)),
                NodeShutdownRequested{exit_code});
  }
}

void ClientRole::on(const ClusterReady& message, const Address& from, Outbox& outbox) {
  if (state_ != State::waiting_for_cluster) return drop("ClusterReady", from);
  if (!message.problem.empty()) {
    log_.error(component, "the cluster cannot run '{}': {}", options_.submission.name,
               message.problem);
    return end(internal_error, outbox);
  }
  if (!options_.problem.empty()) {
    log_.error(component, "cannot run '{}': {}", options_.submission.name, options_.problem);
    return end(usage_error, outbox);
  }
  if (options_.finished_before) {
    log_.info(component,
              "'{}' has finished in an earlier run: remove {} to run it again, or give it another "
              "volley.app.name to run it beside that",
              options_.submission.name, options_.submission.recovery);
    return end(*options_.finished_before, outbox);
  }
  state_ = State::submitted;
  log_.info(component, "submitting '{}'", options_.submission.name);
  outbox.send(resource_manager, ApplicationSubmitted{options_.submission});
}

void ClientRole::on(const ApplicationStateChanged& message, const Address& from, Outbox& outbox) {
  const bool first = state_ == State::submitted;
  if (!first && (state_ != State::watching || message.application != application_)) {
    return drop("ApplicationStateChanged", from);
  }
  state_ = State::watching;
  application_ = message.application;
  if (first && kill_reason_) {
    outbox.send(resource_manager, ApplicationKillRequested{application_, *kill_reason_});
  }
  const std::string name = base::to_string(application_);
  const std::string why = message.diagnostics.empty() ? "" : ": " + message.diagnostics;
  const bool final_state = message.state >= ApplicationState::finished;
  const bool good =
      message.state == ApplicationState::finished && message.final_status != FinalStatus::failed;
  if (!final_state) {
    running_ = message.state == ApplicationState::running;
    log_.info(component, "{} is {}{}", name, to_string(message.state), why);
    return;
  }
  succeeded_ = good && message.exit_code == 0;
  if (draining() && !succeeded_) return end_drained(outbox);
  if (good) {
    log_.info(component, "{} FINISHED with final status {}{}", name,
              to_string(message.final_status), why);
  } else {
    log_.error(component, "{} '{}' {}{}", name, options_.submission.name,
               message.state == ApplicationState::killed ? "was killed" : "failed", why);
  }
  // A process can only end with the low 8 bits of its code: 256 would look like success.
  const bool must_fail = !good && (message.exit_code & 0xff) == 0;
  end(must_fail ? 1 : message.exit_code, outbox);
}

void ClientRole::on(const ApplicationProgressed& message, const Address& from, Outbox&) {
  if (state_ != State::watching) return drop("ApplicationProgressed", from);
  progress_ = message.progress;
}

void ClientRole::end_drained(Outbox& outbox) {
  const std::string& directory = options_.submission.recovery;
  if (directory.empty()) {
    log_.warn(component,
              "'{}' was drained ({}), and nothing of it is kept: with --conf "
              "volley.recovery.dir=DIRECTORY another run would go on from here",
              options_.submission.name, drain_reason_);
  } else {
    log_.warn(component,
              "'{}' was drained ({}): run it again with the same volley.recovery.dir to go on from "
              "{}",
              options_.submission.name, drain_reason_, directory);
  }
  end(drained, outbox);
}

void ClientRole::drain(const std::string& reason, base::Duration grace, Outbox& outbox) {
  if (state_ == State::over || draining()) return;
  drain_reason_ = reason;
  drain_patience_ = grace + goodbye;
  if (state_ == State::waiting_for_cluster) return end_drained(outbox);
  if (state_ == State::watching && running_) {
    outbox.send(resource_manager, ApplicationDrainRequested{application_, reason, grace});
  } else {
    kill(reason, outbox);
  }
}

void ClientRole::tick(base::TimePoint now, Outbox& outbox) {
  if (!draining() || state_ != State::watching) return;
  if (drain_until_ == base::TimePoint{}) drain_until_ = now + drain_patience_;
  if (now < drain_until_) return;
  drain_until_ = now + goodbye;
  kill("it did not end by itself", outbox);
}

void ClientRole::kill(const std::string& reason, Outbox& outbox) {
  switch (state_) {
    case State::waiting_for_cluster:
      log_.error(component, "'{}' was killed before it was submitted: {}", options_.submission.name,
                 reason);
      return end(1, outbox);
    case State::submitted:
      kill_reason_ = reason;
      return;
    case State::watching:
      outbox.send(resource_manager, ApplicationKillRequested{application_, reason});
      return;
    case State::over:
      return;
  }
}

}  // namespace volley::launch
