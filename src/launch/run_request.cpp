#include "launch/run_request.hpp"

#include "config/defaults_file.hpp"
#include "protocol/codec.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace volley::launch {
namespace {

using base::Failure;
using base::Result;

/// What travels of a RunRequest.
struct Parcel {
  std::string application;
  std::vector<std::string> arguments;
  std::vector<config::Entry> entries;
  bool verbose = false;
};

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool is_for(const RunRequest& request, const std::string& self) {
  std::error_code error;
  return std::filesystem::equivalent(request.application, self, error);
}

}  // namespace

std::string encode_request(const RunRequest& request) {
  static constexpr std::string_view digits = "0123456789abcdef";
  const Parcel parcel{request.application, request.arguments, request.configuration.entries(),
                      request.verbose};
  std::string text;
  for (const std::byte byte : protocol::encode(parcel)) {
    text += digits[std::to_integer<std::size_t>(byte) >> 4U];
    text += digits[std::to_integer<std::size_t>(byte) & 15U];
  }
  return text;
}

Result<RunRequest> decode_request(std::string_view text) {
  const Failure damaged{
      fmt::format("{} is damaged or of another build of Volley; start the application again",
                  request_variable)};
  if (text.size() % 2 != 0) return damaged;
  protocol::Bytes bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit_of(text[i]);
    const int low = digit_of(text[i + 1]);
    if (high < 0 || low < 0) return damaged;
    bytes.push_back(static_cast<std::byte>(high * 16 + low));
  }
  auto parcel = protocol::decode<Parcel>(bytes);
  if (!parcel) return damaged;
  return RunRequest{std::move(parcel->application), std::move(parcel->arguments),
                    config::Configuration(std::move(parcel->entries)), parcel->verbose};
}

Result<RunRequest> request_of_executable(const std::string& self,
                                         const std::vector<std::string>& arguments,
                                         const config::Environment& environment) {
  if (const auto text = environment.find(request_variable)) {
    auto request = decode_request(*text);
    // A program that an application starts inherits the variable without being meant.
    if (!request || is_for(request.value(), self)) return request;
  }
  RunRequest request{self, arguments, {}, false};
  const auto candidates = config::defaults_candidates(environment, config::installation_prefix());
  const auto exists = [](const std::string& path) { return std::filesystem::exists(path); };
  const auto added =
      config::add_defaults(request.configuration, candidates, exists, config::read_file);
  if (!added) return added.failure();
  set_default_name(request);
  if (const auto validation = request.configuration.validate(); !validation.ok()) {
    return Failure{fmt::format("{}", fmt::join(validation.errors, "\n"))};
  }
  return request;
}

void set_default_name(RunRequest& request) {
  if (!request.configuration.text("volley.app.name").empty()) return;
  request.configuration.set(config::Layer::defaults_file, "volley.app.name",
                            std::filesystem::path(request.application).filename().string(),
                            "file name of APP");
}

base::LogLevel log_level(const RunRequest& request) {
  const std::string text = request.configuration.text("volley.log.level");
  if (text == "debug") return base::LogLevel::debug;
  if (text == "warn") return base::LogLevel::warn;
  if (text == "error") return base::LogLevel::error;
  if (text == "off") return base::LogLevel::off;
  return base::LogLevel::info;
}

bool containers_are_threads(const RunRequest& request) {
  return request.configuration.text("volley.isolation") == "none";
}

}  // namespace volley::launch
