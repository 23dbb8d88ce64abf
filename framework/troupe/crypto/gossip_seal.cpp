#include <algorithm>
#include <cstring>
#include <utility>

#include <troupe/crypto/gossip_seal.hpp>
#include <troupe/crypto/key_order.hpp>
#include <troupe/crypto/little_endian.hpp>

namespace troupe::crypto {

namespace {

/// Rings told, a second: enough for a change to spread as fast as gossip does, and too few to be of use to
/// whoever repeats old packets.
constexpr std::uint32_t tells_max = 20;
constexpr duration tells_period = std::chrono::seconds(1);
/// One packet under an unknown key is looked into in so much time.
constexpr duration strangers_period = std::chrono::milliseconds(100);
/// Peers that gave no answer, remembered for the choice of a key.
constexpr std::size_t unanswered_max = 256;
/// Before a ring's text, in its message: who tells it.
constexpr std::size_t teller_bytes = 16;

bytes_view view(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string_view text_of(bytes_view bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

gossip_seal::gossip_seal(const identity& self, std::string node, const std::string& cluster, ring keys,
                         std::size_t members_max, owner& told)
    : self_(self),
      node_(std::move(node)),
      owner_(told),
      ring_(std::move(keys)),
      packets_(cluster, draw_salt(), 2 * members_max),
      streams_(cluster, draw_salt(), 2 * members_max) {}

// --- Packets ---------------------------------------------------------------------------------------

std::vector<std::byte> gossip_seal::seal(std::vector<std::byte> packet, const identity& receiver) {
  if (!on()) return packet;
  const auto* const with = ring_.primary();
  if (with == nullptr || !receiver.node) {
    ++unaddressed_;
    return {};
  }
  return packets_.seal(*with, content::packet, recipient::of(receiver), ring_.digest(), packet);
}

std::optional<gossip_seal::arrival> gossip_seal::open(bytes_view packet, const endpoint& from,
                                                      time_point now) {
  if (!on() && !looks_sealed(packet)) return arrival{{packet.begin(), packet.end()}};
  opened got;
  auto how = packets_.open(packet, ring_, self(), got);
  if (how == verdict::accepted && got.what != content::packet && got.what != content::ring)
    how = verdict::malformed;
  if (how != verdict::accepted) {
    refuse(how, to_string(from), packet);
    const bool foreign_key = how == verdict::unknown_key || how == verdict::forgotten_key;
    if (foreign_key && now >= next_stranger_) {
      stranger_ = from;
      next_stranger_ = now + strangers_period;
    }
    return std::nullopt;
  }
  const auto* const key = ring_.find(got.with);
  const bool retired = key == nullptr || key->standing != standing::held;
  if (got.what == content::packet)
    return arrival{std::move(got.message), got.whom, got.with, got.ring_digest != ring_.digest(), retired};
  if (got.message.size() < teller_bytes || got.whom == meant_for::earlier_life) return std::nullopt;
  const identity teller{{get<std::uint64_t>(got.message.data())},
                        {get<std::uint64_t>(got.message.data() + 8)}};
  ++heard_rings_;
  if (take_ring(text_of(bytes_view(got.message).subspan(teller_bytes))) && ring_.digest() != got.ring_digest)
    tell_ring(teller, from, got.with, now);
  return std::nullopt;
}

bool gossip_seal::settle_rings(const arrival& with, const identity& sender, const endpoint& at,
                               time_point now) {
  if (with.under_retired) ++under_retired_;
  // Not for a packet to an earlier life: who repeats old packets would use up what may be told.
  if (with.whom == meant_for::this_life && (with.other_ring || with.under_retired))
    tell_ring(sender, at, with.with, now);
  return with.under_retired;
}

void gossip_seal::tell_ring(const identity& who, const endpoint& at, key_id under, time_point now) {
  if (now - tells_period >= tells_since_) {
    tells_since_ = now;
    tells_left_ = tells_max;
  }
  // With the key that it has for certain; merging may have forgotten it meanwhile.
  const auto* const with = ring_.find(under);
  if (tells_left_ == 0 || with == nullptr || !with->secret) return void(++not_told_);
  --tells_left_;
  ++told_;
  std::vector<std::byte> message(teller_bytes);
  put(message.data(), self_.node.value);
  put(message.data() + 8, self_.epoch.value);
  const auto text = to_text(ring_);
  message.insert(message.end(), view(text).begin(), view(text).end());
  outgoing_.push_back({at, packets_.seal(*with, content::ring, recipient::of(who), ring_.digest(), message)});
}

/// False: it was no ring.
bool gossip_seal::take_ring(std::string_view text) {
  const auto told = parse_ring(text);
  if (!told) {
    owner_.on_notice(owner::severity::error,
                     "ignored a ring of gossip keys from a node that has a key: " + told.error().text);
    return false;
  }
  if (ring_.merge(*told)) owner_.on_ring_changed(ring_);
  return true;
}

void gossip_seal::refuse(verdict why, const std::string& from, bytes_view what) {
  // Once for each reason: somebody who sends rubbish should not fill the log as well.
  if (!refused_.note(why) || why == verdict::replayed) return;
  owner_.on_notice(owner::severity::warning,
                   on() ? "ignored a message from " + from + ": " + refusal_text(why, what)
                        : "ignored a sealed message from " + from +
                              ": this node has no key. Give it one of that cluster's");
}

// --- Streams ---------------------------------------------------------------------------------------

gossip_seal::stream gossip_seal::dial(const identity& peer) const {
  stream made{peer, {}, {}, {}};
  std::vector<key_id> usable;
  for (const auto& one : ring_.entries())
    if (one.secret) usable.push_back(one.id);
  const auto failed = unanswered_.find(peer.node);
  const auto turn = failed == unanswered_.end() ? 0 : failed->second;
  if (!usable.empty()) made.with = usable[turn % usable.size()];
  return made;
}

std::vector<std::byte> gossip_seal::seal(stream& on_it, std::vector<std::byte> message) {
  if (!on()) return message;
  const auto* const with = on_it.with ? ring_.find(*on_it.with) : nullptr;
  if (with == nullptr || !with->secret) {
    ++unaddressed_;
    return {};
  }
  const auto to = on_it.heard ? recipient::of_answer_to(*on_it.heard) : recipient::of(on_it.peer);
  auto sealed = streams_.seal(*with, content::exchange, to, ring_.digest(), message);
  on_it.sent = name_of(sealed);
  return sealed;
}

result<std::vector<std::byte>> gossip_seal::open(stream& on_it, bytes_view message,
                                                 std::vector<std::byte>& last_words) {
  if (!on() && !looks_sealed(message)) return std::vector<std::byte>(message.begin(), message.end());
  const bool answering = !on_it.sent;
  opened got;
  auto how = streams_.open(message, ring_, answering ? self() : recipient::of_answer_to(*on_it.sent), got);
  if (how == verdict::accepted && got.whom == meant_for::earlier_life) how = verdict::misdirected;
  if (how == verdict::accepted && got.what != content::exchange && (got.what != content::ring || answering))
    how = verdict::malformed;
  if (how != verdict::accepted) {
    refuse(how, "a stream", message);
    return error{code::unauthenticated, on() ? "a message was refused: " + refusal_text(how, message)
                                             : "a sealed message, and this node has no key"};
  }
  on_it.heard = got.name;
  on_it.with = got.with;
  if (got.what == content::ring) {
    ++heard_rings_;
    const auto before = ring_.digest();
    on_it.learned = take_ring(text_of(got.message)) && ring_.digest() != before;
    return error{code::unauthenticated, "this node's keys were of yesterday: it was told those of today"};
  }
  const auto* const key = ring_.find(got.with);
  if (answering && key != nullptr && key->standing != standing::held) {
    ++under_retired_;
    const auto text = to_text(ring_);
    last_words =
        streams_.seal(*key, content::ring, recipient::of_answer_to(got.name), ring_.digest(), view(text));
    return error{code::unauthenticated, "its key is retired: it was told those of today"};
  }
  return std::move(got.message);
}

bool gossip_seal::ended(const stream& which) {
  if (which.heard) unanswered_.erase(which.peer.node);
  if (which.heard || !which.sent) return which.learned;
  if (unanswered_.size() >= unanswered_max && !unanswered_.contains(which.peer.node)) return false;
  const auto turn = ++unanswered_[which.peer.node];
  const auto& all = ring_.entries();
  const auto keys =
      std::count_if(all.begin(), all.end(), [](const auto& one) { return one.secret.has_value(); });
  return keys > 0 && turn % static_cast<std::size_t>(keys) != 0;
}

// --- Keys ------------------------------------------------------------------------------------------

result<std::string> gossip_seal::obey(bytes_view order, std::uint64_t today) {
  if (!on())
    return error{code::failed_precondition,
                 "node " + node_ + " has no gossip key: start it with the option keyring"};
  opened got;
  auto how = streams_.open(order, ring_, self(), got);
  if (how == verdict::accepted && (got.what != content::order || got.whom == meant_for::earlier_life))
    how = verdict::misdirected;
  const auto* const key = how == verdict::accepted ? ring_.find(got.with) : nullptr;
  if (how != verdict::accepted || key == nullptr || key->standing != standing::held) {
    if (how != verdict::accepted) refuse(how, "an order about keys", order);
    return error{code::unauthenticated,
                 "node " + node_ + " refuses the order: " +
                     (how == verdict::accepted ? "its key is retired" : refusal_text(how, order))};
  }
  auto wanted = ring_;
  auto done = apply_key_order(text_of(got.message), today, wanted);
  if (!done || wanted == ring_) return done;
  ring_ = std::move(wanted);
  owner_.on_ring_changed(ring_);
  return done;
}

void gossip_seal::look_at_age(std::uint64_t today) {
  if (ring_.forget_the_old(today)) owner_.on_ring_changed(ring_);
}

void gossip_seal::count(event_counts& into) const {
  refused_.count(into);
  into.insert(into.end(), {{"gossip_under_retired_keys", under_retired_},
                           {"gossip_unaddressed", unaddressed_},
                           {"gossip_rings_told", told_},
                           {"gossip_rings_not_told", not_told_},
                           {"gossip_rings_heard", heard_rings_},
                           {"gossip_windows_evicted", packets_.evicted() + streams_.evicted()}});
}

}  // namespace troupe::crypto
