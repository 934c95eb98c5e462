#include "io/file_bytes.hpp"

#include <unistd.h>

#include <cerrno>

namespace volley::io {
namespace {

/// step(rest, done) -> what the system call says of the bytes that are left.
template <class Bytes, class Step>
std::optional<std::size_t> move_all(Bytes bytes, Step&& step) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t moved = step(bytes.subspan(done), done);
    if (moved < 0 && errno == EINTR) continue;
    if (moved < 0) return std::nullopt;
    if (moved == 0) break;
    done += static_cast<std::size_t>(moved);
  }
  return done;
}

off_t place(std::uint64_t offset, std::size_t done) { return static_cast<off_t>(offset + done); }

}  // namespace

std::optional<std::size_t> read_fully(int file, std::span<std::byte> out) {
  return move_all(
      out, [file](auto rest, std::size_t) { return ::read(file, rest.data(), rest.size()); });
}

std::optional<std::size_t> read_fully_at(int file, std::uint64_t offset, std::span<std::byte> out) {
  return move_all(out, [=](auto rest, std::size_t done) {
    return ::pread(file, rest.data(), rest.size(), place(offset, done));
  });
}

bool write_fully(int file, std::span<const std::byte> bytes) {
  return move_all(bytes, [file](auto rest, std::size_t) {
           return ::write(file, rest.data(), rest.size());
         }) == bytes.size();
}

bool write_fully_at(int file, std::uint64_t offset, std::span<const std::byte> bytes) {
  return move_all(bytes, [=](auto rest, std::size_t done) {
           return ::pwrite(file, rest.data(), rest.size(), place(offset, done));
         }) == bytes.size();
}

}  // namespace volley::io
