// volley_generate text|records|graph|points|pairs|skewed OUTPUT SIZE [SEED [KEYS]]: inputs for
// benchmarks and tests. The same arguments give the same bytes on every machine with IEEE doubles
// and the same libm.
//
//   text     SIZE bytes (rounded up to a line) of lines of 6 to 14 words; 1,000,000 distinct words
//            whose frequency is 1/rank (Zipf, exponent 1), frequent words being short
//   records  SIZE records of 100 bytes: 10 random key bytes, then 88 printable ones and "\r\n"
//   graph    SIZE lines "source target" over SIZE/16 vertices; targets crowd at the low ids
//   points   SIZE points of 8 doubles between 0 and 1
//   pairs    SIZE pairs of 64-bit numbers, little end first: a key below KEYS (default: SIZE), a
//            value below 1024
//   skewed   the same, but the key of rank r has a frequency of 1/r^1.2 (Zipf); ranks are scattered

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// xoshiro256** by Blackman and Vigna, seeded by repeated mixing.
class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15U;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
      z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
      word = z ^ (z >> 31U);
    }
  }

  std::uint64_t next() {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  double unit() { return static_cast<double>(next() >> 11U) * 0x1p-53; }

 private:
  static std::uint64_t rotate(std::uint64_t x, unsigned by) {
    return (x << by) | (x >> (64U - by));
  }
  std::array<std::uint64_t, 4> state_{};
};

/// A file written in large pieces.
class Output {
 public:
  explicit Output(const std::string& path) : path_(path), file_(path, std::ios::binary) {
    if (!file_) throw std::runtime_error("cannot create " + path);
  }
  void write(std::string_view bytes) {
    buffer_ += bytes;
    if (buffer_.size() >= piece) flush();
  }
  void close() {
    flush();
    file_.close();
    if (!file_) throw std::runtime_error("cannot write " + path_);
  }

 private:
  static constexpr std::size_t piece = std::size_t{4} << 20U;
  void flush() {
    file_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    if (!file_) throw std::runtime_error("cannot write " + path_);
    buffer_.clear();
  }
  std::string path_;
  std::ofstream file_;
  std::string buffer_;
};

/// The word of a rank (from 0): syllables of two letters, one for each digit of the rank in
/// bijective base 40, so that no two ranks share a word.
std::string word_of(std::uint64_t rank) {
  constexpr std::string_view consonants = "tnshrdlm";
  constexpr std::string_view vowels = "aeiou";
  std::string word;
  for (std::uint64_t rest = rank + 1; rest != 0;) {
    --rest;
    const std::uint64_t digit = rest % 40;
    word += consonants[digit / 5];
    word += vowels[digit % 5];
    rest /= 40;
  }
  return word;
}

struct Settings {
  std::uint64_t size = 0;
  std::uint64_t keys = 0;
};

void generate_text(Output& out, const Settings& settings, Random& random) {
  constexpr std::uint64_t distinct = 1'000'000;
  std::vector<std::string> words;
  words.reserve(distinct);
  for (std::uint64_t rank = 0; rank < distinct; ++rank) words.push_back(word_of(rank));
  const double log_distinct = std::log(static_cast<double>(distinct));
  std::string line;
  for (std::uint64_t written = 0; written < settings.size; written += line.size()) {
    line.clear();
    for (std::uint64_t left = 6 + random.below(9); left != 0; --left) {
      // The inverse of the continuous law with density 1/x on [1, distinct].
      const auto rank = static_cast<std::uint64_t>(std::exp(random.unit() * log_distinct)) - 1;
      line += words[std::min(rank, distinct - 1)];
      line += left == 1 ? '\n' : ' ';
    }
    out.write(line);
  }
}

void generate_records(Output& out, const Settings& settings, Random& random) {
  constexpr std::size_t record_size = 100;
  constexpr std::size_t key_size = 10;
  std::array<char, record_size> record{};
  for (std::uint64_t i = 0; i < settings.size; ++i) {
    for (std::size_t at = 0; at < key_size; ++at) record.at(at) = static_cast<char>(random.next());
    const std::string number = std::to_string(i);
    std::fill(record.begin() + key_size, record.begin() + 30, '0');
    std::copy(number.begin(), number.end(),
              record.begin() + 30 - static_cast<std::ptrdiff_t>(number.size()));
    const auto letter = static_cast<char>('A' + i % 26);
    std::fill(record.begin() + 30, record.end() - 2, letter);
    record[record_size - 2] = '\r';
    record[record_size - 1] = '\n';
    out.write({record.data(), record.size()});
  }
}

void generate_graph(Output& out, const Settings& settings, Random& random) {
  const std::uint64_t vertices = std::max<std::uint64_t>(settings.size / 16, 1);
  for (std::uint64_t i = 0; i < settings.size; ++i) {
    const double skewed = std::pow(random.unit(), 3);
    const std::uint64_t source = random.below(vertices);
    const auto target = static_cast<std::uint64_t>(skewed * static_cast<double>(vertices));
    out.write(std::to_string(source) + ' ' + std::to_string(target) + '\n');
  }
}

template <class T>
void write_binary(Output& out, const T& value) {
  out.write({reinterpret_cast<const char*>(&value), sizeof value});
}

void generate_points(Output& out, const Settings& settings, Random& random) {
  for (std::uint64_t i = 0; i < settings.size; ++i) {
    std::array<double, 8> point{};
    for (double& coordinate : point) coordinate = random.unit();
    write_binary(out, point);
  }
}

void generate_pairs(Output& out, const Settings& settings, Random& random) {
  for (std::uint64_t i = 0; i < settings.size; ++i) {
    const std::uint64_t key = random.below(settings.keys);
    write_binary(out, std::array{key, random.below(1024)});
  }
}

void generate_skewed(Output& out, const Settings& settings, Random& random) {
  constexpr double exponent = 1.2;
  std::vector<double> reached(settings.keys);
  double sum = 0;
  for (std::size_t i = 0; i < reached.size(); ++i) {
    sum += std::pow(static_cast<double>(i + 1), -exponent);
    reached[i] = sum;
  }
  for (std::uint64_t i = 0; i < settings.size; ++i) {
    const auto at = std::lower_bound(reached.begin(), reached.end() - 1, random.unit() * sum);
    const auto rank = static_cast<std::uint64_t>(at - reached.begin());
    write_binary(out, std::array{(rank * 1000003 + 7) % settings.keys, random.below(1024)});
  }
}

std::uint64_t parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw std::invalid_argument("not a number: " + std::string(text));
  }
  return value;
}

using Generator = void (*)(Output&, const Settings&, Random&);

Generator find_generator(std::string_view kind) {
  constexpr std::array<std::pair<std::string_view, Generator>, 6> generators{{
      {"text", generate_text},
      {"records", generate_records},
      {"graph", generate_graph},
      {"points", generate_points},
      {"pairs", generate_pairs},
      {"skewed", generate_skewed},
  }};
  for (const auto& [name, generator] : generators) {
    if (name == kind) return generator;
  }
  return nullptr;
}

int run(const std::vector<std::string>& args) {
  const Generator generator =
      args.size() < 3 || args.size() > 5 ? nullptr : find_generator(args[0]);
  if (generator == nullptr) {
    std::fputs(
        "usage: volley_generate text|records|graph|points|pairs|skewed OUTPUT SIZE [SEED [KEYS]]\n",
        stderr);
    return 2;
  }
  Settings settings;
  settings.size = parse_number(args[2]);
  settings.keys = args.size() > 4 ? parse_number(args[4]) : settings.size;
  if (settings.keys == 0) settings.keys = 1;
  Random random(args.size() > 3 ? parse_number(args[3]) : 42);
  Output out(args[1]);
  generator(out, settings, random);
  out.close();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "volley_generate: %s\n", error.what());
    return 1;
  }
}
