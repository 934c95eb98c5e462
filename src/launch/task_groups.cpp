#include "launch/task_groups.hpp"

namespace volley::launch {
namespace {

class OneGroup final : public program::GroupCommunicator {
 public:
  explicit OneGroup(net::MpiGroup group) : group_(std::move(group)) {}
  const void* handle() const override { return group_.handle(); }
  void free() override { group_.free(); }

 private:
  net::MpiGroup group_;
};

}  // namespace

base::Result<TaskGroups> TaskGroups::open(const net::MpiWorld& world, bool threads) {
  TaskGroups made;
  if (!threads) return made;
  auto groups = net::MpiGroups::open(world);
  if (!groups) return groups.failure();
  made.groups_ = std::move(groups).value();
  return made;
}

base::Result<std::unique_ptr<program::GroupCommunicator>> TaskGroups::create(
    const std::vector<base::Rank>& ranks, std::uint32_t tag) {
  auto group = groups_->create(ranks, tag);
  if (!group) return group.failure();
  return std::unique_ptr<program::GroupCommunicator>(
      std::make_unique<OneGroup>(std::move(group).value()));
}

}  // namespace volley::launch
