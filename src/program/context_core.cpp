#include "program/context_core.hpp"

#include <volley/error.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace volley::program {

void ContextCore::send(protocol::DriverMessage message) {
  Send port;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    port = send_;
  }
  port(std::move(message));
}

void ContextCore::persist(base::RddId rdd, protocol::StorageLevel level,
                          protocol::FunctionRef codec) {
  if (!level.keeps()) return;
  const std::lock_guard lock(mutex_);
  keeps_blocks_ = true;
  const auto [at, fresh] = persisted_.try_emplace(rdd, protocol::StoredRdd{rdd, level, codec});
  if (fresh || at->second.level == level) return;
  throw UnsupportedOperation(fmt::format(
      "Cannot change storage level of an RDD after it was already assigned a level: RDD {} has {}; "
      "call unpersist first",
      rdd, describe(at->second.level)));
}

protocol::StorageLevel ContextCore::storage_level(base::RddId rdd) const {
  const std::lock_guard lock(mutex_);
  const auto found = persisted_.find(rdd);
  return found == persisted_.end() ? protocol::StorageLevel::none : found->second.level;
}

void ContextCore::unpersist(base::RddId rdd) {
  {
    const std::lock_guard lock(mutex_);
    if (persisted_.erase(rdd) == 0) return;
  }
  send(protocol::RddUnpersisted{rdd});
}

bool ContextCore::persisted(base::RddId rdd) const {
  const std::lock_guard lock(mutex_);
  return persisted_.contains(rdd);
}

void ContextCore::set_name(base::RddId rdd, std::string name) {
  const std::lock_guard lock(mutex_);
  names_[rdd] = std::move(name);
}

std::string ContextCore::name_of(const Lineage& rdd) const {
  const std::lock_guard lock(mutex_);
  const auto named = names_.find(rdd.id());
  return named == names_.end() ? rdd.spec()->name : named->second;
}

std::uint32_t ContextCore::wait_until_ready() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ready_ || stopped_; });
  if (stopped_ || !ready_) throw IllegalState(stopped_text());
  if (!ready_error_.empty()) throw JobFailed(ready_error_);
  return slots_;
}

std::uint32_t ContextCore::default_parallelism() {
  const auto configured = configuration_.integer("volley.default.parallelism");
  if (configured > 0) return static_cast<std::uint32_t>(configured);
  const std::uint32_t now = std::max<std::uint32_t>(2, wait_until_ready());
  return recovery_ ? recovery_->parallelism(now) : now;
}

base::JobId ContextCore::submit(protocol::JobSubmitted job, bool follows) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) throw IllegalState(stopped_text());
    if (!draining_.empty() && !follows) {
      cut_short_ = true;
      throw JobFailed(job.call_site + " was not begun: the run is being drained (" + draining_ +
                      ")");
    }
    job.job = next_job_++;
    job.keeps_blocks = keeps_blocks_;
    job.files = files_.all();
    jobs_[job.job];
    for (const auto& spec : job.rdds) {
      const auto kept = persisted_.find(spec->id);
      if (kept == persisted_.end()) continue;
      job.persisted.push_back(spec->id);
      if (kept->second.codec.module != 0) job.stored.push_back(kept->second);
    }
  }
  const base::JobId id = job.job;
  send(std::move(job));
  return id;
}

void ContextCore::execute(const Lineage& rdd, std::vector<std::uint32_t> partitions,
                          protocol::Closure action, const std::string& call_site,
                          const OnResult& on_result, bool follows) {
  JobProperties properties = job_properties_.get();
  protocol::JobSubmitted job;
  job.final_rdd = rdd.id();
  job.rdds = rdd.reachable();
  job.partitions = std::move(partitions);
  job.action = std::move(action);
  job.call_site =
      properties.description.empty() ? call_site : call_site + " (" + properties.description + ")";
  job.group = std::move(properties.group);
  job.tags.assign(properties.tags.begin(), properties.tags.end());
  job.pool = std::move(properties.pool);
  job.properties.assign(properties.locals.begin(), properties.locals.end());
  const base::JobId id = submit(std::move(job), follows);
  // Who cancels sets this first: the one or the other comes after the job.
  if (properties.cancelled) {
    if (auto reason = properties.cancelled->reason()) {
      send(protocol::JobCancelRequested{id, std::move(*reason)});
    }
  }
  for (;;) {
    std::pair<std::uint32_t, protocol::Bytes> result;
    {
      std::unique_lock lock(mutex_);
      Job& state = jobs_.at(id);
      changed_.wait(lock, [&] { return !state.results.empty() || state.ended; });
      if (state.results.empty()) {
        const Job ended = std::move(state);
        jobs_.erase(id);
        if (!ended.succeeded) throw JobFailed(ended.error);
        return;
      }
      result = std::move(state.results.front());
      state.results.pop_front();
    }
    try {
      on_result(result.first, std::move(result.second));
    } catch (...) {
      abandon(id);
      throw;
    }
  }
}

/// The program did not take a result: nobody waits for the others.
void ContextCore::abandon(base::JobId id) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.erase(id);
  }
  send(protocol::JobCancelRequested{id, "because the program failed to take a result of it"});
}

std::vector<base::JobId> ContextCore::active_jobs() const {
  std::vector<base::JobId> ids;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, job] : jobs_) {
    if (!job.ended) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

void ContextCore::deliver(protocol::ProgramMessage message) {
  std::visit([this](auto&& held) { on(std::forward<decltype(held)>(held)); }, std::move(message));
  changed_.notify_all();
}

void ContextCore::on(protocol::TaskResultReady&& message) {
  const std::lock_guard lock(mutex_);
  const auto job = jobs_.find(message.job);
  if (job != jobs_.end())
    job->second.results.emplace_back(message.index, std::move(message.result));
}

void ContextCore::on(protocol::JobEnded&& message) {
  const std::lock_guard lock(mutex_);
  const auto job = jobs_.find(message.job);
  if (job == jobs_.end()) return;
  job->second.ended = true;
  job->second.succeeded = message.succeeded;
  cut_short_ |= !message.succeeded && !draining_.empty();
  job->second.error = std::move(message.error);
}

void ContextCore::on(protocol::ExecutorsReady&& message) {
  const std::lock_guard lock(mutex_);
  ready_ = true;
  ready_error_ = std::move(message.error);
  slots_ = message.slots;
}

void ContextCore::on(protocol::AccumulatorsUpdated&& message) {
  for (const std::string& problem : accumulators_.apply(message.stage, message.updates)) {
    if (warn_) warn_(problem);
  }
}

BroadcastRegistry::Made ContextCore::broadcast(std::span<const std::byte> bytes,
                                               const std::string& where) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) throw IllegalState("Cannot call methods on a stopped Context: " + stop_reason_);
  }
  auto made = broadcasts_.make(bytes, where);
  send(made.created);
  return made;
}

void ContextCore::on(protocol::DrainBegun&& message) {
  const std::lock_guard lock(mutex_);
  draining_ = message.reason.empty() ? "it ends soon" : std::move(message.reason);
}

bool ContextCore::cut_short() const {
  const std::lock_guard lock(mutex_);
  return cut_short_;
}

std::string ContextCore::stopped_text() const {
  return fmt::format(
      "Cannot call methods on a stopped Context: it has been shutdown. It was made when the "
      "program "
      "of {} began; it was stopped because {}.",
      base::to_string(application_), stop_reason_);
}

void ContextCore::check_running() const {
  const std::lock_guard lock(mutex_);
  if (stopped_) throw IllegalState(stopped_text());
}

bool ContextCore::is_stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

std::map<base::RddId, protocol::StorageLevel> ContextCore::persisted() const {
  std::map<base::RddId, protocol::StorageLevel> levels;
  const std::lock_guard lock(mutex_);
  for (const auto& [rdd, stored] : persisted_) levels.emplace(rdd, stored.level);
  return levels;
}

void ContextCore::keep_on_disk_too(base::RddId rdd, protocol::FunctionRef codec) {
  const std::lock_guard lock(mutex_);
  keeps_blocks_ = true;
  const auto [at, fresh] = persisted_.try_emplace(
      rdd, protocol::StoredRdd{rdd, protocol::StorageLevel::memory_and_disk, codec});
  if (fresh) return;
  at->second.level.disk = true;
  at->second.codec = codec;
}

void ContextCore::forget(const protocol::RddSpec& rdd) {
  checkpoints_.forget(rdd.id);
  unpersist(rdd.id);
  {
    const std::lock_guard lock(mutex_);
    names_.erase(rdd.id);
  }
  for (const protocol::Dependency& dependency : rdd.dependencies) {
    if (dependency.kind == protocol::DependencyKind::shuffle) {
      send(protocol::ShuffleForgotten{dependency.shuffle});
    }
  }
}

void ContextCore::stop(const std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(stopped_, true)) stop_reason_ = reason;
    send_ = nullptr;
    for (auto& [id, job] : jobs_) {
      if (job.ended) continue;
      job.ended = true;
      job.error = fmt::format("Job {} cancelled because the Context was shut down: {}", id, reason);
    }
  }
  changed_.notify_all();
}

}  // namespace volley::program
