#include "launch/node_files.hpp"

#include "protocol/codec.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>

namespace volley::launch {
namespace {

using protocol::Bytes;

constexpr std::uint64_t piece_bytes = 64ULL << 20U;

/// What rank 0 says before the bytes of a file.
struct FileHead {
  std::string name;
  std::uint64_t size = 0;
  std::string error;  ///< not empty: nothing follows
};

std::vector<std::string> split_list(const std::string& list) {
  std::vector<std::string> paths;
  std::istringstream in(list);
  for (std::string path; std::getline(in, path, ',');) {
    if (!path.empty()) paths.push_back(path);
  }
  return paths;
}

FileHead open_source(const std::string& path, base::Fd& file) {
  FileHead head{std::filesystem::path(path).filename().string(), 0, {}};
  file = base::Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) {
    head.error = fmt::format("--files: cannot read {}: {}", path, std::strerror(errno));
  } else if (!S_ISREG(status.st_mode)) {
    head.error = fmt::format("--files: {} is not a file", path);
  }
  head.size = static_cast<std::uint64_t>(status.st_size);
  return head;
}

/// Where other processes of this machine find an open file of this one.
std::string own_path(const base::Fd& file) {
  return fmt::format("/proc/{}/fd/{}", ::getpid(), file.get());
}

/// A file without a name in `directory`.
base::Fd nameless_file(const std::string& directory) {
  base::Fd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file) return file;
  std::string name = directory + "/volley-file-XXXXXX";  // for file systems without O_TMPFILE
  base::Fd named(::mkostemp(name.data(), O_CLOEXEC));
  if (named) ::unlink(name.c_str());
  return named;
}

bool write_all(int file, const Bytes& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::write(file, bytes.data() + done, bytes.size() - done);
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

Bytes read_piece(int file, std::uint64_t size) {
  Bytes bytes(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(file, bytes.data() + done, size - done);
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  bytes.resize(done);  // shorter when the file shrank: the receivers notice
  return bytes;
}

template <class T>
base::Result<T> broadcast_value(const net::MpiWorld& world, const T& value, net::MpiScope scope,
                                base::Rank root) {
  Bytes bytes = world.rank() == root ? protocol::encode(value) : Bytes{};
  const auto sent = world.broadcast(bytes, root, scope);
  if (!sent) return sent.failure();
  return protocol::decode<T>(bytes).value();
}

/// Moves one file's bytes to `target` (a descriptor on leaders, -1 elsewhere); an error text or "".
base::Result<std::string> move_bytes(const net::MpiWorld& world, const FileHead& head, int source,
                                     int target, bool leads) {
  std::string problem;
  if (leads && target < 0) problem = std::strerror(errno);
  for (std::uint64_t at = 0; at < head.size; at += piece_bytes) {
    const std::uint64_t size = std::min(piece_bytes, head.size - at);
    Bytes piece = world.rank() == 0 ? read_piece(source, size) : Bytes{};
    const auto sent = world.broadcast(piece, 0, net::MpiScope::world);
    if (!sent) return sent.failure();
    if (piece.size() != size) problem = "it changed while it was read";
    if (leads && problem.empty() && !write_all(target, piece)) problem = std::strerror(errno);
  }
  return problem;
}

}  // namespace

base::Result<NodeFiles> NodeFiles::distribute(const net::MpiWorld& world, const std::string& list,
                                              const std::string& scratch) {
  NodeFiles files;
  const bool leads = world.leads_node();
  for (const std::string& path : split_list(list)) {
    base::Fd source;
    FileHead own;
    if (world.rank() == 0) own = open_source(path, source);
    const auto head = broadcast_value(world, own, net::MpiScope::world, 0);
    if (!head) return head.failure();
    if (!head.value().error.empty()) return base::Failure{head.value().error};
    base::Fd target = leads ? nameless_file(scratch) : base::Fd{};
    const auto problem = move_bytes(world, head.value(), source.get(), target.get(), leads);
    if (!problem) return problem.failure();
    const auto failures = world.allgather(problem.value().empty() ? 0 : 1, net::MpiScope::world);
    if (!failures) return failures.failure();
    const auto& flags = failures.value();
    const auto failed = std::find(flags.begin(), flags.end(), 1U);
    if (failed != flags.end()) {
      return base::Failure{fmt::format("--files: cannot keep {} in {} on rank {}{}{}", path,
                                       scratch, failed - flags.begin(),
                                       problem.value().empty() ? "" : ": ", problem.value())};
    }
    const auto shared = broadcast_value(world, own_path(target), net::MpiScope::node,
                                        world.ranks_of_node(world.node()).front());
    if (!shared) return shared.failure();
    // Each rank holds it open, so that it outlives the leader.
    if (!leads) target = base::Fd(::open(shared.value().c_str(), O_RDONLY | O_CLOEXEC));
    files.listing_ +=
        fmt::format("{}={}\n", head.value().name, target ? own_path(target) : shared.value());
    files.kept_.push_back(std::move(target));
  }
  return files;
}

}  // namespace volley::launch
