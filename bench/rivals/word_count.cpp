// rival_word_count INPUT OUTPUT: counts the words between white space. Each rank counts the lines
// of its share, sends every word with its count to the rank that its hash names, adds up what it
// gets and writes OUTPUT/part-<rank> with lines "word<TAB>count".

#include "common.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// Open addressing, linear probing, at most half full. Keys are views that the caller keeps alive.
class Counts {
 public:
  struct Entry {
    const char* word = nullptr;
    std::uint32_t length = 0;
    std::uint32_t tag = 0;  ///< upper half of the hash: settles most comparisons
    std::uint64_t count = 0;
    std::string_view key() const { return {word, length}; }
  };

  void add(std::string_view word, std::uint64_t count) {
    const std::uint64_t hash = rival::hash(word);
    const auto tag = static_cast<std::uint32_t>(hash >> 32U);
    std::size_t at = hash & (entries_.size() - 1);
    while (entries_[at].word != nullptr) {
      if (entries_[at].tag == tag && entries_[at].key() == word) {
        entries_[at].count += count;
        return;
      }
      at = (at + 1) & (entries_.size() - 1);
    }
    entries_[at] = {word.data(), static_cast<std::uint32_t>(word.size()), tag, count};
    if (++used_ * 2 > entries_.size()) grow();
  }

  std::size_t distinct() const { return used_; }

  template <class F>
  void for_each(F&& visit) const {
    for (const Entry& entry : entries_) {
      if (entry.word != nullptr) visit(entry);
    }
  }

 private:
  void grow() {
    std::vector<Entry> old(entries_.size() * 2);
    old.swap(entries_);
    for (const Entry& entry : old) {
      if (entry.word == nullptr) continue;
      std::size_t at = rival::hash(entry.key()) & (entries_.size() - 1);
      while (entries_[at].word != nullptr) at = (at + 1) & (entries_.size() - 1);
      entries_[at] = entry;
    }
  }

  std::vector<Entry> entries_ = std::vector<Entry>(std::size_t{1} << 16U);
  std::size_t used_ = 0;
};

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

void count_words(std::string_view text, Counts& counts) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    while (at != end && is_space(*at)) ++at;
    if (at == end) return;
    const char* begin = at;
    while (at != end && !is_space(*at)) ++at;
    counts.add({begin, static_cast<std::size_t>(at - begin)}, 1);
  }
}

template <class T>
void put(std::vector<char>& out, T value) {
  const auto* bytes = reinterpret_cast<const char*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof value);
}
template <class T>
T take(const char*& at) {
  T value{};
  std::memcpy(&value, at, sizeof value);
  at += sizeof value;
  return value;
}

rival::Buffer<char> exchange_counts(const Counts& counts, const rival::World& world) {
  std::vector<std::vector<char>> to(static_cast<std::size_t>(world.size));
  counts.for_each([&](const Counts::Entry& entry) {
    std::vector<char>& out = to[entry.tag % to.size()];
    put(out, entry.length);
    put(out, entry.count);
    out.insert(out.end(), entry.word, entry.word + entry.length);
  });
  std::vector<std::uint64_t> going(to.size());
  std::vector<std::uint64_t> coming(to.size());
  for (std::size_t r = 0; r < to.size(); ++r) going[r] = to[r].size();
  MPI_Alltoall(going.data(), 1, MPI_UINT64_T, coming.data(), 1, MPI_UINT64_T, MPI_COMM_WORLD);
  rival::Buffer<char> result(std::accumulate(coming.begin(), coming.end(), std::size_t{0}));
  rival::Messages<char> messages;
  char* into = result.begin();
  for (std::size_t r = 0; r < to.size(); into += coming[r], ++r) {
    messages.receive(into, coming[r], static_cast<int>(r));
    messages.send(to[r].data(), to[r].size(), static_cast<int>(r));
  }
  messages.wait();
  return result;
}

void merge(const rival::Buffer<char>& received, Counts& counts) {
  const char* at = received.begin();
  const char* const end = received.end();
  while (at != end) {
    const auto length = take<std::uint32_t>(at);
    const auto count = take<std::uint64_t>(at);
    counts.add({at, length}, count);
    at += length;
  }
}

std::uint64_t write_part(const Counts& counts, const std::string& path) {
  rival::File file(path);
  std::uint64_t words = 0;
  counts.for_each([&](const Counts::Entry& entry) {
    std::array<char, 24> number{'\t'};
    char* end = std::to_chars(number.data() + 1, number.data() + 22, entry.count).ptr;
    *end++ = '\n';
    file.write(entry.word, entry.length);
    file.write(number.data(), static_cast<std::size_t>(end - number.data()));
    words += entry.count;
  });
  return words;
}

}  // namespace

int main(int argc, char** argv) {
  const rival::World world(&argc, &argv);
  rival::expect_arguments(argc, 2, "rival_word_count INPUT OUTPUT", world);
  const double start = MPI_Wtime();
  const std::string part = rival::make_output(argv[2], world);
  Counts local;
  count_words(rival::lines_of_part(rival::map_file(argv[1]), world.rank, world.size), local);
  const double counted = MPI_Wtime();
  const rival::Buffer<char> received = exchange_counts(local, world);
  Counts merged;
  merge(received, merged);

  std::array<std::uint64_t, 2> totals = {write_part(merged, part), merged.distinct()};
  MPI_Allreduce(MPI_IN_PLACE, totals.data(), 2, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD);
  if (world.rank == 0) {
    std::printf("words=%llu distinct=%llu count_s=%.3f total_s=%.3f\n",
                static_cast<unsigned long long>(totals[0]),
                static_cast<unsigned long long>(totals[1]), counted - start, MPI_Wtime() - start);
  }
  return 0;
}
