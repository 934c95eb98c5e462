#include "config/properties_file.hpp"

#include <gmock/gmock.h>

namespace volley::config {

static void PrintTo(const Property& p, std::ostream* out) {
  *out << p.line << ": '" << p.key << "' = '" << p.value << "'";
}
static bool operator==(const Property& a, const Property& b) {
  return a.key == b.key && a.value == b.value && a.line == b.line;
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(PropertiesFile, TakesTheNotationsOfSpark) {
  const struct {
    std::string text;
    Property property;
  } cases[] = {
      {"a.b c", {"a.b", "c", 1}},
      {"a.b=c", {"a.b", "c", 1}},
      {"a.b = c", {"a.b", "c", 1}},
      {"a.b: c", {"a.b", "c", 1}},
      {"  a.b\t \tc d  \r\n", {"a.b", "c d", 1}},
      {"# x\n\n ! y\n a.b   c=d", {"a.b", "c=d", 4}},
      {"a.b=", {"a.b", "", 1}},
      {"a.b==c", {"a.b", "=c", 1}},
      {"a.b one,\\\n  two", {"a.b", "one,two", 1}},
      {"\xEF\xBB\xBF"
       "a.b c",
       {"a.b", "c", 1}},
      {"a.b c # not a comment", {"a.b", "c # not a comment", 1}},
  };
  for (const auto& [text, property] : cases) {
    const auto file = parse_properties(text, "f");
    EXPECT_THAT(file.properties, ElementsAre(property)) << text;
    EXPECT_THAT(file.problems, IsEmpty()) << text;
  }
}

TEST(PropertiesFile, CountsLinesThroughContinuationsAndComments) {
  const auto file = parse_properties("a 1\\\n2\n#\nb 3\n\nc 4", "f");
  EXPECT_THAT(file.properties,
              ElementsAre(Property{"a", "12", 1}, Property{"b", "3", 4}, Property{"c", "4", 6}));
}

TEST(PropertiesFile, NamesFileAndLineOfEveryProblem) {
  const auto file = parse_properties("good 1\nbad\n= x\nfine=2\n", "my.conf");
  EXPECT_THAT(file.problems,
              ElementsAre("my.conf:2: 'bad' has no value (write 'key value' or 'key=value')",
                          "my.conf:3: '= x' has no key before the '='"));
  EXPECT_THAT(file.properties, ElementsAre(Property{"good", "1", 1}, Property{"fine", "2", 4}));
}

TEST(PropertiesFile, EmptyAndBinaryFiles) {
  EXPECT_THAT(parse_properties("", "f").properties, IsEmpty());
  EXPECT_THAT(parse_properties("", "f").problems, IsEmpty());
  EXPECT_THAT(parse_properties(std::string_view("\x7f"
                                                "ELF\0\1",
                                                6),
                               "f")
                  .problems,
              ElementsAre("f:1: not a text file"));
}

}  // namespace
}  // namespace volley::config
