#include <catch2/catch.hpp>
#include <deque>
#include <map>

#include "controlplane/master.hpp"
#include "controlplane/memory_store.hpp"

/// A GLOBAL master and one of a region, on clocks that show times hours apart.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

constexpr Duration lease = 10min;

struct ApartMasters {
  MasterSettings settings;
  Ed25519Verifier verifier;
  std::array<MemoryStore, 2> stores;
  std::deque<Master> masters;
  std::vector<Peer> peers;
  std::array<Duration, 2> ahead{};  ///< how far each clock is ahead of the true time
  bool cut = false;
  Instant now = at(24h);
  DomainId scope = derive_id<DomainTag>("apart", 1, "scope");
  std::size_t both = 0;  ///< steps at which both would have acted

  explicit ApartMasters(Duration region_ahead) : ahead{0s, region_ahead} {
    for (std::uint32_t i = 0; i < 2; ++i) {
      const bool is_global = i == 0;
      MasterIdentity identity{.id = derive_id<MasterTag>("apart", 1, "master", i),
                              .index = i,
                              .name = is_global ? "global" : "region",
                              .level = is_global ? AuthorityLevel::global : AuthorityLevel::region,
                              .upstream = {}};
      if (!is_global) identity.upstream = Endpoint{Role::master, 0};
      Peer peer{.endpoint = {Role::master, i},
                .id = identity.id,
                .name = identity.name,
                .level = identity.level,
                .scopes = {},
                .lease = lease};
      if (!is_global) peer.scopes = {scope};
      peers.push_back(peer);
      masters.emplace_back(settings, std::move(identity), stores[i], verifier);
    }
    for (std::uint32_t i = 0; i < 2; ++i) {
      masters[i].start(i == 0 ? peers : std::vector<Peer>{peers[0]}, clock_of(i), out_);
      drain(i);
    }
  }

  [[nodiscard]] Instant clock_of(std::uint32_t master) const { return now + ahead[master]; }
  [[nodiscard]] std::optional<std::uint64_t> epoch_of(std::uint32_t master) const {
    return masters[master].epoch_for(scope, clock_of(master));
  }
  void hand_over_to_global() {
    masters[0].order_handover(scope, peers[0], clock_of(0), out_);
    drain(0);
  }
  void run_for(Duration duration) {
    for (const Instant end = now + duration; !queue_.empty() && queue_.begin()->first <= end;) {
      auto job = queue_.extract(queue_.begin());
      now = job.key();
      job.mapped()();
      both += epoch_of(0) && epoch_of(1) ? 1 : 0;
    }
  }

 private:
  void drain(std::uint32_t self) {
    Outbox box;
    std::swap(box, out_);
    for (const TimerRequest& request : box.timers)
      queue_.emplace(request.at - ahead[self], [this, self, timer = request.timer] {
        masters[self].on_timer(timer, clock_of(self), out_);
        drain(self);
      });
    for (const Outgoing& outgoing : box.sends) {
      const std::uint32_t to = outgoing.via.index;
      if (!cut)
        queue_.emplace(now + 50ms, [this, to, packet = outgoing.packet] {
          masters[to].on_message(packet, clock_of(to), out_);
          drain(to);
        });
    }
  }

  std::multimap<Instant, std::function<void()>> queue_;
  Outbox out_;
};

}  // namespace

TEST_CASE("I-24: a holder whose clock is hours off acts no longer than its grantor reckons, and no less",
          "[authority]") {
  for (const Duration ahead : std::initializer_list<Duration>{0s, -3h, 3h, -20h, 20h}) {
    INFO("the holder's clock is ahead by " << text_of(ahead));
    ApartMasters apart(ahead);
    apart.run_for(1h);
    CHECK(apart.epoch_of(1) == 1u);  // it holds, and renews
    CHECK_FALSE(apart.epoch_of(0));

    apart.cut = true;
    apart.hand_over_to_global();
    apart.run_for(lease / 2);  // it asks when a third has passed
    CHECK(apart.epoch_of(1) == 1u);
    CHECK_FALSE(apart.epoch_of(0));
    apart.run_for(lease / 2 + 1min);
    CHECK(apart.epoch_of(0) == 2u);
    CHECK_FALSE(apart.epoch_of(1));

    apart.cut = false;
    apart.run_for(1h);
    CHECK(apart.epoch_of(0) == 2u);
    CHECK_FALSE(apart.epoch_of(1));
    CHECK(apart.both == 0);
  }
}

TEST_CASE("I-24: a new term that arrives hours late is not acted in", "[authority]") {
  ApartMasters apart(-3h);
  apart.run_for(1h);
  apart.hand_over_to_global();
  apart.run_for(1min);
  REQUIRE(apart.epoch_of(0) == 2u);
  // Back to the region, whose grant is lost and repeated until the way is open again.
  Outbox lost;
  apart.masters[0].order_handover(apart.scope, apart.peers[1], apart.clock_of(0), lost);
  apart.cut = true;
  apart.run_for(2h);
  CHECK_FALSE(apart.epoch_of(1));

  apart.cut = false;
  apart.run_for(1min);

  CHECK(apart.epoch_of(1) == 3u);  // it asked, and the term is still its own
  CHECK_FALSE(apart.epoch_of(0));
  CHECK(apart.both == 0);
}
