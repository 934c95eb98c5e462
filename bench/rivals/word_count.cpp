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

/// A word as the table compares it. Words of up to 16 bytes are their two overlapping halves, so
/// that a look at the slot decides; of longer ones there are the hash and the address.
struct Word {
  static constexpr std::uint32_t inline_bytes = 16;

  std::array<std::uint64_t, 2> halves{};
  std::uint32_t length = 0;  ///< 0: none
  bool operator==(const Word&) const = default;
  bool inlined() const { return length <= inline_bytes; }
};

template <class T>
std::uint64_t load(const char* at) {
  T value{};
  std::memcpy(&value, at, sizeof value);
  return value;
}

Word make_word(const char* at, std::uint32_t length) {
  const char* const end = at + length;
  if (length > Word::inline_bytes) {
    return {{rival::hash({at, length}), reinterpret_cast<std::uintptr_t>(at)}, length};
  }
  if (length >= 8) return {{load<std::uint64_t>(at), load<std::uint64_t>(end - 8)}, length};
  if (length >= 4) return {{load<std::uint32_t>(at), load<std::uint32_t>(end - 4)}, length};
  const auto byte = [at](std::uint32_t i) {
    return std::uint64_t{static_cast<unsigned char>(at[i])};
  };
  return {{byte(0) | byte(length / 2) << 8U, byte(length - 1)}, length};
}

/// `room` is for a word that is in the slot.
std::string_view text_of(const Word& word, std::array<char, Word::inline_bytes>& room) {
  if (!word.inlined()) return {reinterpret_cast<const char*>(word.halves[1]), word.length};
  const auto put_half = [&](std::size_t half, std::size_t at, std::size_t bytes) {
    std::memcpy(room.data() + at, &word.halves[half], bytes);
  };
  if (word.length < 4) {
    room[word.length / 2] = static_cast<char>(word.halves[0] >> 8U);
    put_half(0, 0, 1);
    put_half(1, word.length - 1, 1);
  } else {
    const std::size_t bytes = word.length >= 8 ? 8 : 4;
    put_half(0, 0, bytes);
    put_half(1, word.length - bytes, bytes);
  }
  return {room.data(), word.length};
}

std::uint64_t hash(const Word& word) {
  if (!word.inlined()) return word.halves[0];
  return rival::mix(word.halves[0] * 0x9e3779b97f4a7c15U + (word.halves[1] ^ word.length));
}

bool same(const Word& a, const Word& b) {
  if (a.inlined() || a.length != b.length || a.halves[0] != b.halves[0]) return a == b;
  const auto* one = reinterpret_cast<const char*>(a.halves[1]);
  return std::memcmp(one, reinterpret_cast<const char*>(b.halves[1]), a.length) == 0;
}

/// Open addressing, linear probing, at most half full; words are added in batches whose slots are
/// prefetched. Long words are views that the caller keeps alive.
class Counts {
 public:
  void add(const Word& word, std::uint64_t count) {
    Pending& pending = pending_[waiting_++];
    pending = {hash(word), {word, count}};
    __builtin_prefetch(&entries_[pending.hash & (entries_.size() - 1)], 1);
    if (waiting_ == pending_.size()) flush();
  }
  void flush() {
    for (std::size_t i = 0; i < waiting_; ++i) add_now(pending_[i].hash, pending_[i].entry);
    waiting_ = 0;
  }

  std::size_t distinct() const { return used_; }

  /// visit(word, count) for all that was flushed.
  template <class F>
  void for_each(F&& visit) const {
    for (const Entry& entry : entries_) {
      if (entry.word.length != 0) visit(entry.word, entry.count);
    }
  }

 private:
  struct Entry {
    Word word;
    std::uint64_t count = 0;
  };
  struct Pending {
    std::uint64_t hash = 0;
    Entry entry;
  };

  void add_now(std::uint64_t hash, const Entry& entry) {
    Entry* slot = find(hash, entry.word);
    if (slot->word.length != 0) {
      slot->count += entry.count;
      return;
    }
    *slot = entry;
    if (++used_ * 2 > entries_.size()) grow();
  }
  Entry* find(std::uint64_t hash, const Word& word) {
    std::size_t at = hash & (entries_.size() - 1);
    while (entries_[at].word.length != 0 && !same(entries_[at].word, word)) {
      at = (at + 1) & (entries_.size() - 1);
    }
    return &entries_[at];
  }
  static rival::Buffer<Entry> empty(std::size_t size) {
    rival::Buffer<Entry> entries(size);
    std::fill(entries.begin(), entries.end(), Entry{});
    return entries;
  }
  void grow() {
    const rival::Buffer<Entry> old = std::exchange(entries_, empty(entries_.size() * 4));
    for (const Entry& entry : old) {
      if (entry.word.length != 0) *find(hash(entry.word), entry.word) = entry;
    }
  }

  rival::Buffer<Entry> entries_ = empty(std::size_t{1} << 16U);
  std::size_t used_ = 0;
  std::array<Pending, 32> pending_;
  std::size_t waiting_ = 0;
};

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

void count_words(std::string_view text, Counts& counts) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    while (at != end && is_space(*at)) ++at;
    if (at == end) break;
    const char* begin = at;
    while (at != end && !is_space(*at)) ++at;
    counts.add(make_word(begin, static_cast<std::uint32_t>(at - begin)), 1);
  }
  counts.flush();
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
  std::array<char, Word::inline_bytes> room{};
  counts.for_each([&](const Word& word, std::uint64_t count) {
    const std::string_view text = text_of(word, room);
    std::vector<char>& out = to[(hash(word) >> 32U) % to.size()];
    put(out, word.length);
    put(out, count);
    out.insert(out.end(), text.begin(), text.end());
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
    counts.add(make_word(at, length), count);
    at += length;
  }
  counts.flush();
}

std::uint64_t write_part(const Counts& counts, const std::string& path) {
  rival::File file(path);
  std::uint64_t words = 0;
  std::array<char, Word::inline_bytes> room{};
  counts.for_each([&](const Word& word, std::uint64_t count) {
    const std::string_view text = text_of(word, room);
    std::array<char, 24> number{'\t'};
    char* end = std::to_chars(number.data() + 1, number.data() + 22, count).ptr;
    *end++ = '\n';
    file.write(text.data(), text.size());
    file.write(number.data(), static_cast<std::size_t>(end - number.data()));
    words += count;
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
