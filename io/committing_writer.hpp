#pragma once
// Output that appears complete or not at all, by Hadoop's rename protocol (version 1, the safe
// one).
//
//   out/_temporary/<stage attempt>/attempt_<partition>_<task>/part-00000   a task writes
//   out/_temporary/committed/part-00000                                    the task has committed
//   out/part-00000, then out/_SUCCESS, then no _temporary                  the job has committed
//
// The driver calls prepare_output before the job, then commit_job or abort_job; tasks use
// PartWriter. Paths are local (see local_path); the directory must be on a file system that all
// nodes see.

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace volley::io {

/// "part-00007".
std::string part_name(std::uint32_t partition);

/// Makes `directory`, with its parents, and refuses one that exists unless it `may_exist`: then its
/// parts will be replaced one by one, and it does not look complete until the job has committed.
/// After an error nothing that was there is touched, and abort_job must not be called. A directory
/// that did not exist says from its first moment on whose it is (output_owner.hpp).
base::Status prepare_output(const std::string& directory, bool may_exist = false,
                            const std::string& owner = {});

/// Publishes the committed parts 0 .. partitions-1, whose names have this ending, and `owner` as a
/// line in _SUCCESS. Fails, with no part moved, when one is missing.
base::Status commit_job(const std::string& directory, std::uint32_t partitions,
                        const std::string& owner = {}, const std::string& ending = {});

/// Takes back what prepare_output and the tasks made, and the directory when nothing else is in it.
/// Does nothing after commit_job.
void abort_job(const std::string& directory);

/// One attempt of one task writing one part. Buffers 1 MiB. Dropped without commit(), it removes
/// its file. Errors throw IoError with the path and the reason; after one, commit() throws too.
class PartWriter {
 public:
  struct Attempt {
    std::uint32_t partition = 0;
    std::uint32_t stage_attempt = 0;
    std::uint64_t task = 0;
    std::string ending = {};  ///< of the part's name, ".gz" say
  };

  PartWriter(const std::string& directory, const Attempt& attempt);
  PartWriter(const PartWriter&) = delete;
  PartWriter& operator=(const PartWriter&) = delete;
  ~PartWriter();

  void write(std::string_view bytes) {
    if (bytes.size() > buffer_size - buffer_.size()) [[unlikely]]
      return write_large(bytes);
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
  void append_line(std::string_view line) {
    write(line);
    write("\n");
  }

  /// Bytes written so far.
  std::uint64_t bytes() const { return flushed_ + buffer_.size(); }

  /// What was written so far outlives a crash of the machine.
  void make_durable();

  /// Moves the part to where commit_job finds it. A second attempt of the same partition replaces
  /// the first one's part, in one step: tasks are deterministic, so both hold the same.
  void commit();

 private:
  static constexpr std::size_t buffer_size = std::size_t{1} << 20U;

  void write_large(std::string_view bytes);
  void flush();
  void write_through(std::string_view bytes);

  std::string attempt_directory_;
  std::string path_;
  std::string committed_path_;
  base::Fd file_;
  std::vector<char> buffer_;
  std::uint64_t flushed_ = 0;
  enum class State : std::uint8_t { open, failed, committed };
  State state_ = State::open;
};

}  // namespace volley::io
