#pragma once
// What the hand-written MPI rivals share. A rival does one job as an experienced MPI programmer
// would write it for that job alone: one rank a core, no runtime, no recovery; any failure ends the
// run.

#include <fcntl.h>
#include <mpi.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rival {

__extension__ using Wide = unsigned __int128;

[[noreturn]] inline void die(const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", what.c_str(), std::strerror(errno));
  MPI_Abort(MPI_COMM_WORLD, 1);
  std::abort();
}

/// MPI from construction to destruction.
struct World {
  World(int* argc, char*** argv) {
    MPI_Init(argc, argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() { MPI_Finalize(); }

  int rank = 0;
  int size = 1;
};

/// A whole file, mapped for reading until the program ends.
inline std::string_view map_file(const char* path) {
  const int file = ::open(path, O_RDONLY);
  struct stat status {};
  if (file < 0 || ::fstat(file, &status) != 0) die(path);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return {};
  void* map = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  if (map == MAP_FAILED) die(path);
  ::madvise(map, size, MADV_SEQUENTIAL);
  ::close(file);
  return {static_cast<const char*>(map), size};
}

/// The lines that start in part `part` of `parts` equal parts of the text.
inline std::string_view lines_of_part(std::string_view text, int part, int parts) {
  const auto line_start_from = [&](std::size_t at) {
    if (at == 0 || at >= text.size()) return std::min(at, text.size());
    const std::size_t newline = text.find('\n', at - 1);
    return newline == std::string_view::npos ? text.size() : newline + 1;
  };
  const auto share = [&](int index) {
    const auto wide = static_cast<Wide>(text.size()) * static_cast<unsigned>(index);
    return static_cast<std::size_t>(wide / static_cast<unsigned>(parts));
  };
  const std::size_t begin = line_start_from(share(part));
  return text.substr(begin, line_start_from(share(part + 1)) - begin);
}

/// All-to-all of byte strings: `to[r]` goes to rank r; the result holds what came, in rank order.
/// Counts may pass 2^31: they travel in rounds of at most `segment` bytes for each pair of ranks.
inline std::vector<char> exchange(std::span<const std::vector<char>> to) {
  constexpr std::size_t segment = std::size_t{64} << 20U;
  const std::size_t ranks = to.size();
  std::vector<std::uint64_t> send(ranks);
  std::vector<std::uint64_t> receive(ranks);
  for (std::size_t r = 0; r < ranks; ++r) send[r] = to[r].size();
  MPI_Alltoall(send.data(), 1, MPI_UINT64_T, receive.data(), 1, MPI_UINT64_T, MPI_COMM_WORLD);

  std::vector<std::uint64_t> start(ranks + 1);
  for (std::size_t r = 0; r < ranks; ++r) start[r + 1] = start[r] + receive[r];
  std::vector<char> result(start[ranks]);
  std::vector<MPI_Request> requests;
  for (std::size_t r = 0; r < ranks; ++r) {
    for (std::size_t at = 0; at < receive[r]; at += segment) {
      const auto count = static_cast<int>(std::min(segment, receive[r] - at));
      MPI_Irecv(result.data() + start[r] + at, count, MPI_BYTE, static_cast<int>(r), 0,
                MPI_COMM_WORLD, &requests.emplace_back());
    }
  }
  for (std::size_t r = 0; r < ranks; ++r) {
    for (std::size_t at = 0; at < send[r]; at += segment) {
      const auto count = static_cast<int>(std::min(segment, send[r] - at));
      MPI_Isend(to[r].data() + at, count, MPI_BYTE, static_cast<int>(r), 0, MPI_COMM_WORLD,
                &requests.emplace_back());
    }
  }
  MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
  return result;
}

/// A fast hash of short strings: eight bytes at a time, multiply and fold.
inline std::uint64_t hash(std::string_view text) {
  const auto fold = [](std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  };
  std::uint64_t state = text.size() * 0x9e3779b97f4a7c15U;
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left > 8; left -= 8, at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    state = fold(state ^ word, 0xd6e8feb86659fd93U);
  }
  std::uint64_t word = 0;
  std::memcpy(&word, at, left);
  return fold(state ^ word ^ 0xa0761d6478bd642fU, 0xe7037ed1a0b428dbU);
}

}  // namespace rival
