#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "model/payloads.hpp"

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
  /// The term held was begun on an operator's word, over the head of whoever held the one before.
  [[nodiscard]] bool is_break_glass(DomainId scope) const;
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
/// (I-20), and none is given to two (I-21); a new term begins only after the old holder gave up or its lease,
/// bounds added, has run out, unless an operator breaks the glass. A successor named in advance has an epoch
/// kept for it, which is given to nobody else even if it is never used.
class GrantChain {
 public:
  explicit GrantChain(LeaseBounds bounds) : bounds_(bounds) {}

  /// The first grant of a scope: epoch 1.
  AuthorityGrant begin(DomainId scope, AuthorityLevel level, MasterId holder, std::string holder_name,
                       Duration lease, Instant now);
  /// A grant of this chain as the grantor's log tells it, a first one or a renewal; by the grantor's own
  /// clock.
  void recall(const AuthorityGrant& grant);
  void recall(const SuccessorNamed& named);
  /// The holder of `epoch` wants to go on; nothing if that term is over or about to be.
  std::optional<AuthorityGrant> renew(DomainId scope, std::uint64_t epoch, MasterId holder, Instant now);
  /// Orders a hand-over; the current holder is to be told to give up. Requires that the scope is granted
  /// here.
  SuccessorNamed order_handover(DomainId scope, AuthorityLevel level, MasterId to, std::string to_name,
                                Instant now);
  /// Keeps the next epoch for a successor, who may begin it without being told (Succession). Until the
  /// present term ends in another way, and for one successor at a time. Nothing where the scope is not
  /// granted here, or to the present holder.
  std::optional<SuccessorNamed> name_successor(DomainId scope, AuthorityLevel level, MasterId to,
                                               std::string to_name, Instant now);
  /// The successor has begun the term that was kept for it; from `now` on, when that became known here, this
  /// chain goes on from there. False where no such term was kept, or a later one has begun.
  bool took(const AuthorityGrant& grant, Instant now);
  /// An operator's word: a new term at once, whoever holds the present one and for how long. Nothing where
  /// the scope is not granted here.
  std::optional<AuthorityGrant> break_glass(DomainId scope, AuthorityLevel level, MasterId to,
                                            std::string to_name, Instant now);
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
    std::optional<AuthorityGrant> next{};  // level and holder of the ordered successor
    std::optional<AuthorityGrant> kept{};  // the term of the successor named in advance
    std::uint64_t highest = 1;             // epoch given out or kept
  };
  AuthorityGrant begin_term(Chain& chain, AuthorityGrant grant, GrantReason reason, Instant now);
  [[nodiscard]] Instant end_of(const AuthorityGrant& grant, Instant from) const {
    return from + grant.lease + bounds_.drift + bounds_.delivery;
  }

  LeaseBounds bounds_;
  std::map<DomainId, Chain> chains_;
};

/// The successor's side: terms that were kept for this master in advance. It may begin one by itself when it
/// has heard of no grant or renewal of the term before for as long as that can last, drift and delivery
/// added: then its holder is over, or cannot be heard of. It may begin it at once on an operator's word.
class Succession {
 public:
  /// The grantor's word has arrived at `now`; an older one than known is ignored.
  void name(const SuccessorNamed& named, Instant now);
  /// A term of the scope was granted or renewed, as became known at `now`. What is not below a kept one ends
  /// that.
  void heard(DomainId scope, std::uint64_t epoch, Instant now);
  /// The scopes whose term may begin by itself now.
  [[nodiscard]] std::vector<DomainId> due(Instant now) const;
  /// Begins the term that is kept for the scope, which it is no more; nothing where none is.
  std::optional<AuthorityGrant> begin(DomainId scope, GrantReason reason, Instant now);

 private:
  struct Kept {
    SuccessorNamed named;
    Instant heard;
  };
  std::map<DomainId, Kept> kept_;
};

}  // namespace ibcf
