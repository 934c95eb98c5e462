// package_report STATUS LOG OUTPUT: what is installed on a Debian machine, and when it came.
//
// STATUS is the package database, /var/lib/dpkg/status; LOG is the package manager's log, for
// example "/var/log/dpkg.log*" (old logs are compressed: .gz files are read as they are). Prints
// the largest sections and the packages on which most others depend, and writes three directories:
//
//   OUTPUT/sections      (section,(packages,KiB))
//   OUTPUT/days          (day,(packages,KiB)): what was last installed on that day, by day
//   OUTPUT/dependencies  "package dependency" lines: a graph for page_rank

#include <volley/volley.hpp>

#include <charconv>
#include <iostream>

namespace {

// Records may be structs: an aggregate (no constructors, no private members) travels as it is.
struct Package {
  std::string name;
  std::string section;
  std::int64_t kib = 0;
  std::vector<std::string> depends;
};

/// (packages, KiB)
using Total = std::pair<std::int64_t, std::int64_t>;

Total add(const Total& a, const Total& b) { return {a.first + b.first, a.second + b.second}; }

/// The names in "libc6 (>= 2.34), debconf | debconf-2.0": of alternatives the first.
std::vector<std::string> parse_dependencies(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(item.size() + 1, text.size()));
    const auto begin = std::min(item.find_first_not_of(' '), item.size());
    const auto end = std::min(item.find_first_of(" :(|", begin), item.size());
    if (end > begin) names.emplace_back(item.substr(begin, end - begin));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

/// Builds packages from the lines "Key: value" of a database, one after another.
class PackageParser {
 public:
  void line(std::string_view text) {
    if (text.empty()) return end_package();
    const auto colon = text.find(": ");
    if (text.front() == ' ' || colon == std::string_view::npos) return;  // goes on, or says nothing
    const std::string_view key = text.substr(0, colon);
    const std::string_view value = text.substr(colon + 2);
    if (key == "Package") package_.name = value;
    if (key == "Section") package_.section = value;
    if (key == "Status") installed_ = value == "install ok installed";
    if (key == "Installed-Size") {
      std::from_chars(value.data(), value.data() + value.size(), package_.kib);
    }
    if (key == "Depends" || key == "Pre-Depends") {
      for (std::string& name : parse_dependencies(value)) package_.depends.push_back(name);
    }
  }
  std::vector<Package> take() {
    end_package();
    return std::move(packages_);
  }

 private:
  void end_package() {
    if (!package_.name.empty() && installed_) packages_.push_back(std::move(package_));
    package_ = {};
    installed_ = false;
  }
  Package package_;
  bool installed_ = false;
  std::vector<Package> packages_;
};

/// "DAY TIME status installed NAME:ARCHITECTURE VERSION" gives (NAME, DAY). The views stay valid:
/// the log's lines are mapped into memory.
template <class Emit>
void parse_event(std::string_view line, Emit&& emit) {
  std::array<std::string_view, 5> words;
  std::size_t count = 0;
  volley::for_each_word(line, [&](std::string_view word) {
    if (count < words.size()) words[count++] = word;
  });
  if (count < words.size() || words[2] != "status" || words[3] != "installed") return;
  emit(std::pair{words[4].substr(0, words[4].find(':')), words[0]});
}

/// Prints the largest sections and saves all.
void report_sections(const volley::Rdd<Package>& packages, const std::string& output) {
  const auto sections = packages
                            .map([](const Package& package) {
                              return std::pair{package.section, Total{1, package.kib}};
                            })
                            .reduce_by_key(add);  // a plain function does as well as a lambda
  // top with an order of one's own: a function that says whether a comes before b.
  const auto largest = sections.top(10, [](const auto& a, const auto& b) {
    return std::pair(b.second.second, a.first) < std::pair(a.second.second, b.first);
  });
  std::cout << "section\tpackages\tKiB\n";
  for (const auto& [section, total] : largest) {
    std::cout << section << '\t' << total.first << '\t' << total.second << '\n';
  }
  sections.sort_by_key().save_as_text_file(output);
}

/// Prints the packages on which most others depend and saves the graph.
void report_dependencies(const volley::Rdd<Package>& packages, const std::string& output) {
  const auto edges = packages
                         .flat_map([](const Package& package) {
                           std::vector<std::pair<std::string, std::string>> own;
                           for (const auto& name : package.depends) {
                             own.emplace_back(package.name, name);
                           }
                           return own;
                         })
                         .distinct();
  const auto most = edges.map([](const auto& edge) {
                           return std::pair{edge.second, 1L};
                         })
                        .reduce_by_key(std::plus<>{})
                        .top(10, volley::by_value);
  std::cout << "\npackage\tdependants\n";
  for (const auto& [name, count] : most) std::cout << name << '\t' << count << '\n';
  edges.map([](const auto& edge) { return edge.first + ' ' + edge.second; })
      .save_as_text_file(output);
}

/// The two inputs meet: (package, last day) of the log with (package, size) of the database.
void report_days(const volley::Rdd<Package>& packages, const volley::Rdd<std::string_view>& log,
                 const std::string& output) {
  const auto sizes = packages.map([](const Package& package) {
    return std::pair{package.name, package.kib};
  });
  using Event = std::pair<std::string_view, std::string_view>;
  log.flat_map<Event>([](std::string_view line, auto&& emit) { parse_event(line, emit); })
      .reduce_by_key([](const auto& a, const auto& b) { return std::max(a, b); })
      .join(sizes)
      .map([](const auto& entry) {
        const auto& [day, kib] = entry.second;
        return std::pair{day, Total{1, kib}};
      })
      .reduce_by_key(add)
      .sort_by_key()
      .save_as_text_file(output);
}

}  // namespace

int package_report(volley::Context& context, const std::vector<std::string>& args) {
  if (args.size() != 3) {
    std::cerr << "usage: package_report STATUS LOG OUTPUT\n";
    return 2;
  }
  // A package is many lines, so the file is read as one partition: no package is cut in two.
  // map_partitions hands a function all records of a partition and takes the range it returns.
  auto packages = context.text_file(args[0], 1).map_partitions([](auto& lines) {
    PackageParser parser;
    lines.for_each([&](std::string_view line) { parser.line(line); });
    return parser.take();
  });
  if (packages.num_partitions() != 1) {
    std::cerr << args[0] << ": not one file, or larger than volley.files.maxPartitionBytes\n";
    return 2;
  }
  packages.cache();  // the three reports read it
  report_sections(packages, args[2] + "/sections");
  report_dependencies(packages, args[2] + "/dependencies");
  report_days(packages, context.text_file(args[1]), args[2] + "/days");
  return 0;
}
VOLLEY_APPLICATION(package_report)
