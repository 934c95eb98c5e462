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
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
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

/// [first, second): part `part` of `parts` equal parts of `count` things.
inline std::pair<std::size_t, std::size_t> share(std::size_t count, int part, int parts) {
  const auto border = [&](int index) {
    const auto wide = static_cast<Wide>(count) * static_cast<unsigned>(index);
    return static_cast<std::size_t>(wide / static_cast<unsigned>(parts));
  };
  return {border(part), border(part + 1)};
}

/// The lines that start in part `part` of `parts` equal parts of the text.
inline std::string_view lines_of_part(std::string_view text, int part, int parts) {
  const auto line_start_from = [&](std::size_t at) {
    if (at == 0 || at >= text.size()) return std::min(at, text.size());
    const std::size_t newline = text.find('\n', at - 1);
    return newline == std::string_view::npos ? text.size() : newline + 1;
  };
  const auto [first, last] = share(text.size(), part, parts);
  const std::size_t begin = line_start_from(first);
  return text.substr(begin, line_start_from(last) - begin);
}

/// A mapped file of records.
template <class T>
std::span<const T> map_records(const char* path) {
  const std::string_view bytes = map_file(path);
  if (bytes.size() % sizeof(T) != 0) {
    errno = EINVAL;
    die(path);
  }
  return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
}

/// Memory that is not set to zero first: its pages are touched where they are used.
template <class T>
class Buffer {
 public:
  explicit Buffer(std::size_t size)
      : data_(static_cast<T*>(std::aligned_alloc(huge, round_up(size * sizeof(T))))), size_(size) {
    if (data_ == nullptr) die("memory");
    ::madvise(data_, round_up(size * sizeof(T)), MADV_HUGEPAGE);
  }
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer() { std::free(data_); }

  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t huge = std::size_t{2} << 20U;
  static std::size_t round_up(std::size_t bytes) { return (bytes + huge) / huge * huge; }
  T* data_;
  std::size_t size_;
};

/// Messages of records, of at most `segment` bytes each, so that counts may pass 2^31.
template <class T>
class Messages {
 public:
  void receive(T* into, std::size_t count, int from) {
    in_segments(count, [&](std::size_t at, int bytes, MPI_Request* request) {
      MPI_Irecv(into + at, bytes, MPI_BYTE, from, 0, MPI_COMM_WORLD, request);
    });
  }
  void send(const T* records, std::size_t count, int to) {
    in_segments(count, [&](std::size_t at, int bytes, MPI_Request* request) {
      MPI_Isend(records + at, bytes, MPI_BYTE, to, 0, MPI_COMM_WORLD, request);
    });
  }
  void wait() {
    MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
  }

 private:
  static constexpr std::size_t segment = (std::size_t{64} << 20U) / sizeof(T);
  template <class Start>
  void in_segments(std::size_t count, Start&& start) {
    for (std::size_t at = 0; at < count; at += segment) {
      const auto bytes = static_cast<int>(std::min(segment, count - at) * sizeof(T));
      start(at, bytes, &requests_.emplace_back());
    }
  }
  std::vector<MPI_Request> requests_;
};

/// Sends each record to rank rank_of(record); the result is what came, in the order of ranks and,
/// within one, of its records.
template <class T, class RankOf>
Buffer<T> exchange(std::span<const T> records, const World& world, RankOf&& rank_of) {
  const auto ranks = static_cast<std::size_t>(world.size);
  const auto self = static_cast<std::size_t>(world.rank);
  // One pass: most records are not in the cache, and a second look would cost as much again.
  std::vector<std::vector<T>> to(ranks);
  for (std::vector<T>& some : to) some.reserve(records.size() / ranks * 11 / 10);
  for (const T& record : records) to[static_cast<std::size_t>(rank_of(record))].push_back(record);

  std::vector<std::uint64_t> going(ranks);
  std::vector<std::uint64_t> coming(ranks);
  for (std::size_t r = 0; r < ranks; ++r) going[r] = to[r].size();
  MPI_Alltoall(going.data(), 1, MPI_UINT64_T, coming.data(), 1, MPI_UINT64_T, MPI_COMM_WORLD);
  Buffer<T> result(std::accumulate(coming.begin(), coming.end(), std::size_t{0}));
  Messages<T> messages;
  T* own = nullptr;
  T* into = result.begin();
  for (std::size_t r = 0; r < ranks; into += coming[r], ++r) {
    if (r == self) {
      own = into;
    } else {
      messages.receive(into, coming[r], static_cast<int>(r));
      messages.send(to[r].data(), going[r], static_cast<int>(r));
    }
  }
  std::copy(to[self].begin(), to[self].end(), own);
  messages.wait();
  return result;
}

/// Spreads the bits of a number: a bijection (xor-shift and multiply, twice). Also what the
/// generated inputs in memory are made of.
inline std::uint64_t mix(std::uint64_t x) {
  constexpr std::uint64_t factor = 0xd6e8feb86659fd93U;
  x = (x ^ (x >> 32U)) * factor;
  x = (x ^ (x >> 32U)) * factor;
  return x ^ (x >> 32U);
}

/// A file that is written through a large buffer.
class File {
 public:
  explicit File(const std::string& path)
      : path_(path), file_(std::fopen(path.c_str(), "w")), buffer_(std::size_t{1} << 20U) {
    if (file_ == nullptr) die(path_);
    std::setvbuf(file_, buffer_.data(), _IOFBF, buffer_.size());
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (std::fclose(file_) != 0) die(path_);
  }
  void write(const char* bytes, std::size_t count) {
    if (std::fwrite(bytes, 1, count, file_) != count) die(path_);
  }

 private:
  std::string path_;
  std::FILE* file_;
  std::vector<char> buffer_;
};

/// Rank 0 makes the directory; on return it is there. The path of this rank's part in it.
inline std::string make_output(const char* directory, const World& world) {
  if (world.rank == 0 && ::mkdir(directory, 0777) != 0) die(directory);
  MPI_Barrier(MPI_COMM_WORLD);
  std::array<char, 24> name{};
  std::snprintf(name.data(), name.size(), "/part-%05d", world.rank);
  return directory + std::string(name.data());
}

/// Ends the program when there are not `count` arguments.
inline void expect_arguments(int argc, int count, const char* usage, const World& world) {
  if (argc == count + 1) return;
  if (world.rank == 0) std::fprintf(stderr, "usage: %s\n", usage);
  MPI_Finalize();
  std::exit(2);
}

inline std::size_t number(const char* text) { return std::strtoull(text, nullptr, 10); }

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
