#include "bench/formats.hpp"

#include "bench/plot.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>

namespace volley::bench {
namespace {

using testing::HasSubstr;
using testing::Not;

Report report_of(Format format) {
  Report report;
  report.options.format = format;
  report.options.command_line = "volley bench alltoallv";
  report.options.algorithms = {exchange::Algorithm::pairwise};
  report.conditions = {"0.1.0",
                       "Open MPI v4.1.4",
                       "shared memory",
                       "2026-01-02T03:04:05Z",
                       {{"host<1>", 4}},
                       4,
                       2,
                       8e9,
                       10e9,
                       {{"UCX_TLS", "tcp"}}};
  Row row;
  row.series = "pairwise";
  row.method = "pairwise w16 s4m";
  row.bytes = 4096;
  row.iterations = 200;
  row.slowest = {200, 1e-6, 2e-6, 3e-6, 4e-6, 5e-6, 2.5e-6, 1.5e-6, 2.5e-6};
  row.average = {200, 1e-6, 1.5e-6, 2e-6, 3e-6, 5e-6, 2e-6, 1e-6, 2e-6};
  row.rank_least = 1.1e-6;
  row.rank_mean = 1.234e-6;
  row.rank_most = 12.346e-6;
  row.algorithm_bandwidth = 8.192e9;
  row.bus_bandwidth = 6.144e9;
  row.of_injection = 0.768;
  row.imbalance = 1.25;
  report.rows.push_back(row);
  return report;
}

Report pairs_report(Format format) {
  Report report = report_of(format);
  report.options.kind = Kind::pairs;
  report.rows.clear();
  report.pairs = PairMatrix{2, 8, 1 << 20, {0, 1e-6, 1e-6, 0}, {0, 5e9, 6e9, 0}};
  return report;
}

TEST(Formats, OsuHasItsColumns) {
  Report report = report_of(Format::osu);
  EXPECT_EQ(head(report),
            "\n# Volley MPI All-to-Allv Personalized Exchange Latency Test, columns of the OSU "
            "benchmarks\n# Datatype: MPI_CHAR.\n# Size       Avg Latency(us)\n");
  EXPECT_EQ(line(report, report.rows[0]), "4096                    1.23\n");
  report.options.full = true;
  report.options.percentiles = true;
  EXPECT_THAT(head(report),
              HasSubstr("# Size       Avg Latency(us)   Min Latency(us)   Max Latency(us)  "
                        "Iterations  P50 Tail Lat(us)  P90 Tail Lat(us)  P99 Tail Lat(us)\n"));
  EXPECT_EQ(line(report, report.rows[0]),
            "4096                    1.23              1.10             12.35         200"
            "              1.50              2.00              3.00\n");
  EXPECT_EQ(tail(report), "");
}

TEST(Formats, ImbHasItsColumns) {
  const Report report = report_of(Format::imb);
  EXPECT_THAT(head(report), HasSubstr("# Benchmarking Alltoallv \n# #processes = 4 \n"));
  EXPECT_THAT(head(report),
              HasSubstr("       #bytes #repetitions  t_min[usec]  t_max[usec]  t_avg[usec]\n"));
  EXPECT_EQ(line(report, report.rows[0]),
            "         4096          200         1.10        12.35         1.23\n");
}

TEST(Formats, CsvHasAValueForEveryColumn) {
  const Report report = report_of(Format::csv);
  const std::string names = head(report);
  const std::string values = line(report, report.rows[0]);
  EXPECT_EQ(std::count(names.begin(), names.end(), ','),
            std::count(values.begin(), values.end(), ','));
  EXPECT_THAT(values, HasSubstr("pairwise,pairwise w16 s4m,4096,200,1.000,2.000,1.500,2.500,3.000,"
                                "4.000,5.000,1.234,1.100,12.346,8.192000,6.144000,76.80,1.2500,"));
}

TEST(Formats, TextSaysUnderWhichConditions) {
  const Report report = report_of(Format::text);
  for (const char* part :
       {"4 ranks on 2 nodes", "Open MPI v4.1.4", "injection 8.00 GB/s", "busbw"}) {
    EXPECT_THAT(head(report), HasSubstr(part));
  }
  EXPECT_THAT(line(report, report.rows[0]), HasSubstr("76.8"));
}

TEST(Formats, JsonHoldsEverything) {
  const auto object = boost::json::parse(tail(report_of(Format::json))).as_object();
  EXPECT_EQ(object.at("benchmark").as_string(), "alltoallv");
  EXPECT_EQ(object.at("hosts").as_array()[0].as_object().at("name").as_string(), "host<1>");
  EXPECT_EQ(object.at("environment").as_object().at("UCX_TLS").as_string(), "tcp");
  const auto& row = object.at("rows").as_array()[0].as_object();
  EXPECT_EQ(row.at("bytes").to_number<int>(), 4096);
  EXPECT_DOUBLE_EQ(row.at("slowest_rank_us").as_object().at("median").to_number<double>(), 2);
  EXPECT_DOUBLE_EQ(row.at("percent_of_injection").to_number<double>(), 76.8);
  const auto pairs = boost::json::parse(tail(pairs_report(Format::json))).as_object();
  EXPECT_FALSE(pairs.contains("rows"));
  const auto& latency = pairs.at("pairs").as_object().at("latency_us").as_array();
  EXPECT_TRUE(latency[0].as_array()[0].is_null());
  EXPECT_DOUBLE_EQ(latency[0].as_array()[1].to_number<double>(), 1);
}

TEST(Formats, PairsAreAMatrix) {
  const std::string text = tail(pairs_report(Format::text));
  EXPECT_THAT(text, HasSubstr("from\\to        0        1\n      0        -     5.00\n"));
  EXPECT_EQ(tail(pairs_report(Format::csv)), "0,1,1.000,5.000000\n1,0,1.000,6.000000\n");
}

TEST(Formats, SlowPairsAreNamed) {
  PairMatrix matrix;
  matrix.ranks = 3;
  matrix.latency.assign(9, 1e-6);
  matrix.bandwidth = {0, 5e9, 5e9, 5e9, 0, 1e9, 5e9, 5e9, 0};
  const auto slow = slow_pairs(matrix);
  ASSERT_EQ(slow.size(), 1U);
  EXPECT_EQ(slow[0], (std::pair<std::size_t, std::size_t>{1, 2}));
}

TEST(Plot, CurvesAndMapsAreDocuments) {
  Report report = report_of(Format::text);
  const std::string curves = plot(report);
  for (const char* part : {"<svg ", "</svg>\n", "4 KiB", "injection 8 GB/s", "memcpy 10 GB/s",
                           ">pairwise</text>", "4 ranks on 2 nodes"}) {
    EXPECT_THAT(curves, HasSubstr(part));
  }
  EXPECT_THAT(curves, Not(HasSubstr("nan")));
  EXPECT_THAT(plot(pairs_report(Format::text)), HasSubstr("5.00</text>"));
  report.rows.clear();
  EXPECT_THAT(plot(report), HasSubstr("nothing to draw"));
}

TEST(Plot, PagesEscapeWhatTheyQuote) {
  Report report = report_of(Format::text);
  report.options.command_line = "volley bench <&>";
  EXPECT_THAT(as_html(report, "<svg/>"), HasSubstr("volley bench &lt;&amp;&gt;"));
}

}  // namespace
}  // namespace volley::bench
