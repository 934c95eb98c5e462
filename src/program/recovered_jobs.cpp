// The ContextCore's jobs where something of them outlives the run: results that an earlier run has
// left, outputs that it has committed, and checkpoints.
#include "io/committing_writer.hpp"
#include "program/context_core.hpp"

#include <volley/error.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <numeric>

namespace volley::program {
namespace {

using protocol::Bytes;

std::vector<std::uint32_t> all_partitions(const Lineage& rdd) {
  std::vector<std::uint32_t> all(rdd.partitions());
  std::iota(all.begin(), all.end(), 0U);
  return all;
}

/// The results of a job on their way to the program, copied as long as they are worth keeping.
class KeptResults {
 public:
  KeptResults(std::size_t partitions, base::ByteCount most)
      : results_(partitions), room_(static_cast<std::int64_t>(most.value)) {}
  void add(std::uint32_t index, const Bytes& result) {
    if (room_ < 0) return;
    room_ -= static_cast<std::int64_t>(result.size());
    if (room_ >= 0) {
      results_.at(index) = result;
    } else {
      results_.clear();
    }
  }
  bool worth_it() const { return room_ >= 0; }
  const std::vector<Bytes>& results() const { return results_; }

 private:
  std::vector<Bytes> results_;
  std::int64_t room_;
};

void require(const base::Status& status) {
  if (!status) throw IoError(status.error());
}

}  // namespace

void ContextCore::set_recovery(const std::string& directory) {
  recovery_ =
      std::make_unique<Recovery>(directory, configuration_.bytes("volley.recovery.maxResultSize"));
}

void ContextCore::run_job(const Lineage& rdd, std::vector<std::uint32_t> partitions,
                          protocol::Closure action, const std::string& call_site,
                          const OnResult& on_result) {
  wait_until_ready();
  if (!recovery_) {
    execute(rdd, std::move(partitions), std::move(action), call_site, on_result);
    write_checkpoints(rdd);
    return;
  }
  const std::string name =
      recovery_->name_job(fingerprint_of(rdd.fingerprint(), partitions, action));
  if (auto saved = recovery_->results_of(name); saved && saved->size() == partitions.size()) {
    for (std::uint32_t i = 0; i < saved->size(); ++i) on_result(i, std::move((*saved)[i]));
    return;
  }
  const std::uint64_t updates = accumulators_.applied();
  KeptResults kept(partitions.size(), recovery_->largest());
  execute(rdd, std::move(partitions), std::move(action), call_site,
          [&](std::uint32_t index, Bytes result) {
            kept.add(index, result);
            on_result(index, std::move(result));
          });
  // Before the results: once those are kept the job does not run again, and would make no
  // checkpoint.
  write_checkpoints(rdd);
  // What it added to accumulators would be missing if it were not run.
  const bool adds = accumulators_.applied() != updates;
  if (kept.worth_it() && !adds) require(recovery_->keep_results(name, kept.results()));
}

bool ContextCore::note_output(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return !outputs_.insert(path).second;
}

void ContextCore::run_output_job(const Lineage& rdd, protocol::Closure action,
                                 const std::string& call_site, const Output& output) {
  wait_until_ready();
  std::string name;
  std::string owner = base::to_string(application_);
  if (recovery_) {
    name = recovery_->name_job(fingerprint_of(rdd.fingerprint(), {}, action));
    if (recovery_->has_output(name, output.path)) {
      note_output(output.path);
      return;
    }
    owner = recovery_->owner_of(name);
  }
  output.begin(owner);
  try {
    execute(rdd, all_partitions(rdd), std::move(action), call_site, [](std::uint32_t, Bytes) {});
  } catch (...) {
    output.abort();
    throw;
  }
  output.commit(owner);
  write_checkpoints(rdd);
  if (recovery_) require(recovery_->keep_output(name, output.path));
}

std::string ContextCore::checkpoint_path(const Lineage& rdd) const {
  const std::string base = checkpoints_.directory();
  if (recovery_) {
    const std::string part = "/rdd-" + to_string(rdd.fingerprint());
    return base.empty() ? recovery_->directory() + "/checkpoints" + part
                        : base + "/" + recovery_->identity() + part;
  }
  if (base.empty()) {
    throw IllegalState(
        "Checkpoint directory has not been set in the SparkContext: call "
        "context.set_checkpoint_dir(directory) first, or set volley.recovery.dir");
  }
  return fmt::format("{}/{}_{}/rdd-{}", base, base::to_string(application_), attempt_, rdd.id());
}

void ContextCore::mark_checkpoint(const Lineage& rdd, Checkpoints::Entry entry) {
  const bool complete = recovery_ != nullptr && !entry.local &&
                        checkpoint_complete(entry.directory, rdd.partitions());
  if (complete && !checkpoints_.is_marked(rdd.id())) recovery_->note_reused_checkpoint();
  checkpoints_.mark(*rdd.spec(), std::move(entry), complete);
}

void ContextCore::write_checkpoints(const Lineage& rdd) {
  if (!checkpoints_.any()) return;
  for (const Lineage* node : rdd.needed()) {
    const auto entry = checkpoints_.begin_writing(node->id());
    if (!entry) continue;
    bool written = false;
    try {
      written = entry->local ? keep_blocks(*node, *entry) : write_checkpoint(*node, *entry);
    } catch (...) {
      checkpoints_.end_writing(*node->spec(), false);
      throw;
    }
    checkpoints_.end_writing(*node->spec(), written);
  }
}

/// Of a local checkpoint. False when some of them cannot be kept: its lineage is needed, then.
bool ContextCore::keep_blocks(const Lineage& rdd, const Checkpoints::Entry& entry) {
  bool all = true;
  execute(
      rdd, all_partitions(rdd), entry.writer, "local checkpoint of " + rdd.spec()->name,
      [&](std::uint32_t, Bytes kept) { all &= protocol::decode<bool>(kept).value_or(false); },
      true);
  return all;
}

bool ContextCore::write_checkpoint(const Lineage& rdd, const Checkpoints::Entry& entry) {
  // Only this RDD's own checkpoint is ever there, perhaps of a run that did not finish it.
  std::error_code ignored;
  std::filesystem::remove_all(entry.directory, ignored);
  require(io::prepare_output(entry.directory));
  try {
    execute(
        rdd, all_partitions(rdd), entry.writer, "checkpoint of " + rdd.spec()->name,
        [](std::uint32_t, Bytes) {}, true);
  } catch (...) {
    io::abort_job(entry.directory);
    throw;
  }
  require(io::commit_job(entry.directory, rdd.partitions()));
  return true;
}

}  // namespace volley::program
