#include <algorithm>

#include "controlplane/master.hpp"
#include "master_recalled.hpp"
#include "model/check.hpp"

/// Nodes whose home is gone for good get a new one (protocols page, "Masters"): what is known of them is in
/// the copies of the lost master's log.
namespace ibcf {
namespace {

// As a home master writes it about what it brings to its nodes.
bool is_about_rollouts(EventType type) {
  return type == EventType::bundle_published || type == EventType::rollout_started ||
         type == EventType::rollout_advanced || type == EventType::rollout_moved ||
         type == EventType::command_issued || type == EventType::command_moved;
}

}  // namespace

bool Master::adopt(std::vector<Enrolment> inventory, Instant now, Outbox& out) {
  for (const Enrolment& enrolment : inventory)
    if (record_by_id_.contains(enrolment.id) || !held_.epoch_for(enrolment.facts.domain_id, now))
      return false;
  std::set<NodeId> nodes;
  for (Enrolment& enrolment : inventory) {
    nodes.insert(enrolment.id);
    add_record(std::move(enrolment)).last_seen = now;
  }
  recalled_ = std::make_shared<Recalled>();
  const FormerRollouts former = recall_former_home(nodes, now);
  for (const NodeId id : nodes) {
    commands_.may_have_been_sent(id);
    if (const auto& open = commands_.open_of(id); !open.empty()) unfinished_[id] = open;
  }
  finish_steps(now);
  for (const NodeId id : nodes) {
    NodeRecord& node = *find_record(id);
    end_former_orders(id, now);
    if (node.lock) break_lock(node, "its master is gone", now);
    if (node.is_in_contact() && believe(node, EventType::conn_lost, "its master is gone", now))
      node.lost_since = now;
    take_up(node, now);
    node.last_seen = now;
  }
  take_over_rollouts(former, nodes, now, out);
  // What was on its way to the lost master is in the book here.
  std::erase_if(unconfirmed_, [&](const Unconfirmed& sent) {
    const auto* forward = std::get_if<Shared<CommandForward>>(&sent.message);
    return forward != nullptr && nodes.contains((*forward)->command.node_id);
  });
  recalled_.reset();
  claimed_.insert(nodes.begin(), nodes.end());
  claim(out);
  return true;
}

Master::FormerRollouts Master::recall_former_home(const std::set<NodeId>& nodes, Instant now) {
  FormerRollouts former;
  store_->scan(0, [&](const Stored& stored) {
    const auto event = decode<Event>(stored.packed);
    check(event.has_value(), "what is stored is an event");
    const auto speaker = id_cast<NodeTag>(event->origin);
    const auto subject = id_cast<NodeTag>(event->subject);
    if (is_about_rollouts(event->type) && event->origin != any(identity_.id))
      former[event->origin].apply(*event);
    if (nodes.contains(speaker)) {
      for (auto& [master, book] : former) book.apply(*event);
      recall_word(*find_record(speaker), *event, now);
    } else if (nodes.contains(subject)) {
      if (event->type == EventType::range_parked || event->type == EventType::range_redriven)
        recall_parked(*event);
      if (event->type == EventType::authority_granted) recall_grant(*event, now);  // LOCAL, to the node
      recall_about(*find_record(subject), *event, now);
    }
    return true;
  });
  return former;
}

// The nodes of its own have their answers in its own book.
void Master::take_over_rollouts(const FormerRollouts& former, const std::set<NodeId>& nodes, Instant now,
                                Outbox& out) {
  std::vector<const RolloutBook*> books;
  for (const auto& [master, book] : former) books.push_back(&book);
  RolloutBook::Todo todo;
  rollouts_.take_over(books, nodes, now, todo);
  do_it(todo, now, out);
}

// Whatever of the old term the node has not begun ends with it; the node fences it from now on. Whether it
// was too late its own log will tell.
void Master::end_former_orders(NodeId node, Instant now) {
  CommandBook::Todo todo;
  for (const CommandId id : std::vector(commands_.open_of(node))) commands_.cancel(id, todo);
  append_proposed(todo.events, now);
}

// The node has said all that it did, and takes nothing of the old term any more: what it did not do is to be
// done, and can be done but once.
void Master::order_again(NodeRecord& node, Instant now, Outbox& out) {
  const auto found = unfinished_.find(node.enrolment.id);
  if (found == unfinished_.end()) return;
  const std::vector<CommandId> unfinished = std::move(found->second);
  unfinished_.erase(found);
  for (const CommandId id : unfinished) {
    const CommandRecord* record = commands_.find(id);
    if (record == nullptr) continue;
    const Command was = record->command;
    if (record->state != CommandState::cancelled || now >= was.execute_before) continue;
    issue({.node = was.node_id,
           .home = {Role::master, identity_.index},
           .scope = was.scope,
           .kind = was.kind,
           .valid_for = was.execute_before - now,
           .bundle_id = was.bundle_id,
           .artifact_id = was.artifact_id,
           .argument = was.argument,
           .delivery = was.delivery,
           .coalesce_key = was.coalesce_key,
           .break_glass = was.break_glass},
          now, out);
  }
}

void Master::claim(Outbox& out) const {
  for (const NodeId id : claimed_) {
    const NodeRecord& node = *find_node(id);
    if (node.state.phase == Phase::retired) continue;
    to_node(node, NewHome{node.enrolment.facts.domain_id, *node.epoch}, out);
  }
}

}  // namespace ibcf
