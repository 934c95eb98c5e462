// Operations on more records than a task may keep in a small memory: the same results, from disk.

#include "check.hpp"

#include <map>

namespace cluster_test {
namespace {

constexpr std::int64_t records = 300000;
constexpr std::int64_t keys = 100000;

std::int64_t key_of(std::int64_t i) { return (i * 7919 + 13) % keys; }
std::string text_of(std::int64_t i) { return "a key that is long " + std::to_string(i); }

auto number_pairs(volley::Context& context) {
  return context.range(0, records, 1, 4).map([](std::int64_t i) {
    return std::pair<std::int64_t, std::int64_t>(key_of(i), i);
  });
}
auto text_pairs(volley::Context& context) {
  return context.range(0, records, 1, 4).map([](std::int64_t i) {
    return std::pair<std::string, std::int64_t>(text_of(key_of(i)), i);
  });
}

void check_folds(volley::Context& context, Checks& checks) {
  std::map<std::int64_t, std::int64_t> sums;
  for (std::int64_t i = 0; i < records; ++i) sums[key_of(i)] += i;
  const std::vector<std::pair<std::int64_t, std::int64_t>> expected(sums.begin(), sums.end());
  checks.equal("large sums", sorted(number_pairs(context).reduce_by_key(std::plus<>{}).collect()),
               expected);
  std::int64_t wrong = 0;
  const auto by_text = text_pairs(context).reduce_by_key(std::plus<>{}).collect();
  for (const auto& [text, sum] : by_text) {
    const auto number = std::stoll(text.substr(text.rfind(' ') + 1));
    if (sums.at(number) != sum || text != text_of(number)) ++wrong;
  }
  checks.equal("large sums by text", std::pair(by_text.size(), wrong), std::pair(sums.size(), 0L));
  // Records with padding.
  const auto narrow =
      context.range(0, records, 1, 4)
          .map([](std::int64_t i) { return std::pair(static_cast<std::int32_t>(key_of(i)), i); })
          .reduce_by_key(std::plus<>{})
          .map([](const auto& sum) { return std::pair<std::int64_t, std::int64_t>(sum); });
  checks.equal("large sums of records with padding", sorted(narrow.collect()), expected);
  checks.equal("large distinct", text_pairs(context).keys().distinct().count(), keys);
}

/// Values of a key come in the order of their partitions and in these, however often they went to
/// disk.
template <class Groups>
std::pair<std::size_t, std::int64_t> keys_and_disorder(const Groups& groups) {
  std::int64_t wrong = 0;
  for (const auto& [key, values] : groups) {
    if (values.size() != records / keys || !std::is_sorted(values.begin(), values.end())) ++wrong;
  }
  return {groups.size(), wrong};
}

void check_groups(volley::Context& context, Checks& checks) {
  const std::pair<std::size_t, std::int64_t> expected(keys, 0);
  checks.equal("large groups", keys_and_disorder(number_pairs(context).group_by_key().collect()),
               expected);
  checks.equal("large groups by text",
               keys_and_disorder(text_pairs(context).group_by_key().collect()), expected);
  // All values of one key: no partition by keys makes it smaller.
  const auto one = context.range(0, records, 1, 4)
                       .map([](std::int64_t i) { return std::pair<int, std::int64_t>(7, i); })
                       .group_by_key()
                       .collect();
  checks.equal("one large group: keys", one.size(), 1U);
  checks.equal("one large group: values", one.at(0).second.size(),
               static_cast<std::size_t>(records));
  const auto& values = one.at(0).second;
  checks.equal("one large group: order until",
               std::is_sorted_until(values.begin(), values.end()) - values.begin(), records);
}

void check_sorts(volley::Context& context, Checks& checks) {
  const auto by_number = number_pairs(context).sort_by_key().collect();
  checks.holds("large sort",
               by_number.size() == records && std::is_sorted(by_number.begin(), by_number.end()));
  const auto by_text = text_pairs(context).sort_by_key(false).collect();
  bool ordered = by_text.size() == records;
  for (std::size_t i = 1; ordered && i < by_text.size(); ++i) {
    const auto& [key, value] = by_text[i - 1];
    ordered = key > by_text[i].first || (key == by_text[i].first && value < by_text[i].second);
  }
  checks.holds("large sort by text", ordered);
}

void check_large_join(volley::Context& context, Checks& checks) {
  const auto joined =
      number_pairs(context)
          .join(number_pairs(context).filter([](const auto& pair) { return pair.second % 3 == 0; }))
          .map([](const auto& match) {
            return match.second.first % keys == match.second.second % keys ? 1L : 1000000L;
          })
          .reduce(std::plus<>{});
  checks.equal("large join", joined, static_cast<long>(records));
  const auto by_text =
      text_pairs(context)
          .join(text_pairs(context).filter([](const auto& pair) { return pair.second % 3 != 0; }))
          .map([](const auto& match) {
            const std::int64_t key = key_of(match.second.first);
            return match.first == text_of(key) && key == key_of(match.second.second) ? 1L
                                                                                     : -1000000L;
          })
          .reduce(std::plus<>{});
  checks.equal("large join by text", by_text, static_cast<long>(2 * records));
  // A key with so many values that no partition by keys makes them fit.
  const auto hot = number_pairs(context).map([](const auto& pair) {
    return std::pair(pair.second % 10 == 0 ? pair.second : -1, pair.second);
  });
  const auto few = context.range(0, 60, 1, 2).map([](std::int64_t i) {
    return std::pair(i % 20 == 0 ? -1 : i, i);
  });
  const auto matches = few.join(hot).map([](const auto& match) {
    return match.first == -1 || match.first == match.second.second ? 1L : -1000000L;
  });
  checks.equal("a join with a frequent key", matches.reduce(std::plus<>{}),
               3L * (records - records / 10) + 3L);
}

}  // namespace

void check_large_inputs(volley::Context& context, Checks& checks) {
  check_folds(context, checks);
  check_groups(context, checks);
  check_sorts(context, checks);
  check_large_join(context, checks);
}

}  // namespace cluster_test
