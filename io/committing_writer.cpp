#include "io/committing_writer.hpp"

#include "base/check.hpp"
#include "io/codec.hpp"
#include "io/file_bytes.hpp"
#include "io/io_error.hpp"
#include "io/output_owner.hpp"
#include "io/whole_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <span>

namespace volley::io {
namespace {

namespace fs = std::filesystem;
using base::Done;
using base::Failure;
using base::Status;

constexpr mode_t directory_mode = 0777;  // less the umask
constexpr mode_t file_mode = 0666;

std::string temporary(const std::string& directory) { return directory + "/_temporary"; }
std::string committed(const std::string& directory) { return temporary(directory) + "/committed"; }

/// mkdir that accepts a directory that is there.
bool make_directory(const std::string& path) {
  return ::mkdir(path.c_str(), directory_mode) == 0 || errno == EEXIST;
}

bool is_part(std::string_view name) {
  name.remove_suffix(ending_of(codec_of_path(name)).size());
  return name.starts_with("part-") && name.size() >= 10 &&
         name.find_first_not_of("0123456789", 5) == std::string_view::npos;
}

Failure cannot_create(const std::string& directory, const std::string& reason) {
  return {fmt::format("Output directory {} cannot be created: {}", directory, reason)};
}

fs::path without_slash(const std::string& directory) {
  const fs::path path(directory);
  return path.has_filename() ? path : path.parent_path();
}

/// Made under another name, complete with its owner's, and renamed: a process that ends in between
/// leaves no directory of which nobody knows whose it is.
Status make_output(const std::string& directory, const std::string& owner) {
  const fs::path path = without_slash(directory);
  const std::string draft =
      (path.parent_path() / fmt::format(".{}.{}.new", path.filename().string(), owner)).string();
  std::error_code ignored;
  fs::remove_all(draft, ignored);  // of an earlier attempt
  const auto give_up = [&](int reason) {
    fs::remove_all(draft, ignored);
    return cannot_create(directory, error_text(reason));
  };
  if (::mkdir(draft.c_str(), directory_mode) != 0) return give_up(errno);
  if (!make_directory(temporary(draft)) || !make_directory(committed(draft))) return give_up(errno);
  if (!owner.empty()) note_owner(draft, owner);
  if (::rename(draft.c_str(), directory.c_str()) != 0) return give_up(errno);
  return Done{};
}

void remove_parts(const std::string& directory) {
  std::error_code error;
  std::vector<fs::path> parts;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (is_part(entry->path().filename().string())) parts.push_back(entry->path());
  }
  for (const fs::path& part : parts) fs::remove(part, error);
}

}  // namespace

std::string part_name(std::uint32_t partition) { return fmt::format("part-{:05}", partition); }

Status prepare_output(const std::string& directory, bool may_exist, const std::string& owner) {
  if (directory.empty()) return Failure{"Output directory has an empty name"};
  std::error_code error;
  const fs::path parent = without_slash(directory).parent_path();
  if (!parent.empty()) {
    fs::create_directories(parent, error);
    if (error) return cannot_create(directory, error.message());
  }
  const bool there = ::access(directory.c_str(), F_OK) == 0;
  if (!there) return make_output(directory, owner);
  if (!may_exist) return Failure{fmt::format("Output directory {} already exists", directory)};
  ::unlink((directory + "/_SUCCESS").c_str());
  if (!make_directory(temporary(directory)) || !make_directory(committed(directory))) {
    const int reason = errno;
    ::rmdir(temporary(directory).c_str());
    return cannot_create(directory, error_text(reason));
  }
  if (!owner.empty()) note_owner(directory, owner);
  return Done{};
}

Status commit_job(const std::string& directory, std::uint32_t partitions, const std::string& owner,
                  const std::string& ending) {
  for (std::uint32_t i = 0; i < partitions; ++i) {
    const std::string path = committed(directory) + "/" + part_name(i) + ending;
    if (::access(path.c_str(), F_OK) != 0) {
      return Failure{describe_error("Output cannot be committed: part", path, errno)};
    }
  }
  for (std::uint32_t i = 0; i < partitions; ++i) {
    const std::string from = committed(directory) + "/" + part_name(i) + ending;
    const std::string to = directory + "/" + part_name(i) + ending;
    if (::rename(from.c_str(), to.c_str()) != 0) {
      return Failure{describe_error("Output cannot be committed: part", to, errno)};
    }
  }
  const std::string success = directory + "/_SUCCESS";
  const auto marked = write_whole_file(success, owner.empty() ? "" : owner + "\n");
  if (!marked) return Failure{"Output cannot be committed: " + marked.error()};
  // From here on the output is complete; left-over scratch does not make it less so.
  std::error_code ignored;
  fs::remove_all(temporary(directory), ignored);
  return Done{};
}

void abort_job(const std::string& directory) {
  std::error_code ignored;
  // Only a job between prepare_output and the end of commit_job has both.
  if (!fs::is_directory(committed(directory), ignored)) return;
  if (fs::exists(directory + "/_SUCCESS", ignored)) return;
  remove_parts(directory);
  fs::remove_all(temporary(directory), ignored);
  ::rmdir(directory.c_str());
}

PartWriter::PartWriter(const std::string& directory, const Attempt& attempt)
    : committed_path_(committed(directory) + "/" + part_name(attempt.partition) + attempt.ending) {
  const std::string stage = fmt::format("{}/{}", temporary(directory), attempt.stage_attempt);
  attempt_directory_ = fmt::format("{}/attempt_{}_{}", stage, attempt.partition, attempt.task);
  path_ = attempt_directory_ + "/" + part_name(attempt.partition) + attempt.ending;
  // _temporary itself is not made here: without it the job is over, and this attempt came too late.
  if (!make_directory(stage) || !make_directory(attempt_directory_)) {
    throw IoError(describe_error("cannot create", attempt_directory_, errno));
  }
  file_ = base::Fd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, file_mode));
  if (!file_) throw IoError(describe_error("cannot create", path_, errno));
  buffer_.reserve(buffer_size);
}

PartWriter::~PartWriter() {
  if (state_ == State::committed) return;
  ::unlink(path_.c_str());
  ::rmdir(attempt_directory_.c_str());
}

void PartWriter::write_large(std::string_view bytes) {
  flush();
  if (bytes.size() < buffer_size) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  } else {
    write_through(bytes);
  }
}

void PartWriter::flush() {
  write_through({buffer_.data(), buffer_.size()});
  buffer_.clear();
}

void PartWriter::write_through(std::string_view bytes) {
  VOLLEY_CHECK(state_ != State::committed, "{}", path_);
  if (state_ == State::failed) throw IoError("cannot write " + path_ + ": an earlier write failed");
  if (!write_fully(file_.get(), std::as_bytes(std::span(bytes)))) {
    state_ = State::failed;
    throw IoError(describe_error("cannot write", path_, errno));
  }
  flushed_ += bytes.size();
}

void PartWriter::make_durable() {
  flush();
  if (::fdatasync(file_.get()) == 0) return;
  state_ = State::failed;
  throw IoError(describe_error("cannot write", path_, errno));
}

void PartWriter::commit() {
  flush();
  // Network file systems report a full disk or quota only here.
  if (::close(file_.release()) != 0) {
    state_ = State::failed;
    throw IoError(describe_error("cannot write", path_, errno));
  }
  if (::rename(path_.c_str(), committed_path_.c_str()) != 0) {
    state_ = State::failed;
    throw IoError(describe_error("cannot commit", committed_path_, errno));
  }
  state_ = State::committed;
  ::rmdir(attempt_directory_.c_str());
}

}  // namespace volley::io
