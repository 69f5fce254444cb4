#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/fields.hpp"
#include "model/id.hpp"
#include "model/time.hpp"

namespace ibcf {

/// The five scoring inputs of the attention queue (seed 2B), each in [0, 1].
struct AttentionSignals {
  double drift = 0;
  double sync_debt = 0;
  double authority_mismatch = 0;
  double health = 0;
  double supply_chain = 0;
  IBCF_FIELDS(AttentionSignals, drift, sync_debt, authority_mismatch, health, supply_chain)
};

/// What an item is about: the root cause under which nodes are grouped.
enum class AttentionCause : std::uint8_t {
  node,        ///< one node by itself
  relay,       ///< what hangs on one relay
  domain,      ///< a cut-off domain
  scope,       ///< authority over a scope
  artifact,    ///< one bad artifact, wherever it runs
  bundle,      ///< one bundle that nodes drift from or fail to apply
  brake,       ///< the quarantine brake holds
  projection,  ///< a projection does not keep up
  peer         ///< a master's replication is refused or halted
};
constexpr auto words_of(AttentionCause) {
  return std::array<std::string_view, 9>{"NODE",   "RELAY", "DOMAIN",     "SCOPE", "ARTIFACT",
                                         "BUNDLE", "BRAKE", "PROJECTION", "PEER"};
}

/// One line of an operator's inbox. `id` follows from cause and subject, so the same trouble keeps its id.
struct AttentionItem {
  AnyId id;
  AttentionCause cause = AttentionCause::node;
  AnyId subject;
  DomainId domain_id;
  double score = 0;
  AttentionSignals signals;  ///< the highest of each among its nodes
  std::uint32_t nodes = 0;
  Instant since_ts;
  Instant as_of_ts;
  std::string why;
  IBCF_FIELDS(AttentionItem, id, cause, subject, domain_id, score, signals, nodes, since_ts, as_of_ts, why)
};

}  // namespace ibcf
