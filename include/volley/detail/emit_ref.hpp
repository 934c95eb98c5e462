#pragma once
// EmitRef: the consumer of records behind one pointer to a function. What works on parts that went
// to disk hands its records on through it, so that it is compiled once for a type of records and
// not for every consumer; a call through a pointer is nothing beside the disk.

#include <utility>

namespace volley::detail {

/// Record: `const T&` or `T&&`, as the consumer is called. The consumer must outlive this.
template <class Record>
class EmitRef {
 public:
  template <class Emit>
  explicit EmitRef(Emit& emit)
      : emit_(&emit), call_([](void* consumer, Record record) {
          (*static_cast<Emit*>(consumer))(static_cast<Record>(record));
        }) {}
  void operator()(Record record) const { call_(emit_, static_cast<Record>(record)); }

 private:
  void* emit_;
  void (*call_)(void* emit, Record record);
};

}  // namespace volley::detail
