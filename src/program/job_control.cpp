// The part of Context about jobs: what they are called, and how they are ended.

#include <volley/context.hpp>
#include <volley/error.hpp>

namespace volley {
namespace {

void check_tag(const std::string& tag) {
  if (tag.empty()) throw InvalidArgument("Volley job tag cannot be an empty string.");
  if (tag.find(',') != std::string::npos) {
    throw InvalidArgument("Volley job tag cannot contain ',': '" + tag + "'");
  }
}

}  // namespace

void Context::set_job_group(const std::string& group) {
  core_->job_properties().change([&](program::JobProperties& mine) { mine.group = group; });
}

void Context::set_job_description(const std::string& description) {
  core_->job_properties().change(
      [&](program::JobProperties& mine) { mine.description = description; });
}

void Context::add_job_tag(const std::string& tag) {
  check_tag(tag);
  core_->job_properties().change([&](program::JobProperties& mine) { mine.tags.insert(tag); });
}

void Context::remove_job_tag(const std::string& tag) {
  check_tag(tag);
  core_->job_properties().change([&](program::JobProperties& mine) { mine.tags.erase(tag); });
}

void Context::clear_job_tags() {
  core_->job_properties().change([&](program::JobProperties& mine) { mine.tags.clear(); });
}

std::set<std::string> Context::job_tags() const { return core_->job_properties().get().tags; }

void Context::set_scheduler_pool(const std::string& pool) {
  core_->job_properties().change([&](program::JobProperties& mine) { mine.pool = pool; });
}

void Context::set_local_property(const std::string& key, const std::string& value) {
  core_->job_properties().change([&](program::JobProperties& mine) {
    if (value.empty()) {
      mine.locals.erase(key);
    } else {
      mine.locals[key] = value;
    }
  });
}

std::string Context::local_property(const std::string& key) const {
  const program::JobProperties mine = core_->job_properties().get();
  const auto found = mine.locals.find(key);
  return found == mine.locals.end() ? std::string{} : found->second;
}

std::vector<std::uint32_t> Context::active_jobs() const { return core_->active_jobs(); }

void Context::cancel_job(std::uint32_t job, const std::string& reason) {
  core_->request(protocol::JobCancelRequested{job, reason});
}

void Context::cancel_job_group(const std::string& group, const std::string& reason) {
  core_->request(protocol::JobGroupCancelRequested{group, reason, false});
}

void Context::cancel_job_group_and_future_jobs(const std::string& group,
                                               const std::string& reason) {
  core_->request(protocol::JobGroupCancelRequested{group, reason, true});
}

void Context::cancel_jobs_with_tag(const std::string& tag, const std::string& reason) {
  check_tag(tag);
  core_->request(protocol::TaggedJobsCancelRequested{tag, reason});
}

void Context::cancel_stage(std::uint32_t stage, const std::string& reason) {
  core_->request(protocol::StageCancelRequested{stage, reason});
}

void Context::cancel_all_jobs() { core_->request(protocol::AllJobsCancelRequested{}); }

bool Context::kill_task_attempt(std::uint64_t task_attempt_id, const std::string& reason) {
  return core_->kill_task_attempt(task_attempt_id, reason);
}

void Context::add_listener(std::shared_ptr<Listener> listener) {
  if (listener == nullptr) throw InvalidArgument("add_listener needs a listener");
  core_->add_listener(std::move(listener));
}

void Context::remove_listener(const std::shared_ptr<Listener>& listener) {
  core_->remove_listener(listener);
}

}  // namespace volley
