#include "config/option_table.hpp"

#include <gmock/gmock.h>

#include <set>

namespace volley::config {
namespace {

using testing::HasSubstr;

TEST(OptionTable, KeysAreUniqueAndDocumentedInOneLine) {
  std::set<std::string_view> seen;
  for (const Option& option : option_table()) {
    EXPECT_TRUE(seen.insert(option.key).second) << option.key;
    EXPECT_TRUE(option.key.starts_with("volley.")) << option.key;
    EXPECT_TRUE(option.doc.ends_with('.')) << option.key;
    EXPECT_EQ(option.doc.find_first_of("\n|"), std::string_view::npos) << option.key;
  }
}

TEST(OptionTable, DefaultsAndBoundsAreValuesOfTheirOptions) {
  for (const Option& option : option_table()) {
    for (const std::string_view text : {option.fallback, option.minimum, option.maximum}) {
      if (text.empty()) continue;
      const auto value = parse_value(option, text);
      EXPECT_TRUE(value.ok()) << option.key << ": " << (value ? "" : value.error());
    }
    if (option.fallback.empty()) {
      EXPECT_EQ(option.type, OptionType::text) << option.key;
    }
  }
}

TEST(OptionTable, OptionsOfACategoryStandTogether) {
  std::set<Category> closed;
  std::optional<Category> current;
  for (const Option& option : option_table()) {
    if (current == option.category) continue;
    if (current) closed.insert(*current);
    current = option.category;
    EXPECT_FALSE(closed.contains(*current)) << option.key;
  }
}

struct ValueCase {
  const char* key;
  const char* text;
  OptionValue value;
};

TEST(OptionValue, FollowsTypeAndUnit) {
  using base::ByteCount;
  using base::Duration;
  const ValueCase cases[] = {
      {"volley.executor.memory", "2g", ByteCount{2ULL << 30U}},
      {"volley.executor.memory", "0", ByteCount{0}},
      {"volley.executor.memory", "512", ByteCount{512ULL << 20U}},
      {"volley.files.maxPartitionBytes", "4096", ByteCount{4096}},
      {"volley.locality.wait", "500", Duration{std::chrono::milliseconds{500}}},
      {"volley.network.timeout", "90", Duration{std::chrono::seconds{90}}},
      {"volley.network.timeout", "2min", Duration{std::chrono::minutes{2}}},
      {"volley.executor.cores", " 8 ", std::int64_t{8}},
      {"volley.ui.showConsoleProgress", "FALSE", false},
      {"volley.scheduler.minRegisteredResourcesRatio", "0.5", 0.5},
      {"volley.submit.deployMode", "client", std::string("client")},
      {"volley.app.name", "", std::string()},
  };
  for (const auto& [key, text, expected] : cases) {
    const auto value = parse_value(*find_option(key), text);
    ASSERT_TRUE(value.ok()) << key << ": " << value.error();
    EXPECT_EQ(value.value(), expected) << key << " " << text;
  }
}

TEST(OptionValue, SaysWhatIsWrong) {
  const struct {
    const char* key;
    const char* text;
    const char* problem;
  } cases[] = {
      {"volley.executor.cores", "many", "'many' is not a whole number"},
      {"volley.executor.cores", "", "'' is not a whole number"},
      {"volley.executor.cores", "2.5", "'2.5' is not a whole number"},
      {"volley.executor.cores", "-1", "'-1' is less than the minimum 0"},
      {"volley.executor.memory", "1m", "'1m' is less than the minimum 16m"},
      {"volley.executor.memory", "4q", "unknown unit 'q'"},
      {"volley.exchange.segment", "2g", "'2g' is more than the maximum 1g"},
      {"volley.scheduler.minRegisteredResourcesRatio", "1.5", "more than the maximum 1"},
      {"volley.scheduler.minRegisteredResourcesRatio", "nan", "not a finite number"},
      {"volley.ui.showConsoleProgress", "yes", "'yes' is not true or false"},
      {"volley.submit.deployMode", "clus", "'clus' is not one of cluster, client"},
      {"volley.task.maxFailures", "0", "'0' is less than the minimum 1"},
  };
  for (const auto& [key, text, problem] : cases) {
    const auto value = parse_value(*find_option(key), text);
    ASSERT_FALSE(value.ok()) << key << " " << text;
    EXPECT_THAT(value.error(), HasSubstr(problem)) << key;
  }
}

TEST(OptionValue, MEM_004_AMemoryLimitThatIsTooSmallIsRefused) {
  for (const char* key : {"volley.executor.memory", "volley.driver.memory"}) {
    const auto value = parse_value(*find_option(key), "15m");
    ASSERT_FALSE(value.ok()) << key;
    EXPECT_THAT(value.error(), HasSubstr("'15m' is less than the minimum 16m")) << key;
  }
}

TEST(OptionListing, HasEveryOption) {
  for (const Option& option : option_table()) {
    EXPECT_THAT(options_as_markdown(), HasSubstr(std::string("| `") + std::string(option.key)));
    EXPECT_THAT(options_as_text(), HasSubstr(std::string(option.key)));
  }
  EXPECT_THAT(options_as_markdown(),
              HasSubstr("| `volley.driver.memory` | `1g` | size (MiB) | at least 16m | "
                        "application | Memory of the driver. |"));
}

}  // namespace
}  // namespace volley::config
