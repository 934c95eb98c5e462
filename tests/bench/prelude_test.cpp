#include "bench/dataflow/entries.hpp"

#include <gtest/gtest.h>

namespace volley::bench {
namespace {

TEST(BenchPrelude, ReachesTheApplicationAsText) {
  Prelude prelude;
  prelude.conditions.library = "an MPI, \"with\" blanks";
  prelude.conditions.hosts = {{"node1", 4}};
  prelude.conditions.copy = 1.5;
  Row row;
  row.series = "mpi-path";
  row.bytes = 1ULL << 40U;
  row.slowest.median = 0.25;
  row.of_injection = 0.5;
  prelude.rows.push_back(row);
  const std::string text = encode_prelude(prelude);
  EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos);
  const auto back = decode_prelude(text);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->conditions.library, prelude.conditions.library);
  EXPECT_EQ(back->conditions.hosts, prelude.conditions.hosts);
  ASSERT_EQ(back->rows.size(), 1U);
  EXPECT_EQ(back->rows[0].series, "mpi-path");
  EXPECT_EQ(back->rows[0].bytes, 1ULL << 40U);
  EXPECT_EQ(back->rows[0].slowest.median, 0.25);
  EXPECT_EQ(back->rows[0].of_injection, 0.5);
  EXPECT_FALSE(decode_prelude("").has_value());
  EXPECT_FALSE(decode_prelude(text.substr(2)).has_value());
  EXPECT_FALSE(decode_prelude(text.substr(1)).has_value());
}

TEST(BenchPrelude, EveryDataflowKindHasAnApplication) {
  for (const Kind kind : {Kind::shuffle, Kind::sort, Kind::word_count}) {
    const ApplicationEntry* entry = application_named(name_of(kind));
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->name, name_of(kind));
  }
  EXPECT_EQ(application_named("alltoall"), nullptr);
  EXPECT_EQ(application_named("shuffle.so"), nullptr);
}

}  // namespace
}  // namespace volley::bench
