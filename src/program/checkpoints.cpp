#include "program/checkpoints.hpp"

#include "io/committing_writer.hpp"

#include <volley/error.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

namespace volley::program {

void Checkpoints::set_directory(const std::string& directory) {
  std::error_code error;
  const auto path = std::filesystem::absolute(directory, error).lexically_normal();
  if (!error) std::filesystem::create_directories(path, error);
  if (error) {
    throw IoError(
        fmt::format("Checkpoint directory {} cannot be made: {}", directory, error.message()));
  }
  const std::lock_guard lock(mutex_);
  directory_ = path.string();
}

std::string Checkpoints::directory() const {
  const std::lock_guard lock(mutex_);
  return directory_;
}

protocol::RddSpecPtr Checkpoints::replace(const protocol::RddSpec& rdd, const Entry& entry) {
  auto spec = std::make_shared<protocol::RddSpec>();
  spec->id = rdd.id;
  spec->name = rdd.name + " (checkpoint)";
  spec->call_site = rdd.call_site;
  spec->partitions = rdd.partitions;
  spec->compute = entry.reader;
  spec->replaced = true;
  if (entry.local) return spec;
  for (std::uint32_t i = 0; i < rdd.partitions; ++i) {
    const CheckpointPart part{entry.directory + "/" + io::part_name(i), rdd.partitions};
    spec->payloads.push_back(std::make_shared<const protocol::Bytes>(protocol::encode(part)));
  }
  return spec;
}

void Checkpoints::mark(const protocol::RddSpec& rdd, Entry entry, bool complete) {
  const std::lock_guard lock(mutex_);
  if (held_.contains(rdd.id)) return;
  Held held{std::move(entry), State::marked, nullptr};
  if (complete) {
    held.state = State::written;
    held.replacement = replace(rdd, held.entry);
  }
  held_.emplace(rdd.id, std::move(held));
  any_ = true;
}

bool Checkpoints::is_marked(base::RddId rdd) const {
  if (!any_) return false;
  const std::lock_guard lock(mutex_);
  return held_.contains(rdd);
}

std::optional<std::string> Checkpoints::file(base::RddId rdd) const {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(rdd);
  if (found == held_.end() || found->second.state != State::written) return std::nullopt;
  if (found->second.entry.local) return std::nullopt;
  return found->second.entry.directory;
}

protocol::RddSpecPtr Checkpoints::replacement(base::RddId rdd) const {
  if (!any_) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(rdd);
  return found == held_.end() ? nullptr : found->second.replacement;
}

std::optional<Checkpoints::Entry> Checkpoints::begin_writing(base::RddId rdd) {
  if (!any_) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(rdd);
  if (found == held_.end() || found->second.state != State::marked) return std::nullopt;
  found->second.state = State::writing;
  return found->second.entry;
}

void Checkpoints::end_writing(const protocol::RddSpec& rdd, bool written) {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(rdd.id);
  if (found == held_.end()) return;
  found->second.state = written ? State::written : State::marked;
  if (written) found->second.replacement = replace(rdd, found->second.entry);
}

void Checkpoints::forget(base::RddId rdd) {
  if (!any_) return;
  const std::lock_guard lock(mutex_);
  held_.erase(rdd);
}

bool checkpoint_complete(const std::string& directory, std::uint32_t partitions) {
  if (::access((directory + "/_SUCCESS").c_str(), F_OK) != 0) return false;
  for (std::uint32_t i = 0; i < partitions; ++i) {
    if (::access((directory + "/" + io::part_name(i)).c_str(), R_OK) != 0) return false;
  }
  return true;
}

}  // namespace volley::program
