#include "program/partition_groups.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <numeric>
#include <random>

namespace volley::program {
namespace {

constexpr std::size_t most_hosts = 3;
constexpr std::uint64_t fixed_seed = 7919;  // equal inputs give equal groups

class Grouping {
 public:
  Grouping(const std::vector<PreferredHosts>& preferred, std::uint32_t wanted, double slack)
      : preferred_(preferred),
        placed_(preferred.size(), false),
        wanted_(wanted),
        slack_(static_cast<std::size_t>(slack * static_cast<double>(preferred.size()))) {
    list_by_rank();
  }

  bool any_preference() const { return !by_rank_.empty(); }

  PartitionGroups make() {
    open_groups();
    fill_empty_groups();
    for (std::uint32_t partition = 0; partition < placed_.size(); ++partition) {
      if (!placed_[partition]) put(partition, best_group(partition));
    }
    PartitionGroups result;
    for (Group& group : groups_) {
      if (group.partitions.empty()) continue;
      std::sort(group.partitions.begin(), group.partitions.end());
      result.groups.push_back(std::move(group.partitions));
      result.hosts.push_back({group.host});
    }
    return result;
  }

 private:
  struct Group {
    std::string host;
    std::vector<std::uint32_t> partitions;
  };
  struct Wish {
    const std::string* host;
    std::uint32_t partition;
  };

  /// Everybody's first choice, then the second ones, then the third.
  void list_by_rank() {
    for (std::size_t rank = 0; rank < most_hosts; ++rank) {
      for (std::uint32_t partition = 0; partition < preferred_.size(); ++partition) {
        const PreferredHosts& hosts = preferred_[partition];
        if (rank < hosts.size()) by_rank_.push_back({&hosts[rank], partition});
      }
    }
  }

  std::size_t random_below(std::size_t limit) { return random_() % limit; }

  void put(std::uint32_t partition, std::size_t group) {
    if (placed_[partition]) return;
    placed_[partition] = true;
    groups_[group].partitions.push_back(partition);
  }
  void open_group(const Wish& wish) {
    of_host_[*wish.host].push_back(groups_.size());
    groups_.push_back({*wish.host, {}});
    put(wish.partition, groups_.size() - 1);
  }

  /// One for each host that is found in as many looks as it takes to see nearly all of `wanted_`
  /// hosts (twice the coupon collector's), then more of hosts drawn at random.
  void open_groups() {
    const auto wanted = static_cast<double>(wanted_);
    const double looks = 2 * (std::log(wanted) * wanted + wanted + 0.5);
    const auto most = std::min<std::size_t>(by_rank_.size(), static_cast<std::size_t>(looks));
    for (std::size_t i = 0; i < most && groups_.size() < wanted_; ++i) {
      if (!of_host_.contains(*by_rank_[i].host)) open_group(by_rank_[i]);
    }
    while (groups_.size() < wanted_) open_group(by_rank_[random_below(by_rank_.size())]);
  }

  /// A group whose first partition had a group already gets another one.
  void fill_empty_groups() {
    std::size_t wish = 0;
    std::uint32_t any = 0;
    for (std::size_t group = 0; group < groups_.size(); ++group) {
      if (!groups_[group].partitions.empty()) continue;
      while (wish < by_rank_.size() && placed_[by_rank_[wish].partition]) ++wish;
      if (wish < by_rank_.size()) {
        put(by_rank_[wish].partition, group);
        continue;
      }
      while (any < placed_.size() && placed_[any]) ++any;
      if (any < placed_.size()) put(any, group);
    }
  }

  std::size_t size(std::size_t group) const { return groups_[group].partitions.size(); }

  /// The smallest group of its hosts, or the smaller of two drawn at random where that is so much
  /// smaller that balance counts more.
  std::size_t best_group(std::uint32_t partition) {
    const std::size_t first = random_below(groups_.size());
    const std::size_t second = random_below(groups_.size());
    const std::size_t drawn = size(first) <= size(second) ? first : second;
    const PreferredHosts& hosts = preferred_[partition];
    bool found = false;
    std::size_t best = 0;
    for (std::size_t rank = 0; rank < std::min(hosts.size(), most_hosts); ++rank) {
      const auto at_host = of_host_.find(hosts[rank]);
      if (at_host == of_host_.end()) continue;
      for (const std::size_t group : at_host->second) {
        if (found && size(group) >= size(best)) continue;
        best = group;
        found = true;
      }
    }
    return found && size(drawn) + slack_ > size(best) ? best : drawn;
  }

  const std::vector<PreferredHosts>& preferred_;
  std::vector<bool> placed_;
  const std::size_t wanted_;
  const std::size_t slack_;
  std::vector<Wish> by_rank_;
  std::vector<Group> groups_;
  std::map<std::string, std::vector<std::size_t>> of_host_;
  std::mt19937_64 random_{fixed_seed};
};

}  // namespace

std::vector<std::vector<std::uint32_t>> even_groups(std::uint32_t from, std::uint32_t to) {
  std::vector<std::vector<std::uint32_t>> groups(to);
  for (std::uint64_t i = 0; i < to; ++i) {
    const auto begin = static_cast<std::uint32_t>(i * from / to);
    groups[i].resize(static_cast<std::uint32_t>((i + 1) * from / to) - begin);
    std::iota(groups[i].begin(), groups[i].end(), begin);
  }
  return groups;
}

PartitionGroups group_partitions(const std::vector<PreferredHosts>& preferred, std::uint32_t most,
                                 double slack) {
  const auto partitions = static_cast<std::uint32_t>(preferred.size());
  const std::uint32_t wanted = std::min(partitions, most);
  Grouping grouping(preferred, wanted, slack);
  if (wanted > 0 && grouping.any_preference()) return grouping.make();
  return {even_groups(partitions, wanted), {}};
}

}  // namespace volley::program
