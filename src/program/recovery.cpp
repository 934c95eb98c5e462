#include "program/recovery.hpp"

#include "io/whole_file.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>

namespace volley::program {
namespace {

namespace fs = std::filesystem;
using protocol::Bytes;

constexpr std::string_view magic = "volley results 1";

/// What a file in jobs/ holds.
struct SavedResults {
  std::string format;
  std::string job;
  std::vector<Bytes> results;
};

std::string first_line(const std::optional<std::string>& text) {
  return text ? text->substr(0, text->find('\n')) : std::string();
}

}  // namespace

Recovery::Recovery(std::string directory, base::ByteCount most)
    : directory_(std::move(directory)),
      most_(most),
      identity_(first_line(io::read_whole_text(directory_ + "/identity"))) {}

std::uint32_t Recovery::parallelism(std::uint32_t now) {
  const std::string path = directory_ + "/parallelism";
  const std::string said = first_line(io::read_whole_text(path));
  if (const long value = std::atol(said.c_str()); value > 0) {
    return static_cast<std::uint32_t>(value);
  }
  // Without it a later run may cut its RDDs otherwise, and do the work again.
  static_cast<void>(io::write_whole_file(path, fmt::format("{}\n", now)));
  return now;
}

std::string Recovery::name_job(const Fingerprint& job) {
  const std::string name = to_string(job);
  const std::lock_guard lock(mutex_);
  return fmt::format("{}-{}", name, seen_[name]++);
}

std::optional<std::vector<Bytes>> Recovery::results_of(const std::string& job) {
  auto bytes = io::read_whole_file(directory_ + "/jobs/" + job);
  std::uint64_t checksum = 0;
  if (!bytes || bytes->size() < sizeof checksum) return std::nullopt;
  const std::size_t size = bytes->size() - sizeof checksum;
  std::memcpy(&checksum, bytes->data() + size, sizeof checksum);
  if (XXH3_64bits(bytes->data(), size) != checksum) return std::nullopt;
  auto saved = protocol::decode<SavedResults>(std::span(bytes->data(), size));
  if (!saved || saved->format != magic || saved->job != job) return std::nullopt;
  const std::lock_guard lock(mutex_);
  ++reused_.jobs;
  return std::move(saved->results);
}

base::Status Recovery::keep_results(const std::string& job, const std::vector<Bytes>& results) {
  Bytes bytes = protocol::encode(SavedResults{std::string(magic), job, results});
  const std::uint64_t checksum = XXH3_64bits(bytes.data(), bytes.size());
  const auto tail = std::as_bytes(std::span(&checksum, 1));
  bytes.insert(bytes.end(), tail.begin(), tail.end());
  return io::write_whole_file(directory_ + "/jobs/" + job, bytes);
}

bool Recovery::has_output(const std::string& job, const std::string& path) {
  if (first_line(io::read_whole_text(directory_ + "/outputs/" + job)) != path) return false;
  // Somebody may have removed or replaced it since.
  if (first_line(io::read_whole_text(path + "/_SUCCESS")) != owner_of(job)) return false;
  const std::lock_guard lock(mutex_);
  ++reused_.outputs;
  return true;
}

base::Status Recovery::keep_output(const std::string& job, const std::string& path) {
  return io::write_whole_file(directory_ + "/outputs/" + job, path + "\n");
}

Recovery::Reused Recovery::reused() const {
  const std::lock_guard lock(mutex_);
  return reused_;
}

void Recovery::note_reused_checkpoint() {
  const std::lock_guard lock(mutex_);
  ++reused_.checkpoints;
}

base::Status create_recovery(const std::string& directory) {
  std::error_code error;
  for (const char* name : {"/jobs", "/outputs", "/checkpoints"}) {
    fs::create_directories(directory + name, error);
    if (!error) continue;
    return base::Failure{fmt::format("cannot make {}{} (volley.recovery.dir): {}", directory, name,
                                     error.message())};
  }
  const std::string path = directory + "/identity";
  if (fs::exists(path)) return base::Done{};
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return io::write_whole_file(path, fmt::format("volley {:x}-{:x}\n", now, ::getpid()));
}

std::optional<int> finished_with(const std::string& directory) {
  const auto text = io::read_whole_text(directory + "/finished");
  if (!text) return std::nullopt;
  return std::atoi(text->c_str());
}

base::Status note_finished(const std::string& directory, int exit_code) {
  auto written = io::write_whole_file(directory + "/finished", fmt::format("{}\n", exit_code));
  if (!written) return written;
  std::error_code ignored;
  for (const char* name : {"/jobs", "/outputs", "/checkpoints", "/parallelism"}) {
    fs::remove_all(directory + name, ignored);
  }
  return written;
}

}  // namespace volley::program
