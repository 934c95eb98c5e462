#include "driver/worker_set.hpp"

#include <bit>

namespace volley::driver {

void WorkerSet::make_room(const WorkerKey& key) {
  if (key.member >= members_) {
    const std::vector<WorkerKey> all(begin(), end());
    *this = {};
    members_ = key.member + std::size_t{1};
    for (const WorkerKey& one : all) insert(one);
  }
  std::size_t last = place_of(key);
  for (std::vector<Word>& level : levels_) {
    last /= bits;
    if (last >= level.size()) level.resize(last + 1);
  }
}

bool WorkerSet::insert(const WorkerKey& key) {
  make_room(key);
  if (contains(key)) return false;
  ++size_;
  std::size_t place = place_of(key);
  for (std::vector<Word>& level : levels_) {
    Word& word = level[place / bits];
    const bool known = word != 0;
    word |= Word{1} << (place % bits);
    if (known) break;
    place /= bits;
  }
  return true;
}

bool WorkerSet::erase(const WorkerKey& key) {
  if (!contains(key)) return false;
  --size_;
  std::size_t place = place_of(key);
  for (std::vector<Word>& level : levels_) {
    Word& word = level[place / bits];
    word &= ~(Word{1} << (place % bits));
    if (word != 0) break;
    place /= bits;
  }
  return true;
}

bool WorkerSet::contains(const WorkerKey& key) const {
  const std::size_t place = place_of(key);
  const bool known = key.member < members_ && place / bits < levels_[0].size();
  return known && (levels_[0][place / bits] >> (place % bits) & 1U) != 0;
}

WorkerSet::const_iterator WorkerSet::upper_bound(const WorkerKey& key) const {
  // Members that no executor in the set has would be places of the next executor.
  if (key.member >= members_) {
    return {*this, next((key.executor + std::size_t{1}) * members_)};
  }
  return {*this, next(place_of(key) + 1)};
}

std::size_t WorkerSet::next(std::size_t place) const {
  std::size_t level = 0;
  // Up, until something follows ...
  for (;;) {
    if (place / bits >= levels_[level].size()) return nowhere;
    const Word rest = levels_[level][place / bits] >> (place % bits);
    if (rest != 0) {
      place += static_cast<std::size_t>(std::countr_zero(rest));
      break;
    }
    place = place / bits + 1;
    if (level + 1 < levels_.size()) {
      ++level;
    } else {
      place *= bits;  // no level says which words of the last one are zero
    }
  }
  // ... and down to the first of it.
  for (; level > 0; --level) {
    const Word word = levels_[level - 1][place];
    place = place * bits + static_cast<std::size_t>(std::countr_zero(word));
  }
  return place;
}

}  // namespace volley::driver
