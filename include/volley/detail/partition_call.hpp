#pragma once
// PartitionCall: the function of a partitioner that is not by hash, from a key to its partition. It
// travels as the address of what makes it and its captures, so that operations need not know its
// type, and its hash tells equal partitioners.

#include <volley/closure.hpp>
#include <volley/error.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace volley::detail {

/// Its result is checked: InvalidArgument for a partition that does not exist.
template <class K>
using PartitionCall = std::function<std::uint32_t(const K&)>;
template <class K>
using PartitionMaker = PartitionCall<K> (*)(const protocol::Bytes& captures,
                                            std::uint32_t partitions);

template <class K, class F>
PartitionCall<K> make_partition_call(const protocol::Bytes& captures, std::uint32_t partitions) {
  protocol::Reader in(captures);
  return [function = std::make_shared<Shipped<F>>(in), partitions](const K& key) {
    const auto found = static_cast<std::int64_t>(function->get()(key));
    if (found < 0 || found >= static_cast<std::int64_t>(partitions)) {
      throw InvalidArgument("the partitioner puts a key into partition " + std::to_string(found) +
                            " of " + std::to_string(partitions));
    }
    return static_cast<std::uint32_t>(found);
  };
}

template <class K, class F>
protocol::Closure partition_closure(const F& function, const std::string& operation) {
  protocol::Closure closure;
  const PartitionMaker<K> maker = &make_partition_call<K, F>;
  closure.function = program::identify(reinterpret_cast<const void*>(maker));
  protocol::Writer out(closure.captures);
  pack_function(out, function, operation);
  out.finish();
  return closure;
}

template <class K>
PartitionCall<K> load_partition_call(const protocol::Closure& closure, std::uint32_t partitions) {
  const auto address = program::resolve(closure.function);
  if (!address) throw IllegalState(address.error());
  const auto maker = reinterpret_cast<PartitionMaker<K>>(const_cast<void*>(address.value()));
  return maker(closure.captures, partitions);
}

}  // namespace volley::detail
