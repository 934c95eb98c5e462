#pragma once
// Recovery: what of an application survives the MPI job, in a directory of its own on a shared file
// system. The program runs again from its beginning after a restart; jobs that an earlier run has
// finished are answered from here.
//
//   DIR/identity             one line, unlike that of any other recovery directory
//   DIR/parallelism          the default parallelism of the first run, so that partitions stay
//   DIR/jobs/<job>           the results of a finished job, with a checksum
//   DIR/outputs/<job>        the path of an output directory that a finished job has committed
//   DIR/checkpoints/...      reliable checkpoints: checkpoints.hpp
//   DIR/finished             the application is over
//
// <job> is the job's fingerprint and how often the run has had it before. Every file appears whole
// or not at all. Used from the program's threads.

#include "base/result.hpp"
#include "base/units.hpp"
#include "program/fingerprint.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace volley::program {

class Recovery {
 public:
  /// The directory has been made by create_recovery. `most`: bytes of results that are worth it.
  Recovery(std::string directory, base::ByteCount most);

  const std::string& directory() const { return directory_; }
  const std::string& identity() const { return identity_; }

  /// The parallelism of the first run; `now` when this is the first.
  std::uint32_t parallelism(std::uint32_t now);

  /// A name for this occurrence of a job in this run.
  std::string name_job(const Fingerprint& job);

  /// The results of each partition, when the job is there and undamaged.
  std::optional<std::vector<protocol::Bytes>> results_of(const std::string& job);
  base::Status keep_results(const std::string& job, const std::vector<protocol::Bytes>& results);
  base::ByteCount largest() const { return most_; }

  /// Whether an earlier run has committed this output.
  bool has_output(const std::string& job, const std::string& path);
  base::Status keep_output(const std::string& job, const std::string& path);
  /// Who owns an output: this application, whichever run, and this job.
  std::string owner_of(const std::string& job) const { return identity_ + " " + job; }

  struct Reused {
    std::uint64_t jobs = 0;
    std::uint64_t outputs = 0;
    std::uint64_t checkpoints = 0;
  };
  Reused reused() const;
  void note_reused_checkpoint();

 private:
  const std::string directory_;
  const base::ByteCount most_;
  std::string identity_;
  mutable std::mutex mutex_;
  std::map<std::string, std::uint32_t> seen_;
  Reused reused_;
};

/// Makes a recovery directory with its parents, or finds it there.
base::Status create_recovery(const std::string& directory);
/// The exit code of an application that is over.
std::optional<int> finished_with(const std::string& directory);
/// The application is over: what its later runs would have needed goes, and only that is kept.
base::Status note_finished(const std::string& directory, int exit_code);

}  // namespace volley::program
