#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "model/objects.hpp"

namespace ibcf {

/// The bounds that make a lease safe (protocols page, "Masters"): the holder stops early, a successor starts
/// late.
struct LeaseBounds {
  Duration drift = std::chrono::seconds{1};     ///< how far two clocks may have drifted over one lease
  Duration delivery = std::chrono::seconds{5};  ///< how long a command may be under way
};

/// The holder's side: what this master may act for. Leases count from when the holder asked, on its own
/// clock.
class HeldAuthority {
 public:
  explicit HeldAuthority(LeaseBounds bounds) : bounds_(bounds) {}

  /// A grant for this master; `asked` is its own time when it asked. An older epoch than the one held is
  /// ignored, and so is one of a term given up: a renewal may be overtaken by the order to give up.
  void take(const AuthorityGrant& grant, Instant asked);
  /// A new term that this master did not ask for. Nobody knows when its lease began on this master's clock,
  /// so it may not act in it before it asked and was answered; until then the grant is due for renewal. False
  /// where the term is not new to it.
  bool offer(const AuthorityGrant& grant);
  /// Gives up the terms of the scope up to `epoch`, whatever is left of a lease, those not yet heard of too;
  /// true if it held one.
  bool give_up(DomainId scope, std::uint64_t epoch);
  /// The epoch this master may act under for `scope` right now: it holds the grant and the lease, less the
  /// drift bound, runs (I-24).
  [[nodiscard]] std::optional<std::uint64_t> epoch_for(DomainId scope, Instant now) const;
  /// Scopes whose lease is to be renewed by now: a third of it has passed.
  [[nodiscard]] std::vector<AuthorityGrant> due_for_renewal(Instant now) const;

 private:
  [[nodiscard]] bool is_over(const AuthorityGrant& grant) const;

  struct Held {
    AuthorityGrant grant;
    Instant ends;  // by the holder's clock, drift bound taken off
    Instant renew;
  };
  LeaseBounds bounds_;
  std::map<DomainId, Held> held_;
  std::map<DomainId, std::uint64_t> given_up_;  // newest epoch
};

/// The grantor's side (the GLOBAL master): the chain of grants per scope. Epochs of a scope strictly rise
/// (I-20); a new term begins only after the old holder gave up or its lease, bounds added, has run out
/// (I-21).
class GrantChain {
 public:
  explicit GrantChain(LeaseBounds bounds) : bounds_(bounds) {}

  /// The first grant of a scope: epoch 1.
  AuthorityGrant begin(DomainId scope, AuthorityLevel level, MasterId holder, std::string holder_name,
                       Duration lease, Instant now);
  /// A grant of this chain as the grantor's log tells it, a first one or a renewal; by the grantor's own
  /// clock.
  void recall(const AuthorityGrant& grant);
  /// The holder of `epoch` wants to go on; nothing if that term is over or about to be.
  std::optional<AuthorityGrant> renew(DomainId scope, std::uint64_t epoch, MasterId holder, Instant now);
  /// Orders a hand-over; the current holder is to be told to give up.
  void order_handover(DomainId scope, AuthorityLevel level, MasterId to, std::string to_name);
  /// The holder gave `epoch` up.
  void released(DomainId scope, std::uint64_t epoch);
  /// The new term that an ordered hand-over leads to, once the old one is over; by HANDOVER, or by EXPIRY
  /// where nobody gave up.
  std::optional<AuthorityGrant> advance(DomainId scope, Instant now);

  [[nodiscard]] const AuthorityGrant* current(DomainId scope) const;
  [[nodiscard]] bool is_handing_over(DomainId scope) const;
  [[nodiscard]] std::vector<DomainId> scopes() const;

 private:
  struct Chain {
    AuthorityGrant grant;
    Instant ends;  // by the grantor's clock, bounds added
    bool released = false;
    std::optional<AuthorityGrant> next;  // level and holder of the ordered successor
  };
  LeaseBounds bounds_;
  std::map<DomainId, Chain> chains_;
};

}  // namespace ibcf
