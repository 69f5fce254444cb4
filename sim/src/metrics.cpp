#include "sim/scenario.hpp"

namespace ibcf::sim {

const std::vector<MetricName>& metric_names() {
  static const std::vector<MetricName> names{
      {"nodes_in_contact", "nodes whose own mode is LIVE, DELAYED or EDGE_CACHED", true, true},
      {"nodes_live", "nodes whose own mode is LIVE", true, true},
      {"nodes_delayed", "nodes whose own mode is DELAYED", true, true},
      {"nodes_edge_cached", "nodes whose own mode is EDGE_CACHED", true, true},
      {"nodes_autonomous", "nodes whose own mode is AUTONOMOUS", true, true},
      {"nodes_disconnected", "nodes whose own mode is DISCONNECTED", true, true},
      {"nodes_returning", "nodes whose own mode is RETURNING or REPLAYING", true, true},
      {"nodes_quarantined", "nodes that their master holds in QUARANTINED", true, true},
      {"nodes_not_returned",
       "nodes that were ever AUTONOMOUS or DISCONNECTED and are at this time not LIVE, DELAYED or "
       "EDGE_CACHED",
       true, true},
      {"replays_clean", "verdicts given as clean", false, true},
      {"replays_not_clean", "verdicts given as partial or violation", false, true},
      {"events_acknowledged", "events that agents were told are stored, by the agents' own count", false,
       true},
      {"events_acknowledged_lost", "of those, events in no master's store", false, true},
      {"events_stored_twice", "events that one master stored more than once", false, true},
      {"events_forged", "stored events that no agent wrote, or other bytes than it wrote", false, true},
      {"commands_issued", "commands issued by masters", false, true},
      {"commands_applied", "commands executed by nodes, by the agents' own count", false, true},
      {"commands_applied_twice", "commands that one node executed more than once", false, true},
      {"commands_fenced", "commands a node refused because it had seen a higher epoch", false, true},
      {"stale_executions", "commands executed although their epoch was below the highest the node had seen",
       false, true},
      {"commands_held", "commands a master held back because the node was returning or replaying", false,
       true},
      {"commands_failed", "commands that a node tried and that did not work", false, true},
      {"commands_cancelled", "commands that a cancel stopped, by their home master's book", false, true},
      {"commands_not_final", "commands whose end their home master does not know for certain yet", false,
       true},
      {"rollouts_halted", "parts of rollouts that their master halted", false, true},
      {"executions_in_replay", "commands executed while the node was RETURNING or REPLAYING", false, true},
      {"applied_by_cut_off_master",
       "commands executed between the start and end of an isolation, issued by the isolated domain's master "
       "in it",
       false, true},
      {"rollout_applied", "nodes that run the newest bundle rolled out to them", true, true},
      {"backlog_events", "events that agents hold and no master has acknowledged", true, true},
      {"nodes_reconciled", "returns at which a master compared what was desired of the node and what it is",
       false, true},
      {"objects_reconciled", "objects that were not as desired at a return, and about which a master decided",
       false, true},
      {"nodes_drifting", "nodes that their master sees out of spec, expected differences apart", true, true},
      {"nodes_drift_unknown",
       "nodes of which a bundle is desired and whose master has no body of a snapshot to compare with", true,
       true},
      {"drift_mean", "mean drift score, 0 to 1, of the nodes that their masters could evaluate", true, true},
      {"drift_max", "the highest drift score, 0 to 1, that a master sees at a node", true, true},
      {"attention_items",
       "items in the attention queue of the domain's master, or of the GLOBAL one for the fleet", true, true},
      {"two_holders", "instants at which two masters would act for one scope and epoch", false, true},
      {"unreachable_nodes", "nodes that have no path to their master", true, true},
  };
  return names;
}

}  // namespace ibcf::sim
