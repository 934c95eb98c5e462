#include "launch/client_role.hpp"

#include "protocol/containers.hpp"

namespace volley::launch {

using namespace protocol;

namespace {
constexpr std::string_view component = "client";
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
    log_.info(component, "{} is {}{}", name, to_string(message.state), why);
    return;
  }
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
