#include <algorithm>
#include <utility>

#include <troupe/membership/prober.hpp>
#include <troupe/membership/step.hpp>

namespace troupe::membership {

namespace {

/// Where pings get lost often, three helpers lose theirs as well: whoever did not answer is pinged again,
/// this often a period, until its end.
constexpr int repeats_per_period = 5;

}  // namespace

void prober::begin_next(const open_suspicions& doubts, const step& at) {
  if (!alarms_.due(alarm::begin, at.now)) return;
  const auto period = at.settings.probe_period * at.health.multiplier();
  alarms_.set(alarm::begin, at.now + period);
  const auto* peer = next_target(doubts, at);
  if (peer == nullptr) return;
  const auto* contact = at.table.find_contact(peer->self.node);
  const auto usual = contact == nullptr ? at.settings.probe_timeout_max
                                        : contact->timing.timeout(at.settings.probe_timeout_min,
                                                                  at.settings.probe_timeout_max);
  probe_ = probe{
      .target = peer->self, .address = peer->who->address, .sequence = at.next_sequence++, .started = at.now};
  alarms_.set(alarm::ask_helpers, at.now + usual * at.health.multiplier());
  alarms_.clear(alarm::ask_again);
  alarms_.set(alarm::conclude, at.now + period);
  ping(probe_->sequence, at);
}

/// That nobody is cut off from those who are there must be seen as long as the others are not buried.
const known_node* prober::next_target(const open_suspicions& doubts, const step& at) {
  const auto* suspect = at.table.find(std::exchange(witnessed_, {}));
  if (suspect != nullptr && suspect->state == state::suspect) return suspect;
  const auto* turn = at.table.next_turn(at.random);
  for (auto tries = at.table.live(); tries > 0 && turn != nullptr && doubts.is_certain(turn->self.node);
       --tries)
    turn = at.table.next_turn(at.random);
  return turn;
}

void prober::be_witness(node_id suspect, const step& at) {
  const auto others = static_cast<double>(at.table.live() - 1);
  if (others * at.random.unit() < at.settings.suspicion_witnesses) witnessed_ = suspect;
}

void prober::ping(std::uint64_t sequence, const step& at) const {
  packet ping = at.start(packet_kind::ping);
  ping.sequence = sequence;
  ping.target = probe_->target;
  at.fill(ping, probe_->target);
  ++at.counted.pings;
  at.send(probe_->address, std::move(ping));
}

std::optional<probe_end> prober::tick(const step& at) {
  if (!probe_) return std::nullopt;
  if (alarms_.take(alarm::ask_helpers, at.now)) ask_helpers(at);
  if (alarms_.due(alarm::ask_again, at.now) && !alarms_.due(alarm::conclude, at.now)) ask_again(at);
  if (!alarms_.due(alarm::conclude, at.now)) return std::nullopt;
  const auto* contact = at.table.find_contact(probe_->target.node);
  const bool heard = contact != nullptr && contact->heard >= probe_->started;
  return end(heard ? answer::rescued : answer::none);
}

void prober::ask_again(const step& at) {
  const auto lasts = alarms_.at(alarm::conclude) - probe_->started;
  alarms_.set(alarm::ask_again, at.now + lasts / repeats_per_period);
  probe_->repeats.push_back(at.next_sequence++);
  ping(probe_->repeats.back(), at);
}

void prober::ask_helpers(const step& at) {
  if (at.settings.adapts_to_loss && at.reached.loses_often()) ask_again(at);
  const auto wanted = static_cast<std::size_t>(at.settings.indirect_probes);
  probe_->helpers = at.pick_live(wanted, probe_->target.node);
  probe_->helpers_asked = probe_->helpers.size();
  for (const auto who : probe_->helpers) {
    const auto& helper = *at.table.find(who);
    packet request = at.start(packet_kind::ping_request);
    request.sequence = probe_->sequence;
    request.target = probe_->target;
    request.target_address = probe_->address;
    at.fill(request, helper.self);
    ++at.counted.indirect;
    at.send(helper.who->address, std::move(request));
  }
  if (!at.settings.stream_pings) return;
  ++at.counted.stream_pings;
  at.out.stream_pings.push_back({probe_->target, probe_->address, probe_->sequence});
}

std::optional<probe_end> prober::receive_ack(const packet& ack, const step& at) {
  if (!probe_ || probe_->target != ack.target) return std::nullopt;
  const bool first = probe_->sequence == ack.sequence;
  const auto& repeats = probe_->repeats;
  if (!first && std::find(repeats.begin(), repeats.end(), ack.sequence) == repeats.end()) return std::nullopt;
  ++at.counted.acks;
  const bool itself = ack.from == probe_->target;
  if (itself) {
    auto& measured = at.table.contact_with(ack.from.node);
    if (first) measured.timing.observe(at.now - probe_->started);
    measured.heard = at.now;
  }
  return end(itself && first ? answer::direct : answer::rescued);
}

void prober::receive_nack(const packet& nack) {
  if (probe_ && probe_->sequence == nack.sequence && probe_->target == nack.target)
    std::erase(probe_->helpers, nack.from.node);
}

std::optional<probe_end> prober::stream_answered(const identity& peer, const step& at) {
  if (!probe_ || probe_->target != peer) return std::nullopt;
  ++at.counted.stream_rescues;
  return end(answer::rescued);
}

probe_end prober::end(answer how) {
  const probe_end ended{probe_->target, how, probe_->helpers_asked, probe_->helpers.size()};
  abandon();
  return ended;
}

void prober::abandon() {
  probe_.reset();
  for (const auto each : {alarm::ask_helpers, alarm::ask_again, alarm::conclude}) alarms_.clear(each);
}

void prober::abandon(node_id target) {
  if (probe_ && probe_->target.node == target) abandon();
}

time_point prober::due_since() const {
  return std::min({alarms_.at(alarm::begin), alarms_.at(alarm::ask_helpers), alarms_.at(alarm::conclude)});
}

}  // namespace troupe::membership
