#pragma once
// Broadcast: a value that the program makes once and all tasks can read. It is moved to a node when
// a task there first reads it, in pieces that nodes pass on to each other, and kept once on each
// node, in memory that all its executors share. The handle is a few words that lambdas capture by
// value:
//
//   auto stop_words = context.broadcast(read_stop_words());          // Broadcast<std::set<...>>
//   lines.filter([=](std::string_view line) { return !stop_words.value().contains(line); });

#include "program/context_core.hpp"
#include "program/driver_side.hpp"
#include "program/task_context.hpp"

#include <volley/error.hpp>
#include <volley/types.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace volley {

namespace detail {

/// "broadcast at word_count.cpp:12".
std::string name_call(const char* operation, const std::source_location& where);

/// How a T is broadcast: encoded, and decoded once in each process.
template <class T>
struct BroadcastForm {
  using view = const T&;
  static protocol::Bytes bytes_of(const T& value) { return protocol::encode(value); }
  static view view_of(const program::BroadcastCopy& copy) {
    return *static_cast<const T*>(copy.object([](std::span<const std::byte> bytes) {
      auto value = protocol::decode<T>(bytes);
      if (!value) throw std::runtime_error("the bytes of a broadcast do not decode to its type");
      return std::make_shared<const T>(std::move(*value));
    }));
  }
};
/// As it lies in memory, and read in place.
template <class T>
requires protocol::is_bitwise_v<T>
struct BroadcastForm<T> {
  using view = const T&;
  static std::span<const std::byte> bytes_of(const T& value) {
    return std::as_bytes(std::span(&value, 1));
  }
  static view view_of(const program::BroadcastCopy& copy) {
    return *reinterpret_cast<const T*>(copy.bytes().data());
  }
};
template <class T>
requires(protocol::is_bitwise_v<T> &&
         !std::is_same_v<T, bool>) struct BroadcastForm<std::vector<T>> {
  using view = std::span<const T>;
  static std::span<const std::byte> bytes_of(const std::vector<T>& value) {
    return std::as_bytes(std::span(value));
  }
  static view view_of(const program::BroadcastCopy& copy) {
    const auto bytes = copy.bytes();
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
};
template <>
struct BroadcastForm<std::string> {
  using view = std::string_view;
  static std::span<const std::byte> bytes_of(const std::string& value) {
    return std::as_bytes(std::span(value));
  }
  static view view_of(const program::BroadcastCopy& copy) {
    const auto bytes = copy.bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

/// The context that a handle of a shared variable is of. Throws IllegalState where there is none:
/// outside of the program and of tasks.
inline std::shared_ptr<program::ContextCore> context_of(std::uint32_t handle, const char* what) {
  auto core = program::find_context(handle);
  if (core) return core;
  throw IllegalState(std::string(what) +
                     " was used where neither a task nor its program runs: use it in the function "
                     "of an operation, on the thread that calls it");
}

}  // namespace detail

/// Made by Context::broadcast. Copies of it are the same broadcast.
template <class T>
class Broadcast {
 public:
  using Where = std::source_location;
  /// What value() gives: std::span<const E> for std::vector<E> of numbers and structs of numbers,
  /// std::string_view for std::string, const T& for others. Those two and numbers, arrays and
  /// structs of these are read where they lie in the node's memory; of others each executor process
  /// has one object.
  using view = typename detail::BroadcastForm<T>::view;

  /// No broadcast: a place for one, in a struct that is made later.
  Broadcast() = default;

  /// The value. In a task it waits until the node has it, the first time, and is good until the
  /// task ends; in the program until destroy(). A task fails, and the program gets IllegalState,
  /// once it is destroyed ("Attempted to use Broadcast(0) after it was destroyed ...").
  view value() const {
    program::TaskContext* const task = program::TaskContext::current();
    if (task != nullptr && context_ != 0) {
      return detail::BroadcastForm<T>::view_of(task->broadcast(number_));
    }
    return detail::BroadcastForm<T>::view_of(*core()->broadcasts().copy(number_));
  }
  view operator*() const { return value(); }

  /// Lets all nodes but the program's own forget it, once no task reads it; a task that reads it
  /// after that fetches it again. For the program; throws IllegalState once it is destroyed.
  void unpersist() const {
    const auto context = core();
    context->request(context->broadcasts().unpersist(number_));
  }
  /// Forgets it everywhere, once no task reads it. It cannot be used any more, not even by tasks
  /// that are running and did not yet read it. For the program; throws IllegalState the second
  /// time.
  void destroy(Where where = Where::current()) const {
    const auto context = core();
    context->request(context->broadcasts().destroy(number_, detail::name_call("destroy", where)));
  }
  /// Counted from 0 within the program.
  std::uint32_t id() const { return number_; }

 private:
  friend class Context;
  Broadcast(std::uint32_t number, std::uint32_t context, std::uint64_t content)
      : number_(number), context_(context), content_(content | not_an_address) {}
  std::shared_ptr<program::ContextCore> core() const {
    return detail::context_of(context_, "a broadcast");
  }

  /// Captures are searched for addresses, and these have no such bit.
  static constexpr std::uint64_t not_an_address = 1ULL << 63U;
  std::uint32_t number_ = 0;
  std::uint32_t context_ = 0;
  std::uint64_t content_ = 0;  ///< with it, captures say what the function reads
};

namespace detail {

/// Handles travel as they lie in memory, also as arguments of volley::bind and in structs.
template <class Handle>
struct HandleCodec {
  static void write(protocol::Writer& out, const Handle& handle) {
    out.raw(&handle, sizeof handle);
  }
  static void read(protocol::Reader& in, Handle& handle) {
    in.raw(static_cast<void*>(&handle), sizeof handle);
  }
};

}  // namespace detail
}  // namespace volley

template <class T>
struct volley::protocol::codec<volley::Broadcast<T>>
    : volley::detail::HandleCodec<volley::Broadcast<T>> {};
