#include "config/configuration.hpp"

#include <gmock/gmock.h>

namespace volley::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

TEST(Configuration, GivesDefaultsWhenNobodySaysOtherwise) {
  const Configuration configuration;
  EXPECT_EQ(configuration.bytes("volley.driver.memory").value, 1ULL << 30U);
  EXPECT_EQ(configuration.duration("volley.locality.wait"), std::chrono::seconds{3});
  EXPECT_EQ(configuration.integer("volley.task.maxFailures"), 4);
  EXPECT_EQ(configuration.number("volley.scheduler.minRegisteredResourcesRatio"), 0.8);
  EXPECT_TRUE(configuration.flag("volley.output.validateSpecs"));
  EXPECT_EQ(configuration.text("volley.submit.deployMode"), "cluster");
  EXPECT_FALSE(configuration.is_set("volley.submit.deployMode"));
  EXPECT_THAT(configuration.to_pairs(), IsEmpty());
  EXPECT_TRUE(configuration.validate().ok());
}

TEST(Configuration, StrongerLayersWinWhateverTheOrder) {
  const std::string key = "volley.task.maxFailures";
  const Layer layers[] = {Layer::program, Layer::command_line, Layer::properties_file,
                          Layer::defaults_file};
  for (std::size_t strongest = 0; strongest < std::size(layers); ++strongest) {
    Configuration forwards;
    Configuration backwards;
    for (std::size_t i = strongest; i < std::size(layers); ++i) {
      forwards.set(layers[i], key, std::to_string(i + 10), "here");
    }
    for (std::size_t i = std::size(layers); i-- > strongest;) {
      backwards.set(layers[i], key, std::to_string(i + 10), "here");
    }
    EXPECT_EQ(forwards.integer(key), static_cast<std::int64_t>(strongest) + 10);
    EXPECT_EQ(backwards.integer(key), static_cast<std::int64_t>(strongest) + 10);
  }
}

TEST(Configuration, LastOfALayerWinsAlsoAcrossSparkAndVolleyKeys) {
  Configuration configuration;
  configuration.set(Layer::command_line, "volley.executor.cores", "2", "a");
  configuration.set(Layer::command_line, "spark.executor.cores", "3", "b");
  EXPECT_EQ(configuration.integer("volley.executor.cores"), 3);
  configuration.set(Layer::command_line, "volley.executor.cores", "4", "c");
  EXPECT_EQ(configuration.integer("volley.executor.cores"), 4);
  EXPECT_THAT(configuration.to_pairs(), ElementsAre(Pair("volley.executor.cores", "4")));
}

TEST(Configuration, RenamedSparkKeysReachTheirOption) {
  Configuration configuration;
  configuration.set(Layer::command_line, "spark.hadoop.validateOutputSpecs", "false", "a");
  configuration.set(Layer::command_line, "spark.yarn.maxAppAttempts", "5", "a");
  EXPECT_FALSE(configuration.flag("volley.output.validateSpecs"));
  EXPECT_EQ(configuration.integer("volley.am.maxAttempts"), 5);
}

TEST(Configuration, ReportsEverythingWrongAtOnce) {
  Configuration configuration;
  configuration.add_file(Layer::defaults_file,
                         parse_properties("volley.executr.memory 2g\nbare\n", "d.conf"), "d.conf");
  configuration.add_file(Layer::properties_file,
                         parse_properties("\nspark.task.maxFailures=few\n", "p.conf"), "p.conf");
  configuration.set(Layer::command_line, "volley.submit.deployMode", "x", "--deploy-mode");
  configuration.set(Layer::program, "volley.rank.slots", "2", "main.cpp");
  const Validation validation = configuration.validate();
  EXPECT_THAT(
      validation.errors,
      ElementsAre(
          "d.conf:2: 'bare' has no value (write 'key value' or 'key=value')",
          "d.conf:1: unknown option 'volley.executr.memory'; did you mean "
          "'volley.executor.memory'?",
          "p.conf:2: spark.task.maxFailures: 'few' is not a whole number",
          "--deploy-mode: volley.submit.deployMode: 'x' is not one of cluster, client",
          "main.cpp: volley.rank.slots is read before the program starts; set it with --conf or in "
          "a properties file"));
}

TEST(Configuration, ReportsABadValueEvenWhenAStrongerOneHidesIt) {
  Configuration configuration;
  configuration.set(Layer::defaults_file, "volley.executor.cores", "x", "d.conf:1");
  configuration.set(Layer::command_line, "volley.executor.cores", "1", "--executor-cores");
  EXPECT_THAT(configuration.validate().errors, ElementsAre(HasSubstr("d.conf:1")));
}

TEST(Configuration, SparkKeysWithoutMeaningMakeOneNoticeAndForeignKeysWarnings) {
  Configuration configuration;
  for (const char* key : {"spark.executor.extraJavaOptions", "spark.serializer", "spark.serializer",
                          "hive.exec.dynamic"}) {
    configuration.set(Layer::command_line, key, "x", "--conf");
  }
  const Validation validation = configuration.validate();
  EXPECT_TRUE(validation.ok());
  EXPECT_THAT(validation.notices, ElementsAre("ignoring Spark options without a meaning here: "
                                              "spark.executor.extraJavaOptions, spark.serializer"));
  EXPECT_THAT(validation.warnings,
              ElementsAre("--conf: ignoring 'hive.exec.dynamic', which is not a Volley property"));
  EXPECT_THAT(configuration.to_pairs(), IsEmpty());
}

TEST(Configuration, HB_003_HeartbeatMustBeShorterThanTheTimeout) {
  Configuration configuration;
  configuration.set(Layer::command_line, "volley.network.timeout", "10s", "--conf");
  EXPECT_THAT(configuration.validate().errors,
              ElementsAre("volley.network.timeout=10s must be greater than "
                          "volley.executor.heartbeatInterval=10s"));
}

TEST(Configuration, DYN_001_LimitsOnExecutorsMustFit) {
  const auto errors = [](const std::string& least, const std::string& most) {
    Configuration configuration;
    configuration.set(Layer::command_line, "spark.dynamicAllocation.minExecutors", least, "--conf");
    configuration.set(Layer::command_line, "spark.dynamicAllocation.maxExecutors", most, "--conf");
    return configuration.validate().errors;
  };
  EXPECT_THAT(errors("2", "1"),
              ElementsAre("volley.dynamicAllocation.minExecutors=2 must not be greater than "
                          "volley.dynamicAllocation.maxExecutors=1"));
  EXPECT_EQ(errors("-1", "1").size(), 1U);
  EXPECT_EQ(errors("0", "-1").size(), 1U);
  EXPECT_THAT(errors("1", "1"), IsEmpty());
  EXPECT_THAT(errors("1", "2"), IsEmpty());
}

TEST(Configuration, PairsCarryTheValuesInForceAndLeaveTheProgramTheLastWord) {
  Configuration configuration;
  configuration.set(Layer::defaults_file, "spark.task.maxFailures", "7", "d.conf:1");
  configuration.set(Layer::command_line, "volley.executor.cores", "2", "--executor-cores");
  auto copy = Configuration::from_pairs(configuration.to_pairs());
  EXPECT_EQ(copy.to_pairs(), configuration.to_pairs());
  EXPECT_EQ(copy.integer("volley.task.maxFailures"), 7);
  copy.set(Layer::program, "volley.task.maxFailures", "1", "main.cpp");
  EXPECT_EQ(copy.integer("volley.task.maxFailures"), 1);
}

TEST(Configuration, EffectiveValuesNameTheirSource) {
  Configuration configuration;
  configuration.set(Layer::command_line, "spark.executor.memory", "2g", "--conf");
  std::size_t found = 0;
  for (const auto& [key, value, origin] : configuration.effective()) {
    if (key == "volley.executor.memory") {
      EXPECT_EQ(value + " " + origin, "2g --conf");
      ++found;
    } else {
      EXPECT_EQ(origin, "default") << key;
    }
  }
  EXPECT_EQ(found, 1U);
  EXPECT_EQ(configuration.effective().size(), option_table().size());
}

TEST(ConfigurationDeathTest, AnUnknownKeyInTheCodeIsABug) {
  EXPECT_DEATH((void)Configuration().integer("volley.no.such"), "no option 'volley.no.such'");
  EXPECT_DEATH((void)Configuration().integer("volley.executor.memory"), "of another type");
}

}  // namespace
}  // namespace volley::config
