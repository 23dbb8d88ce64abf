#include <array>

#include <troupe/membership/options.hpp>

namespace troupe::membership {

namespace {

constexpr std::array all = {
    option_of<&options::probe_period>("probe_period", between(50ms, 1min),
                                      "One peer is probed per period, so each node is probed about once per "
                                      "period by somebody."),
    option_of<&options::probe_timeout_max>("probe_timeout_max", between(1ms, 45s),
                                           "How long a direct ping may take at most before others are asked "
                                           "to try; no more than three quarters of the period."),
    option_of<&options::probe_timeout_min>("probe_timeout_min", between(1ms, 45s),
                                           "The same at least, however near the peer is."),
    option_of<&options::indirect_probes>("indirect_probes", between(0, 16).in("peers"),
                                         "Asked to ping in this node's place."),
    option_of<&options::stream_pings>("stream_pings", anything_goes(),
                                      "Whoever's ping goes unanswered is tried over a stream as well, which "
                                      "tells a dead process from a network that loses packets."),
    option_of<&options::adapts_to_loss>(
        "adapts_to_loss", anything_goes(),
        "Where a node's own pings get lost as a rule, it pings whoever did not "
        "answer again until the period is over, and tells its news more "
        "often."),
    option_of<&options::suspicion_alpha>("suspicion_alpha", between(1, 16),
                                         "How long a suspicion lasts that others confirm: so many times "
                                         "max(1, log10 N) periods."),
    option_of<&options::suspicion_beta>("suspicion_beta", between(1, 16),
                                        "How many times longer it lasts when nobody does."),
    option_of<&options::suspicion_confirmations>("suspicion_confirmations", between(0, 16).in("peers"),
                                                 "Who have to agree for the shortest suspicion."),
    option_of<&options::suspicion_witnesses>(
        "suspicion_witnesses", between(0, 16).in("peers"),
        "About so many of those who hear of a suspicion probe the suspect "
        "next instead of whoever's turn it is."),
    option_of<&options::verdict_wait>(
        "verdict_wait", between(0s, 1min),
        "A suspicion whose time is up waits this long for others that are nearly "
        "due, and the news of a death for others that several suspect."),
    option_of<&options::health_max>("health_max", between(0, 32),
                                    "A node that doubts itself slows its probes down by up to 1 + this; 0 "
                                    "switches it off."),
    option_of<&options::nacks>("nacks", anything_goes(), "Helpers say when they got no answer."),
    option_of<&options::buddies>("buddies", anything_goes(), "A suspect hears of its suspicion first."),
    option_of<&options::trusted_health_max>(
        "trusted_health_max", between(0, 32),
        "An accuser whose own health is worse neither confirms a suspicion "
        "nor kills."),
    option_of<&options::accusations_max>(
        "accusations_max", between(0, 1000),
        "New suspicions that one accuser may raise here within a period; 0: no "
        "limit."),
    option_of<&options::isolation_percent>(
        "isolation_percent", between(0, 90).in("%"),
        "A node that reaches fewer of the last targets that it probed takes "
        "itself for isolated; 0 switches that off, and the roll call."),
    option_of<&options::loss_percent>("loss_percent", between(5, 95).in("%"),
                                      "A node that sees this share of its pings to a peer lost says so."),
    option_of<&options::degraded_observers>(
        "degraded_observers", between(0, 16).in("peers"),
        "A peer of whom so many say it is degraded; 0 switches that off."),
    option_of<&options::gossip_interval>("gossip_interval", between(10ms, 10s),
                                         "While there is news, it is told once per interval."),
    option_of<&options::gossip_fanout>("gossip_fanout", between(1, 16).in("peers"),
                                       "Random ones that it is told to."),
    option_of<&options::gossip_bytes_max>(
        "gossip_bytes_max", between(512, 1 << 20).in("bytes"),
        "Most that gossip packets take per interval; what rides on pings and "
        "acks comes on top."),
    option_of<&options::retransmit_multiplier>(
        "retransmit_multiplier", between(1, 16),
        "Each update is sent so many times log10(N + 1) times, rounded "
        "up, by each node that learns of it."),
    option_of<&options::news_max>(
        "news_max", between(16, 100'000).in("members"),
        "Most that there is news of at once; beyond it the least urgent is dropped."),
    option_of<&options::packet_bytes_max>("packet_bytes_max", between(512, 65'000).in("bytes"),
                                          "A packet's size, so that it is never fragmented."),
    option_of<&options::exchange_period>("exchange_period", between(1s, 1h),
                                         "A sync over a stream with one random peer this often."),
    option_of<&options::syncs_served_max>("syncs_served_max", between(1, 1024), "Syncs served at once."),
    option_of<&options::sync_bytes_per_second>("sync_bytes_per_second",
                                               between(64 << 10, 1 << 30).in("bytes per second"),
                                               "Most that is told in them."),
    option_of<&options::join_retry>("join_retry", between(10ms, 1min),
                                    "How often the seeds are asked again until one has answered, with a "
                                    "quarter of jitter."),
    option_of<&options::leave_fanout>("leave_fanout", between(1, 64).in("peers"),
                                      "A leave is repeated until so many have acknowledged it."),
    option_of<&options::leave_limit>("leave_limit", between(100ms, 1min),
                                     "How long a leave is repeated at most."),
    option_of<&options::members_max>("members_max", between(2, 100'000),
                                     "Most members known at once, the dead included; one more is not seen."),
    option_of<&options::graves_max>("graves_max", between(2, 1'000'000),
                                    "Most tombstones of forgotten members; the oldest goes first."),
    option_of<&options::registration_bytes_max>("registration_bytes_max", between(256, 65'536).in("bytes"),
                                                "Longest registration of a node, encoded."),
    option_of<&options::dead_kept_for>("dead_kept_for", between(1s, 24h),
                                       "How long a dead member is shown, and tried again."),
    option_of<&options::healing>(
        "healing", anything_goes(),
        "Dead members and seeds are tried now and then, so that what was split finds "
        "together."),
    option_of<&options::digests>("digests", anything_goes(),
                                 "Digests in acks find a difference that gossip left within seconds."),
    option_of<&options::event_interval>(
        "event_interval", between(0s, 10s),
        "Suspicions, refutations, deaths and leaves are told to the router in "
        "batches, so far apart; 0: each at once."),
    option_of<&options::restate_interval>(
        "restate_interval", between(100ms, 1min),
        "How often a node may change what it says of its workers' lag and of "
        "the loss that it sees."),
};
static_assert(covers<options>(all));

}  // namespace

options options::local() {
  options chosen;
  chosen.probe_period = 300ms;
  chosen.probe_timeout_max = 200ms;
  chosen.gossip_interval = 50ms;
  chosen.exchange_period = 10s;
  chosen.join_retry = 200ms;
  chosen.verdict_wait = 300ms;
  return chosen;
}

options options::memberlist() {
  options chosen;
  chosen.probe_timeout_min = chosen.probe_timeout_max = 500ms;
  chosen.suspicion_alpha = 4;
  chosen.suspicion_beta = 6;
  chosen.suspicion_confirmations = 2;  // memberlist: suspicion_alpha - 2
  chosen.suspicion_witnesses = 0;
  chosen.verdict_wait = 0s;
  chosen.trusted_health_max = 32;
  chosen.accusations_max = 0;
  chosen.isolation_percent = 0;
  chosen.degraded_observers = 0;
  chosen.healing = false;
  chosen.digests = false;
  chosen.adapts_to_loss = false;
  chosen.event_interval = 0s;
  return chosen;
}

options options::swim() {
  options chosen = memberlist();
  chosen.stream_pings = false;
  chosen.suspicion_beta = 1;
  chosen.suspicion_confirmations = 0;
  chosen.health_max = 0;
  chosen.nacks = false;
  chosen.buddies = false;
  return chosen;
}

option_list<options> options::list() { return {"membership", all}; }

result<void> options::validate() const {
  if (auto sound = list().check(*this); !sound) return sound;
  if (probe_timeout_max > probe_period * 3 / 4)
    return option_error(
        "membership.probe_timeout_max", format_duration(probe_timeout_max),
        "at most three quarters of membership.probe_period, " + format_duration(probe_period * 3 / 4));
  if (probe_timeout_min > probe_timeout_max)
    return option_error("membership.probe_timeout_min", format_duration(probe_timeout_min),
                        "at most membership.probe_timeout_max, " + format_duration(probe_timeout_max));
  return {};
}

}  // namespace troupe::membership
