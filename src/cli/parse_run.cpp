#include "cli/parse_run.hpp"

#include "cli/run_options.hpp"
#include "config/suggestion.hpp"

#include <fmt/format.h>

#include <optional>

namespace volley::cli {
namespace {

using config::Layer;

std::vector<std::string_view> option_names() {
  std::vector<std::string_view> names;
  for (const RunOption& option : run_options()) {
    if (option.meaning != Meaning::ignored) names.push_back(option.name);
  }
  return names;
}

/// Whether the text is a number, or a size, that is zero or less.
bool is_not_positive(std::string_view text) {
  return text.starts_with('-') || text.find_first_of("123456789") == std::string_view::npos;
}

/// One pass over the options, up to APP.
class Parser {
 public:
  explicit Parser(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  /// Takes all options; leaves next_ at APP. A help, version or error result ends the parse.
  std::optional<RunParse> take_options() {
    while (next_ < arguments_.size()) {
      const std::string& word = arguments_[next_];
      if (word == "--") {
        ++next_;
        break;
      }
      if (!word.starts_with('-') || word == "-") break;
      ++next_;
      if (auto result = take_option(word)) return result;
    }
    return std::nullopt;
  }

  bool has_application() const { return next_ < arguments_.size(); }
  const std::string& application() const { return arguments_[next_]; }
  std::vector<std::string> application_arguments() const {
    return {arguments_.begin() + static_cast<std::ptrdiff_t>(next_) + 1, arguments_.end()};
  }

  config::Configuration configuration;
  std::string properties_file;
  std::vector<std::string> ignored;
  bool verbose = false;

 private:
  std::optional<RunParse> take_option(const std::string& word) {
    const auto equals = word.starts_with("--") ? word.find('=') : std::string::npos;
    const std::string name = word.substr(0, equals);
    const RunOption* option = find_run_option(name);
    if (option == nullptr) {
      return UsageError{fmt::format("Unrecognized option '{}'{} ('volley help run' lists them)",
                                    name, config::did_you_mean(name, option_names()))};
    }
    std::string value;
    if (option->value.empty()) {
      if (equals != std::string::npos) {
        return UsageError{fmt::format("{} takes no value", name)};
      }
    } else if (equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else if (next_ < arguments_.size()) {
      value = arguments_[next_++];
    } else {
      return UsageError{fmt::format("{} needs a value: {} {}", name, name, option->value)};
    }
    return apply(*option, name, value);
  }

  std::optional<RunParse> apply(const RunOption& option, const std::string& name,
                                const std::string& value) {
    switch (option.meaning) {
      case Meaning::help:
        return HelpAsked{};
      case Meaning::version:
        return VersionAsked{};
      case Meaning::verbose:
        verbose = true;
        break;
      case Meaning::ignored:
        ignored.push_back(name);
        break;
      case Meaning::properties_file:
        properties_file = value;
        break;
      case Meaning::conf: {
        const auto equals = value.find('=');
        if (equals == std::string::npos || equals == 0) {
          return UsageError{fmt::format("{} '{}' is not KEY=VALUE", name, value)};
        }
        configuration.set(Layer::command_line, value.substr(0, equals), value.substr(equals + 1),
                          name);
        break;
      }
      case Meaning::key:
        if (!option.positive.empty() && is_not_positive(value)) {
          return UsageError{
              fmt::format("{} must be a positive number ({} {})", option.positive, name, value)};
        }
        configuration.set(Layer::command_line, std::string(option.key), value, name);
        break;
    }
    return std::nullopt;
  }

  const std::vector<std::string>& arguments_;
  std::size_t next_ = 0;
};

/// Adds the properties file and the defaults file to what the command line said.
std::optional<UsageError> add_files(Parser& parser, const config::Environment& environment,
                                    const Files& files) {
  if (const std::string& name = parser.properties_file; !name.empty()) {
    const auto text = files.read(name);
    if (!text) return UsageError{fmt::format("--properties-file {}", text.error()), true};
    parser.configuration.add_file(Layer::properties_file,
                                  config::parse_properties(text.value(), name), name);
  }
  const auto added = config::add_defaults(parser.configuration,
                                          config::defaults_candidates(environment, files.prefix),
                                          files.exists, files.read);
  if (!added) return UsageError{added.error(), true};
  return std::nullopt;
}

}  // namespace

RunParse parse_run(const std::vector<std::string>& arguments,
                   const config::Environment& environment, const Files& files) {
  Parser parser(arguments);
  if (auto result = parser.take_options()) return *result;
  if (!parser.has_application()) {
    return UsageError{"Missing application: volley run [options] APP [arguments]"};
  }
  const std::string& application = parser.application();
  if (const std::string problem = files.application_problem(application); !problem.empty()) {
    return UsageError{fmt::format("APP {}: {}", application, problem), true};
  }
  if (auto error = add_files(parser, environment, files)) return *error;

  RunParsed parsed;
  if (!parser.ignored.empty()) {
    parsed.notes.push_back(fmt::format("ignoring spark-submit options without a meaning here: {}",
                                       fmt::join(parser.ignored, ", ")));
  }
  parsed.request = {application, parser.application_arguments(), std::move(parser.configuration),
                    parser.verbose};
  launch::set_default_name(parsed.request);
  const auto validation = parsed.request.configuration.validate();
  if (!validation.ok()) {
    return UsageError{fmt::format("{}", fmt::join(validation.errors, "\n"))};
  }
  parsed.notes.insert(parsed.notes.end(), validation.warnings.begin(), validation.warnings.end());
  parsed.notes.insert(parsed.notes.end(), validation.notices.begin(), validation.notices.end());
  return parsed;
}

}  // namespace volley::cli
