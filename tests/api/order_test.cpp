// The order of keys that hold floating point numbers, and when these are the same key.

#include <volley/detail/sort_prefix.hpp>
#include <volley/hash.hpp>
#include <volley/order.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace volley::detail {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Each class of equal keys comes before the next one.
template <class K>
void expect_total_order(const std::vector<std::vector<K>>& classes) {
  for (std::size_t i = 0; i < classes.size(); ++i) {
    for (std::size_t j = 0; j < classes.size(); ++j) {
      for (const K& a : classes[i]) {
        for (const K& b : classes[j]) {
          EXPECT_EQ(comes_before(a, b), i < j) << i << " " << j;
          EXPECT_EQ(same_key(a, b), i == j) << i << " " << j;
          EXPECT_EQ(Descending{}(a, b), i > j);
          EXPECT_TRUE(i != j || hash_key(a) == hash_key(b));
          const auto x = OrderPrefix<Ascending, K>::of(a);
          const auto y = OrderPrefix<Ascending, K>::of(b);
          EXPECT_TRUE(i > j || x <= y) << i << " " << j;
          EXPECT_TRUE(!(OrderPrefix<Ascending, K>::exact) || (x < y) == (i < j));
        }
      }
    }
  }
}

struct Point {
  float x = 0;
  std::string name;
  bool operator==(const Point&) const = default;
  auto operator<=>(const Point&) const = default;
};

TEST(Order, NaNIsTheLargestNumberAndOneKey) {
  const double other_nan = std::bit_cast<double>(0x7ff0000000000123ULL);
  expect_total_order<double>({{-infinity},
                              {-1.5},
                              {-0.0, 0.0},
                              {1e-300},
                              {infinity},
                              {nan, -nan, other_nan, std::sqrt(-1.0)}});
  const float nan32 = std::numeric_limits<float>::quiet_NaN();
  expect_total_order<float>({{-1.5F}, {-0.0F, 0.0F}, {2.5F}, {nan32, -nan32}});
  expect_total_order<long double>({{-1.5L}, {-0.0L, 0.0L}, {2.5L}, {nan, -nan}});
}

TEST(Order, NumbersInsideOfKeysCount) {
  expect_total_order<std::pair<double, int>>({{{1, 7}}, {{nan, 3}, {-nan, 3}}, {{nan, 4}}});
  expect_total_order<std::pair<std::string, double>>(
      {{{"a", nan}}, {{"b", -0.0}, {"b", 0.0}}, {{"b", nan}, {"b", -nan}}, {{"c", 0}}});
  expect_total_order<std::array<double, 2>>({{{1, nan}}, {{nan, 0.0}, {nan, -0.0}}, {{nan, nan}}});
  expect_total_order<std::vector<double>>({{{}}, {{1}}, {{1, nan}, {1, -nan}}, {{nan}}});
  expect_total_order<std::optional<double>>({{std::nullopt}, {0.0, -0.0}, {nan, -nan}});
  expect_total_order<std::tuple<int, double, int>>(
      {{{1, nan, 1}, {1, -nan, 1}}, {{1, nan, 2}}, {{2, 0, 0}}});
  const float nan32 = std::numeric_limits<float>::quiet_NaN();
  expect_total_order<Point>({{{1, "z"}}, {{nan32, "a"}, {-nan32, "a"}}, {{nan32, "b"}}});
}

TEST(Order, OtherKeysAreComparedAsTheyWere) {
  expect_total_order<int>({{-1}, {0}, {1}});
  expect_total_order<std::string>({{""}, {"a"}, {"ab"}});
  EXPECT_TRUE(same_key(std::string("ab"), std::string_view("ab")));
  const std::array<std::string, 2> owned{"a", "b"};
  const std::array<std::string_view, 2> views{"a", "b"};
  EXPECT_TRUE(same_key(owned, views));
  const std::pair<std::string, double> key("a", nan);
  EXPECT_TRUE(same_key(key, std::pair<std::string_view, double>("a", -nan)));
  EXPECT_FALSE(same_key(key, std::pair<std::string_view, double>("b", nan)));
}

TEST(Order, ByValuePutsNaNFirst) {
  std::vector<std::pair<int, double>> pairs{{1, 2}, {4, nan}, {2, 7}, {3, nan}, {5, 7}};
  std::sort(pairs.begin(), pairs.end(), by_value);
  std::vector<int> keys;
  for (const auto& [key, value] : pairs) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<int>{3, 4, 2, 5, 1}));
}

}  // namespace
}  // namespace volley::detail
