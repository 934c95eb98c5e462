#include "program/file_table.hpp"

#include "base/units.hpp"
#include "io/file_bytes.hpp"
#include "io/io_error.hpp"
#include "storage/scratch_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

namespace volley::program {

std::string FileTable::path_of(const std::string& name,
                               const std::function<std::span<const std::byte>()>& bytes) {
  std::shared_ptr<Entry> entry;
  {
    const std::lock_guard lock(mutex_);
    auto& held = entries_[name];
    if (held == nullptr) held = std::make_shared<Entry>();
    entry = held;
  }
  const std::lock_guard lock(entry->mutex);
  if (!entry->file) entry->file = write(name, bytes());
  return fmt::format("/proc/{}/fd/{}", ::getpid(), entry->file.get());
}

base::Fd FileTable::write(const std::string& name, std::span<const std::byte> bytes) const {
  const auto fail = [&](const std::string& why) -> std::runtime_error {
    return std::runtime_error(fmt::format("cannot keep the added file '{}' ({}): {}", name,
                                          base::format_bytes(bytes.size()), why));
  };
  auto file = storage::open_scratch_file(scratch_);
  if (!file) throw fail(file.error());
  if (!io::write_fully(file.value().get(), bytes)) {
    throw fail(fmt::format("{}: {}", scratch_, io::error_text(errno)));
  }
  return std::move(file).value();
}

}  // namespace volley::program
