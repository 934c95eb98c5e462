#pragma once
// Pipelines: how the records of a partition flow through a chain of narrow operations.
//
// An RDD handle carries, in its type, the chain of operations since its nearest source
// (Pipe<Source, Ops...>), so that the whole chain compiles into one loop: a chain of map, filter
// and flat_map costs what the hand-written loop costs. (Pushing batches through virtual calls per
// operation was measured at 2.5 to 4 times that.) The chain is also known at run time, one RDD per
// operation; where the two disagree (an RDD of the middle is persisted, a handle was assigned
// another RDD of the same record type) the records go through streams of batches instead, one
// virtual call per batch. Both ways give the same records in the same order.

#include "program/task_context.hpp"

#include <volley/closure.hpp>
#include <volley/detail/blocks.hpp>
#include <volley/detail/row.hpp>
#include <volley/types.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace volley::detail {

/// Tells a consumer how many records will come, if it wants to know.
template <class Emit>
void expect_records(Emit& emit, std::uint64_t records) {
  if constexpr (requires { emit.expect(records); }) emit.expect(records);
}

/// The type of a range's elements.
template <class Range>
using element_t = std::iter_value_t<decltype(std::begin(std::declval<Range&>()))>;

/// Collects single records into batches for a sink.
template <class T>
class Batcher {
 public:
  static constexpr std::size_t batch_size = 256;

  Batcher(TaskContext& context, BatchSink<T>& sink) : context_(context), sink_(sink) {
    batch_.reserve(batch_size);
    if constexpr (has_views<T>) context_.on_views_expire(this, [this] { flush(); });
  }
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;
  ~Batcher() {
    if constexpr (has_views<T>) context_.forget_views(this);
  }

  template <class X>
  void operator()(X&& record) {
    batch_.push_back(std::forward<X>(record));
    if (batch_.size() == batch_size) flush();
  }
  void expect(std::uint64_t records) { sink_.expect(records); }
  void flush() {
    if (batch_.empty()) return;
    sink_.push(batch_);
    batch_.clear();
    context_.check_stop();
  }

 private:
  TaskContext& context_;
  BatchSink<T>& sink_;
  Row<T> batch_;
};

/// Hands every record of batches to a function.
template <class T, class Emit>
class EmitSink final : public BatchSink<T> {
 public:
  explicit EmitSink(Emit& emit) : emit_(emit) {}
  void push(std::span<T> batch) override {
    for (T& record : batch) emit_(std::move(record));
  }
  void push_const(std::span<const T> batch) override {
    for (const T& record : batch) emit_(record);
  }

 private:
  Emit& emit_;
};

/// All records of a partition of an RDD whose operations are not known here.
template <class T, class Emit>
void stream(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
  EmitSink<T, Emit> sink(emit);
  if (!context.keeps(rdd, partition)) {
    compute_uncached<T>(context, rdd, partition, sink);
    return;
  }
  const auto block = kept_block<T>(context, rdd, partition, sink);
  if (!block) return;
  if (block->row) {
    context.keep(block->row);
    const auto& row = *static_cast<const BlockOf<T>*>(block->row.get());
    if constexpr (std::is_same_v<owned_t<T>, T>) {
      sink.push_const(row);
    } else {
      for (const owned_t<T>& record : row) emit(convert<T>(record));
    }
  } else {
    push_encoded<T>(context, {rdd, partition}, *block->encoded, sink);
  }
}

// --- operations ----------------------------------------------------------------------------------
// An operation knows its result type for an input type and pushes each input's results to `next`.

template <class F, class X>
decltype(auto) call(F& function, X&& record) {
  if constexpr (std::is_invocable_v<F&, const std::remove_reference_t<X>&>) {
    return function(std::as_const(record));
  } else {
    return function(std::forward<X>(record));
  }
}
template <class F, class T>
using call_result = std::decay_t<decltype(call(std::declval<F&>(), std::declval<T>()))>;

template <class F>
struct MapOp {
  template <class T>
  using result = call_result<F, T>;
  using function_type = F;
  template <class In, class X, class Next>
  static void apply(F& f, X&& record, Next&& next) {
    next(call(f, std::forward<X>(record)));
  }
};

template <class F>
struct FilterOp {
  template <class T>
  using result = T;
  using function_type = F;
  template <class In, class X, class Next>
  static void apply(F& f, X&& record, Next&& next) {
    if (f(std::as_const(record))) next(std::forward<X>(record));
  }
};

/// `U` is the record type of an emitting function; void for one that returns a range.
template <class F, class U>
struct FlatMapOp {
  template <class T>
  struct of_range {
    using type = element_t<call_result<F, T>>;
  };
  template <class T>
  struct given {
    using type = U;
  };
  template <class T>
  using result = typename std::conditional_t<std::is_void_v<U>, of_range<T>, given<T>>::type;
  using function_type = F;
  template <class In, class X, class Next>
  static void apply(F& f, X&& record, Next&& next) {
    if constexpr (std::is_void_v<U>) {
      auto&& range = call(f, std::forward<X>(record));
      for (auto&& element : range) next(result<In>(std::forward<decltype(element)>(element)));
    } else {
      auto emit = [&next](auto&& element) {
        static_assert(std::is_constructible_v<U, decltype(element)>,
                      "flat_map emits another type than its input: say it as flat_map<T>(f)");
        next(U(std::forward<decltype(element)>(element)));
      };
      f(std::as_const(record), emit);
    }
  }
};

template <class F>
struct MapValuesOp {
  template <class T>
  using result = std::pair<typename T::first_type, call_result<F, typename T::second_type>>;
  using function_type = F;
  template <class In, class X, class Next>
  static void apply(F& f, X&& record, Next&& next) {
    auto value = call(f, std::forward<X>(record).second);
    next(result<In>(std::forward<X>(record).first, std::move(value)));
  }
};

struct Nothing {
  auto operator<=>(const Nothing&) const = default;
};

template <std::size_t I>
struct ElementOp {
  template <class T>
  using result = std::tuple_element_t<I, T>;
  using function_type = Nothing;
  template <class In, class X, class Next>
  static void apply(Nothing&, X&& record, Next&& next) {
    next(std::get<I>(std::forward<X>(record)));
  }
};

// --- pipes ---------------------------------------------------------------------------------------

/// Of every RDD made by a narrow operation: whether the chain in its parent handle's type was true.
struct OperationHeader {
  bool chained = false;
};

/// What an RDD that a narrow operation made is: a function, rebuilt from its captures, of its
/// parents' records. F: the function as it was shipped.
template <class F>
class Operation {
 public:
  Operation(TaskContext& context, base::RddId rdd)
      : context_(context), spec_(context.plan().rdd(rdd)), in_(spec_.compute.captures) {
    protocol::read(in_, header_);
    function_.emplace(in_);
  }
  F& function() { return function_->get(); }
  bool chained() const { return header_.chained; }
  base::RddId parent(std::size_t index = 0) const { return spec_.dependencies[index].parent; }
  /// Pushes the records of the parent's partition, made by P, into `sink`.
  template <class P, class Sink>
  void pull(std::uint32_t partition, Sink& sink) const {
    P::run(context_, parent(), partition, header_.chained, sink);
  }

 private:
  TaskContext& context_;
  const protocol::RddSpec& spec_;
  protocol::Reader in_;
  OperationHeader header_;
  std::optional<Shipped<F>> function_;
};

/// The operation of an RDD; a function that has begin_partition(partition, partitions) is told
/// which partition it will work on.
template <class Op>
auto load_operation(TaskContext& context, base::RddId rdd,
                    [[maybe_unused]] std::uint32_t partition) {
  auto operation = std::make_unique<Operation<typename Op::function_type>>(context, rdd);
  if constexpr (requires { operation->function().begin_partition(partition, partition); }) {
    operation->function().begin_partition(partition, context.plan().rdd(rdd).partitions);
  }
  return operation;
}

template <class In, class... Ops>
struct chain_result {
  using type = In;
};
template <class In, class Op, class... Ops>
struct chain_result<In, Op, Ops...> {
  using type = typename chain_result<typename Op::template result<In>, Ops...>::type;
};

/// Whether an operation's result may view a record that is gone after the next step: the last type
/// has views and an earlier one owns memory.
template <class In, class... Ops>
struct views_records {
  static constexpr bool owning = false;
  static constexpr bool value = false;
};
template <class In, class Op, class... Ops>
struct views_records<In, Op, Ops...> {
  using Out = typename Op::template result<In>;
  using Rest = views_records<Out, Ops...>;
  static constexpr bool owning = !only_views<In>::value || Rest::owning;
  static constexpr bool value = owning && has_views<typename chain_result<In, Op, Ops...>::type>;
};

/// A source and the operations after it. Source: `record`, `reads_blocks` (whether it looks for a
/// cached block of its own RDD), and `run(context, rdd, partition, emit)`.
template <class Source, class... Ops>
struct Pipe {
  using source_type = Source;
  using record = typename chain_result<typename Source::record, Ops...>::type;
  static constexpr std::size_t depth = sizeof...(Ops);
  template <class Op>
  using then = Pipe<Source, Ops..., Op>;

  /// Every record of the partition, by the compiled chain where it holds, else by streams.
  /// `chained`: the handle's type was true of this RDD when it was used.
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, bool chained,
                  Emit& emit) {
    if (chained && !context.keeps(rdd, partition) && run_chain(context, rdd, partition, emit))
      return;
    stream<record>(context, rdd, partition, emit);
  }

  /// As run, but a source that can jump reads only about `bytes`. Returns which part of the
  /// partition that was.
  template <class Emit>
  static double sample(TaskContext& context, base::RddId rdd, std::uint32_t partition, bool chained,
                       std::uint64_t bytes, Emit& emit) {
    if constexpr (requires { Source::can_sample; }) {
      if (chained && !context.keeps(rdd, partition)) {
        context.sample(bytes);
        const bool done = run_chain(context, rdd, partition, emit);
        context.sample(0);
        if (done) return context.sampled_part();
      }
    }
    run(context, rdd, partition, chained, emit);
    return 1;
  }

  /// The compute function of this pipe's last RDD.
  static void compute(TaskContext& context, base::RddId rdd, std::uint32_t partition, void* sink) {
    Batcher<record> out(context, *static_cast<BatchSink<record>*>(sink));
    if constexpr (depth == 0) {
      Source::run(context, rdd, partition, out);
    } else if (!run_chain(context, rdd, partition, out)) {
      run_last(context, rdd, partition, out);
    }
    out.flush();
  }

 private:
  template <std::size_t I, class In, class Operations, class X, class Emit>
  [[gnu::always_inline]] static void push(Operations& operations, X&& record, Emit& emit) {
    if constexpr (I == depth) {
      emit(std::forward<X>(record));
    } else {
      using Op = std::tuple_element_t<I, std::tuple<Ops...>>;
      using Out = typename Op::template result<In>;
      Op::template apply<In>(
          std::get<I>(operations)->function(),
          std::forward<X>(record), [&](auto&& next) __attribute__((always_inline)) {
            push<I + 1, Out>(operations, std::forward<decltype(next)>(next), emit);
          });
    }
  }

  /// False, and nothing done, when the RDDs at run time are not the chain of the type, or one of
  /// them is persisted or read from a checkpoint.
  template <class Emit>
  static bool run_chain(TaskContext& context, base::RddId rdd, std::uint32_t partition,
                        Emit& emit) {
    std::array<base::RddId, depth + 1> ids{};
    ids[depth] = rdd;
    for (std::size_t at = depth; at > 0; --at) {
      const protocol::RddSpec& spec = context.plan().rdd(ids[at]);
      if (spec.replaced) return false;
      OperationHeader header;
      protocol::Reader in(spec.compute.captures);
      protocol::read(in, header);
      ids[at - 1] = spec.dependencies.front().parent;
      const bool computed = at == depth || !context.keeps(ids[at], partition);
      if (!header.chained || !computed) return false;
    }
    if (context.plan().rdd(ids[0]).replaced) return false;
    if constexpr (depth > 0 && !Source::reads_blocks) {
      if (context.keeps(ids[0], partition)) return false;
    }
    run_operations(context, ids, partition, emit, std::index_sequence_for<Ops...>{});
    return true;
  }

  template <class Emit, std::size_t... I>
  static void run_operations(TaskContext& context, const std::array<base::RddId, depth + 1>& ids,
                             std::uint32_t partition, Emit& emit, std::index_sequence<I...>) {
    auto operations = std::make_tuple(load_operation<Ops>(context, ids[I + 1], partition)...);
    const auto run_into = [&](auto& sink) {
      auto first = [&](auto&& record) __attribute__((always_inline)) {
        push<0, typename Source::record>(operations, std::forward<decltype(record)>(record), sink);
      };
      Source::run(context, ids[0], partition, first);
    };
    if constexpr (views_records<typename Source::record, Ops...>::value) {
      // The viewed record is an object within push: it is gone when the next one comes, so that
      // consumers that collect views must not keep them beyond this call.
      auto at_once = [&](auto&& record) {
        emit(std::forward<decltype(record)>(record));
        context.views_expire();
      };
      run_into(at_once);
    } else {
      run_into(emit);
    }
  }

  /// Only the last operation, over a stream of its parent's records.
  template <class Emit>
  static void run_last(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    if constexpr (depth > 0) {
      using Op = std::tuple_element_t<depth - 1, std::tuple<Ops...>>;
      using Parent = typename decltype(parent_pipe(std::make_index_sequence<depth - 1>{}))::record;
      auto operation = load_operation<Op>(context, rdd, partition);
      auto last = [&](auto&& record) {
        Op::template apply<Parent>(operation->function(), std::forward<decltype(record)>(record),
                                   emit);
        if constexpr (views_records<Parent, Op>::value) context.views_expire();
      };
      stream<Parent>(context, context.plan().rdd(rdd).dependencies.front().parent, partition, last);
    }
  }
  template <std::size_t... I>
  static auto parent_pipe(std::index_sequence<I...>)
      -> Pipe<Source, std::tuple_element_t<I, std::tuple<Ops...>>...>;
};

/// A source whose operations are not known in the type: any RDD of T.
template <class T>
struct AnySource {
  using record = T;
  static constexpr bool reads_blocks = true;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    stream<T>(context, rdd, partition, emit);
  }
};
template <class T>
using AnyPipe = Pipe<AnySource<T>>;

}  // namespace volley::detail
