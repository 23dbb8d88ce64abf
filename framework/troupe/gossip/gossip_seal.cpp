#include <algorithm>
#include <cstring>
#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/crypto/little_endian.hpp>
#include <troupe/crypto/ring_file.hpp>
#include <troupe/gossip/gossip_seal.hpp>

namespace troupe::gossip {

namespace {

using crypto::content;
using crypto::meant_for;
using crypto::standing;
using crypto::verdict;

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

crypto::bytes_view view(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string_view text_of(crypto::bytes_view bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string id_in(crypto::bytes_view sealed) {
  return to_string(crypto::key_id{crypto::get<std::uint32_t>(sealed.data() + 4)});
}

std::string sentence(verdict why, crypto::bytes_view what) {
  switch (why) {
    case verdict::unsealed:
      return "it is not sealed, and this node has a key: give the same key to its sender";
    case verdict::malformed:
      return "it is no sealed message of this version";
    case verdict::unknown_key:
      return "it is sealed with key " + id_in(what) +
             ", which this node does not have: give its sender a key of this cluster by hand, see troupe "
             "keys";
    case verdict::forgotten_key:
      return "it is sealed with key " + id_in(what) +
             ", which was retired for good: give its sender the key of today by hand, see troupe keys";
    case verdict::misdirected:
      return "it is for another process";
    case verdict::replayed:
      return "it was heard before, or is too old to know";
    case verdict::forged:
      return "its seal is broken: it was altered on the way, or is of another cluster with the same key";
    case verdict::accepted:
      break;
  }
  TROUPE_INVARIANT(false);
}

std::string summary(const crypto::ring& keys) {
  std::string text;
  for (const auto& one : keys.entries())
    text += (text.empty() ? "" : ", ") + to_string(one.id) + " " +
            (&one == keys.primary() ? "primary" : std::string(to_string(one.standing)));
  return text;
}

}  // namespace

gossip_seal::gossip_seal(const actor::environment& shared, const gossip_options& options, postbox later)
    : shared_(shared),
      later_(std::move(later)),
      // An observer comes and goes: the file is a member's, which keeps it itself.
      file_(options.role == role::member ? options.keyring : std::string()),
      ring_(options.keys),
      packets_(shared.cluster, crypto::draw_salt(), 2 * options.core.members_max),
      streams_(shared.cluster, crypto::draw_salt(), 2 * options.core.members_max) {
  look_at_age();
}

gossip_seal::~gossip_seal() {
  if (writer_.joinable()) writer_.join();
}

void gossip_seal::announce() const {
  if (!on())
    return shared_.log->warn(
        "GOSSIP IS NEITHER ENCRYPTED NOR AUTHENTICATED: whoever reaches {} can read who is "
        "there, and pass for a member. Make a key with `troupe keys new FILE` and give it to "
        "every node, as the option keyring. (Calls between services are a separate matter: with "
        "a key, too, they are as open as the network.)",
        to_string(shared_.address));
  shared_.log->info("gossip is sealed (AES-256-GCM); keys: {}. Calls between services are not",
                    summary(ring_));
}

// --- Packets ---------------------------------------------------------------------------------------

std::vector<std::byte> gossip_seal::seal(std::vector<std::byte> packet, const identity& receiver) {
  if (!on()) return packet;
  const auto* const with = ring_.primary();
  if (with == nullptr || !receiver.node) {
    ++unaddressed_;
    return {};
  }
  return packets_.seal(*with, content::packet, crypto::recipient::of(receiver), ring_.digest(), packet);
}

std::optional<gossip_seal::arrival> gossip_seal::open(crypto::bytes_view packet, const endpoint& from,
                                                      time_point now) {
  if (!on() && !crypto::looks_sealed(packet)) return arrival{{packet.begin(), packet.end()}};
  crypto::opened got;
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
  const identity teller{{crypto::get<std::uint64_t>(got.message.data())},
                        {crypto::get<std::uint64_t>(got.message.data() + 8)}};
  ++heard_rings_;
  if (take_ring(text_of(crypto::bytes_view(got.message).subspan(teller_bytes))) &&
      ring_.digest() != got.ring_digest)
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

void gossip_seal::tell_ring(const identity& who, const endpoint& at, crypto::key_id under, time_point now) {
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
  crypto::put(message.data(), shared_.self.node.value);
  crypto::put(message.data() + 8, shared_.self.epoch.value);
  const auto text = to_text(ring_);
  message.insert(message.end(), view(text).begin(), view(text).end());
  outgoing_.push_back(
      {at, packets_.seal(*with, content::ring, crypto::recipient::of(who), ring_.digest(), message)});
}

/// False: it was no ring.
bool gossip_seal::take_ring(std::string_view text) {
  const auto told = crypto::parse_ring(text);
  if (!told) {
    shared_.log->error("ignored a ring of gossip keys from a node that has a key: {}", told.error().text);
    return false;
  }
  if (ring_.merge(*told)) changed();
  return true;
}

void gossip_seal::refuse(verdict why, const std::string& from, crypto::bytes_view what) {
  auto& count = refused_[static_cast<std::size_t>(why)];
  if (++count != 1) return;
  // Once for each reason: somebody who sends rubbish should not fill the log as well.
  if (!on())
    shared_.log->warn("ignored a sealed message from {}: this node has no key. Give it one of that cluster's",
                      from);
  else if (why != verdict::replayed)
    shared_.log->warn("ignored a message from {}: {}", from, sentence(why, what));
}

// --- Streams ---------------------------------------------------------------------------------------

gossip_seal::stream gossip_seal::dial(const identity& peer) const {
  stream made{peer, {}, {}, {}};
  std::vector<crypto::key_id> usable;
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
  const auto to =
      on_it.heard ? crypto::recipient::of_answer_to(*on_it.heard) : crypto::recipient::of(on_it.peer);
  auto sealed = streams_.seal(*with, content::exchange, to, ring_.digest(), message);
  on_it.sent = crypto::name_of(sealed);
  return sealed;
}

result<std::vector<std::byte>> gossip_seal::open(stream& on_it, crypto::bytes_view message,
                                                 std::vector<std::byte>& last_words) {
  if (!on() && !crypto::looks_sealed(message)) return std::vector<std::byte>(message.begin(), message.end());
  const bool answering = !on_it.sent;
  crypto::opened got;
  auto how =
      streams_.open(message, ring_, answering ? self() : crypto::recipient::of_answer_to(*on_it.sent), got);
  if (how == verdict::accepted && got.whom == meant_for::earlier_life) how = verdict::misdirected;
  if (how == verdict::accepted && got.what != content::exchange && (got.what != content::ring || answering))
    how = verdict::malformed;
  if (how != verdict::accepted) {
    refuse(how, "a stream", message);
    return error{code::unauthenticated, on() ? "a message was refused: " + sentence(how, message)
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
    last_words = streams_.seal(*key, content::ring, crypto::recipient::of_answer_to(got.name), ring_.digest(),
                               view(text));
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

namespace {

/// "use 3f9a01bc", and so on.
result<std::string> apply(std::string_view order, crypto::ring& to) {
  std::array<std::string_view, 3> words;
  for (auto& word : words) {
    const auto end = std::min(order.find(' '), order.size());
    word = order.substr(0, end);
    order.remove_prefix(std::min(end + 1, order.size()));
  }
  const auto [verb, what, how] = words;
  if (verb == "install" && how.empty()) {
    const auto fresh = crypto::key::parse(what);
    if (!fresh) return fresh.error();
    const auto installed = to.install(*fresh);
    if (!installed) return installed.error();
    return "key " + to_string(*installed) + " is installed";
  }
  const auto id = crypto::parse_key_id(what);
  if (id && verb == "use" && how.empty()) {
    if (const auto done = to.use(*id); !done) return done.error();
    return "key " + to_string(*id) + " is primary";
  }
  if (id && verb == "retire" && (how.empty() || how == "compromised")) {
    const auto kind = how.empty() ? crypto::retirement::routine : crypto::retirement::compromised;
    if (const auto done = to.retire(*id, kind, actor::wall_seconds()); !done) return done.error();
    return "key " + to_string(*id) + (how.empty() ? " is retired" : " is forgotten");
  }
  return error{code::invalid_argument,
               "an order is install KEY, use ID, retire ID or retire ID compromised, with an ID of eight "
               "hexadecimal digits"};
}

}  // namespace

result<std::string> gossip_seal::obey(crypto::bytes_view order) {
  if (!on())
    return error{code::failed_precondition,
                 "node " + shared_.name + " has no gossip key: start it with the option keyring"};
  crypto::opened got;
  auto how = streams_.open(order, ring_, self(), got);
  if (how == verdict::accepted && (got.what != content::order || got.whom == meant_for::earlier_life))
    how = verdict::misdirected;
  const auto* const key = how == verdict::accepted ? ring_.find(got.with) : nullptr;
  if (how != verdict::accepted || key == nullptr || key->standing != standing::held) {
    if (how != verdict::accepted) refuse(how, "an order about keys", order);
    return error{code::unauthenticated,
                 "node " + shared_.name + " refuses the order: " +
                     (how == verdict::accepted ? "its key is retired" : sentence(how, order))};
  }
  auto wanted = ring_;
  auto done = apply(text_of(got.message), wanted);
  if (!done || wanted == ring_) return done;
  ring_ = std::move(wanted);
  changed();
  return done;
}

void gossip_seal::look_at_age() {
  if (ring_.forget_the_old(actor::wall_seconds())) changed();
}

void gossip_seal::changed() {
  shared_.log->info("gossip keys: {}", summary(ring_));
  if (ring_.primary() == nullptr)
    shared_.log->error(
        "every gossip key was called stolen: this node is cut off until it gets a key by hand");
  keep();
}

/// In a thread of its own, as disks take as long as they please; one at a time.
void gossip_seal::keep() {
  if (file_.empty()) return;
  if (writing_ != writing::idle) {
    writing_ = writing::busy_and_outdated;
    return;
  }
  if (writer_.joinable()) writer_.join();
  writing_ = writing::busy;
  writer_ = std::thread([this, file = file_, ring = ring_, later = later_] {
    const auto written = crypto::write_ring_file(file, ring);
    later([this, problem = written ? std::string() : written.error().text] {
      write_problem_ = problem;
      if (!problem.empty()) shared_.log->error("{}: this node would come back with its old keys", problem);
      if (std::exchange(writing_, writing::idle) == writing::busy_and_outdated) keep();
    });
  });
}

gossip_seal::report gossip_seal::inspect() const {
  report now{ring_.entries(), {}, file_, write_problem_};
  if (const auto* primary = ring_.primary()) now.primary = primary->id;
  for (auto& one : now.keys) one.secret.reset();
  return now;
}

void gossip_seal::count(actor::counters& into) const {
  const auto refused = [&](verdict why) { return refused_[static_cast<std::size_t>(why)]; };
  into.insert(into.end(), {{"gossip_unsealed", refused(verdict::unsealed)},
                           {"gossip_malformed_seals", refused(verdict::malformed)},
                           {"gossip_unknown_keys", refused(verdict::unknown_key)},
                           {"gossip_forgotten_keys", refused(verdict::forgotten_key)},
                           {"gossip_misdirected", refused(verdict::misdirected)},
                           {"gossip_replayed", refused(verdict::replayed)},
                           {"gossip_forged", refused(verdict::forged)},
                           {"gossip_under_retired_keys", under_retired_},
                           {"gossip_unaddressed", unaddressed_},
                           {"gossip_rings_told", told_},
                           {"gossip_rings_not_told", not_told_},
                           {"gossip_rings_heard", heard_rings_},
                           {"gossip_windows_evicted", packets_.evicted() + streams_.evicted()}});
}

}  // namespace troupe::gossip
