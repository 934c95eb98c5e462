#include "driver/shuffle_tracker.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <utility>

namespace volley::driver {

using base::no_rank;
using base::Rank;
using base::ShuffleNumber;

const ShuffleTracker::Shuffle& ShuffleTracker::at(ShuffleNumber shuffle) const {
  const auto found = shuffles_.find(shuffle);
  VOLLEY_CHECK(found != shuffles_.end(), "shuffle {} is unknown", shuffle);
  return found->second;
}

ShuffleTracker::Shuffle& ShuffleTracker::at(ShuffleNumber shuffle) {
  return const_cast<Shuffle&>(std::as_const(*this).at(shuffle));
}

void ShuffleTracker::add(ShuffleNumber shuffle, std::uint32_t maps, std::uint32_t reducers) {
  const auto [at, fresh] = shuffles_.try_emplace(shuffle);
  if (!fresh) return;
  at->second.outputs.assign(maps, no_rank);
  at->second.counted.assign(maps, false);
  at->second.missing = maps;
  at->second.holders.assign(reducers, no_rank);
}

std::set<Rank> ShuffleTracker::forget(ShuffleNumber shuffle) {
  const auto found = shuffles_.find(shuffle);
  if (found == shuffles_.end()) return {};
  std::set<Rank> ranks = std::move(found->second.ranks);
  shuffles_.erase(found);
  return ranks;
}

bool ShuffleTracker::complete(ShuffleNumber shuffle) const {
  const auto found = shuffles_.find(shuffle);
  return found != shuffles_.end() && found->second.missing == 0;
}

void ShuffleTracker::touch(ShuffleNumber shuffle, Rank rank) {
  if (known(shuffle)) at(shuffle).ranks.insert(rank);
}

std::vector<std::uint32_t> ShuffleTracker::missing_maps(ShuffleNumber shuffle) const {
  std::vector<std::uint32_t> missing;
  const auto& outputs = at(shuffle).outputs;
  for (std::size_t map = 0; map < outputs.size(); ++map) {
    if (outputs[map] == no_rank) missing.push_back(static_cast<std::uint32_t>(map));
  }
  return missing;
}

void ShuffleTracker::set_parts(ShuffleNumber shuffle, TaskParts parts) {
  Shuffle& entry = at(shuffle);
  VOLLEY_CHECK(!entry.parts && entry.missing == entry.outputs.size(), "shuffle {}", shuffle);
  if (!parts.empty()) {
    const std::size_t maps = std::max<std::size_t>(entry.outputs.size(), parts.rbegin()->first + 1);
    entry.outputs.resize(maps, no_rank);
    entry.counted.resize(maps, false);
    entry.missing = static_cast<std::uint32_t>(maps);
  }
  entry.parts = std::move(parts);
}

const protocol::TaskPart* ShuffleTracker::part(ShuffleNumber shuffle, std::uint32_t map) const {
  const auto& parts = at(shuffle).parts;
  if (!parts) return nullptr;
  const auto found = parts->find(map);
  return found == parts->end() ? nullptr : &found->second;
}

std::uint32_t ShuffleTracker::maps(ShuffleNumber shuffle) const {
  return static_cast<std::uint32_t>(at(shuffle).outputs.size());
}

bool ShuffleTracker::add_output(ShuffleNumber shuffle, std::uint32_t map, Rank rank) {
  Shuffle& entry = at(shuffle);
  entry.ranks.insert(rank);
  Rank& output = entry.outputs.at(map);
  if (output != no_rank) return false;
  output = rank;
  --entry.missing;
  entry.sized = false;
  return true;
}

bool ShuffleTracker::count_once(ShuffleNumber shuffle, std::uint32_t map) {
  auto counted = at(shuffle).counted.at(map);
  if (counted) return false;
  counted = true;
  return true;
}

void ShuffleTracker::lose(ShuffleNumber shuffle, Rank rank) {
  if (!known(shuffle)) return;
  Shuffle& entry = at(shuffle);
  for (Rank& output : entry.outputs) {
    if (output != rank) continue;
    output = no_rank;
    ++entry.missing;
    entry.sized = false;
  }
  for (Rank& holder : entry.holders) {
    if (holder == rank) holder = no_rank;
  }
  for (auto& [partition, ranks] : entry.more_holders) std::erase(ranks, rank);
}

std::vector<ShuffleNumber> ShuffleTracker::forget_rank(Rank rank) {
  std::vector<ShuffleNumber> concerned;
  for (auto& [shuffle, entry] : shuffles_) {
    if (entry.ranks.erase(rank) != 0) concerned.push_back(shuffle);
  }
  std::sort(concerned.begin(), concerned.end());
  for (const ShuffleNumber shuffle : concerned) lose(shuffle, rank);
  return concerned;
}

void ShuffleTracker::lose_outputs(ShuffleNumber shuffle, const std::vector<std::uint32_t>& maps) {
  Shuffle& entry = at(shuffle);
  for (const std::uint32_t map : maps) {
    if (map >= entry.outputs.size() || entry.outputs[map] == no_rank) continue;
    entry.outputs[map] = no_rank;
    ++entry.missing;
    entry.sized = false;
  }
}

void ShuffleTracker::forget_holders(ShuffleNumber shuffle) {
  Shuffle& entry = at(shuffle);
  std::fill(entry.holders.begin(), entry.holders.end(), no_rank);
  entry.more_holders.clear();
}

std::map<Rank, std::vector<std::uint32_t>> ShuffleTracker::outputs(ShuffleNumber shuffle) const {
  std::map<Rank, std::vector<std::uint32_t>> by_rank;
  const auto& outputs = at(shuffle).outputs;
  for (std::size_t map = 0; map < outputs.size(); ++map) {
    if (outputs[map] != no_rank) by_rank[outputs[map]].push_back(static_cast<std::uint32_t>(map));
  }
  return by_rank;
}

std::uint32_t ShuffleTracker::reducers(ShuffleNumber shuffle) const {
  return static_cast<std::uint32_t>(at(shuffle).holders.size());
}

bool ShuffleTracker::has_sizes(ShuffleNumber shuffle) const { return at(shuffle).sized; }

void ShuffleTracker::set_sizes(ShuffleNumber shuffle, std::vector<std::uint64_t> bytes) {
  at(shuffle).sizes = std::move(bytes);
  at(shuffle).sized = true;
}

std::uint64_t ShuffleTracker::bytes(const ShuffleRead& read) const {
  const auto& sizes = at(read.shuffle).sizes;
  return read.partition < sizes.size() ? sizes[read.partition] : 0;
}

const std::vector<std::uint64_t>& ShuffleTracker::sizes(ShuffleNumber shuffle) const {
  return at(shuffle).sizes;
}

void ShuffleTracker::add_holder(const ShuffleRead& read, Rank rank) {
  Shuffle& entry = at(read.shuffle);
  entry.ranks.insert(rank);
  Rank& first = entry.holders.at(read.partition);
  if (first == no_rank) {
    first = rank;
  } else if (first != rank) {
    auto& more = entry.more_holders[read.partition];
    if (std::find(more.begin(), more.end(), rank) == more.end()) more.push_back(rank);
  }
}

std::vector<Rank> ShuffleTracker::holders(const ShuffleRead& read) const {
  std::vector<Rank> ranks;
  const auto found = shuffles_.find(read.shuffle);
  if (found == shuffles_.end()) return ranks;
  const Shuffle& entry = found->second;
  if (entry.holders.at(read.partition) != no_rank) ranks.push_back(entry.holders[read.partition]);
  const auto more = entry.more_holders.find(read.partition);
  if (more != entry.more_holders.end()) {
    ranks.insert(ranks.end(), more->second.begin(), more->second.end());
  }
  return ranks;
}

}  // namespace volley::driver
