#pragma once
// SimulatedTasks: an executor's tasks without threads. A body computes its partition's value from
// what the driver and the shuffle services gave it, and fails as real tasks do: an input that is
// not there, a request to stop, an exception. The world says when a body goes on.

#include "storage/node_arena.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/random_program.hpp"
#include "worker/task_runner.hpp"

#include <functional>
#include <list>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace volley::sim {

class SimulatedTasks final : public worker::TaskRunner {
 public:
  struct Options {
    std::uint32_t slots = 1;
    base::Rank rank = 0;
    base::ContainerId container;
    storage::NodeArena* arena = nullptr;  ///< null: tasks that read and write no shuffle
    base::Duration shortest = std::chrono::microseconds{50};
    base::Duration longest = std::chrono::milliseconds{400};
    std::uint64_t exception_one_in = 0;  ///< 0: never
    /// Calls due() after a while.
    std::function<void(base::TaskId, base::Duration)> later;
    /// Whether memory of the rank can be read here.
    std::function<bool(base::Rank)> same_node;
  };

  SimulatedTasks(Options options, Random& random) : options_(std::move(options)), random_(random) {}

  void submit(worker::TaskJob job) override;
  std::uint64_t expect(const protocol::ShuffleInput& input) override;
  std::vector<protocol::TaskAttempt> withdraw(const std::vector<base::TaskId>& tasks) override;
  void answer(protocol::PartitionListed answer) override;
  void answer_commit(base::TaskId task, bool allowed) override;
  void answer_barrier(protocol::BarrierPassed answer) override;
  void wake(base::TaskId task) override;
  std::optional<worker::TaskEvent> next_event() override;
  void remove_blocks(base::RddId rdd) override;

  // Blocks of other executors, and copies: simulated_blocks.cpp.
  protocol::BlockPartSent block_part(const protocol::BlockPartRequested& wanted) override;
  void answer_block(protocol::BlockPartSent answer) override;
  bool has_block(const protocol::BlockId& block) const override {
    return blocks_.contains({block.rdd, block.partition});
  }
  bool add_to_copy(const protocol::BlockCopyRequested& copy, protocol::BlockPartSent part) override;

  void due(base::TaskId task);
  /// No task runs or waits.
  bool idle() const { return bodies_.empty() && queue_.empty() && events_.empty(); }

 private:
  using Read = std::pair<base::ShuffleNumber, std::uint32_t>;
  using Block = std::pair<base::RddId, std::uint32_t>;
  struct Request {
    protocol::ShuffleInput input;
    std::optional<base::TaskId> task;  ///< that waits for the answer
    std::optional<protocol::PartitionListed> answer;
  };
  struct Body {
    worker::TaskJob job;
    std::map<Read, std::uint64_t> asked;       ///< the request
    std::map<Block, std::uint64_t> elsewhere;  ///< the request for a block of another executor
    std::vector<protocol::BlockId> cached;
    base::Duration duration{};
    std::optional<std::uint64_t> to_commit;  ///< its value, while it waits for the driver's word
    bool may_commit = false;
    bool at_barrier = false;
    bool passed_barrier = false;
    std::optional<protocol::ShuffleInput> missing;
    std::string why;
  };

  struct BlockRequest {
    base::TaskId task = 0;
    std::optional<protocol::BlockPartSent> answer;
  };
  /// What another executor is asked for, if one is known to have the block.
  enum class Elsewhere { nowhere, asked, found };
  Elsewhere look_elsewhere(Body& body, const Block& block, std::uint64_t& value);

  void begin();
  void go_on(Body& body);
  std::optional<std::uint64_t> compute(Body& body, base::RddId rdd, std::uint32_t partition);
  std::optional<std::uint64_t> fold_inputs(Body& body, const protocol::RddSpec& rdd,
                                           std::uint32_t partition);
  std::optional<Reads> read_shuffle(Body& body, const protocol::Dependency& dependency,
                                    std::uint32_t partition);
  /// The answered chunk list of an input; null when it is not here (yet).
  const std::vector<protocol::Chunk>* list(Body& body, const protocol::ShuffleInput& input);
  void forget_requests(const worker::TaskJob& job);
  std::uint64_t payload(const Body& body, base::RddId rdd, std::uint32_t partition) const;
  bool asks_to_commit(Body& body, std::uint64_t value);
  bool waits_at_barrier(Body& body);
  void succeed(Body& body, std::uint64_t value);
  void end(Body& body, worker::TaskEnded ended);
  void fail(Body& body, protocol::TaskOutcome outcome, std::string why);

  Options options_;
  Random& random_;
  std::list<worker::TaskJob> queue_;
  std::map<base::TaskId, Body> bodies_;
  std::map<std::uint64_t, Request> requests_;
  std::map<std::uint64_t, BlockRequest> block_requests_;
  std::list<worker::TaskEvent> events_;
  std::map<Block, std::uint64_t> blocks_;
  std::uint64_t next_request_ = 0;
};

}  // namespace volley::sim
