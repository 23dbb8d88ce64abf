#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/array.h>

#include <troupe/base/hash.hpp>
#include <troupe/gossip.capnp.h>
#include <troupe/wire/catching_kj.hpp>
#include <troupe/wire/gossip.hpp>

namespace troupe::wire {

namespace {

constexpr std::size_t packet_bytes_limit = 64 << 10;
constexpr int nesting_max = 8;  // packet, updates, update, document, services, service, name
/// No update is smaller on the wire, so a list that claims more of them than fit is a lie.
constexpr std::size_t update_bytes_min = 88;
constexpr std::size_t digest_bytes = 40;
constexpr std::size_t want_bytes = 16;
constexpr std::size_t address_bytes = 24;

error bad(std::string text) { return {code::invalid_argument, std::move(text)}; }

std::uint64_t half(const endpoint& where, std::size_t start) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | where.address[start + i];
  return value;
}

endpoint make_endpoint(std::uint64_t high, std::uint64_t low, std::uint16_t port) {
  endpoint where;
  where.port = port;
  for (std::size_t i = 8; i-- > 0; high >>= 8) where.address[i] = static_cast<std::uint8_t>(high);
  for (std::size_t i = 16; i-- > 8; low >>= 8) where.address[i] = static_cast<std::uint8_t>(low);
  return where;
}

/// With its length: a std::string given as it is would end at a zero byte, and a name that came in with one
/// would go out as another, or as none, which others refuse.
capnp::Text::Reader text_of(const std::string& text) { return {text.data(), text.size()}; }

void write(idl::Registration::Builder to, const membership::registration& document) {
  to.setVersion(document.version);
  to.setZone(text_of(document.zone));
  auto services = to.initServices(static_cast<unsigned>(document.services.size()));
  for (unsigned i = 0; i < services.size(); ++i) {
    const auto& from = document.services[i];
    services[i].setName(text_of(from.name));
    services[i].setInterfaceId(from.interface_id);
    services[i].setWeight(from.weight);
  }
}

void write(idl::Update::Builder to, const membership::update& what) {
  to.setNode(what.subject.node.value);
  to.setEpoch(what.subject.epoch.value);
  to.setIncarnation(what.incarnation);
  to.setState(static_cast<idl::State>(what.state));
  to.setMode(static_cast<idl::Mode>(what.mode));
  to.setWorkerLag(what.worker_lag);
  to.setAccuserHealth(what.accuser_health);
  to.setPort(what.who->address.port);
  to.setAddressHigh(half(what.who->address, 0));
  to.setAddressLow(half(what.who->address, 8));
  to.setAccuser(what.accuser.value);
  to.setRegistrationVersion(what.registration_version);
  to.setName(text_of(what.who->name));
  if (const auto& lossy = what.who->lossy; !lossy.empty()) {
    auto list = to.initLossy(static_cast<unsigned>(lossy.size()));
    for (unsigned i = 0; i < list.size(); ++i) list.set(i, lossy[i].value);
  }
  if (what.document) write(to.initDocument(), *what.document);
}

std::size_t sum_of_bounds(const std::vector<membership::update>& updates) {
  std::size_t bytes = 0;
  for (const auto& fact : updates) bytes += membership::size_bound(fact);
  return bytes;
}

std::vector<std::byte> bytes_of(capnp::MessageBuilder& message) {
  const auto words = capnp::messageToFlatArray(message);
  const auto bytes = words.asBytes();
  std::vector<std::byte> copied(bytes.size());
  std::memcpy(copied.data(), bytes.begin(), bytes.size());
  return copied;
}

/// One segment large enough for all: the bounds hold only without far pointers.
unsigned first_segment_words(std::size_t bytes) { return static_cast<unsigned>(bytes / 8 + 1); }

result<std::string> read_text(capnp::Text::Reader text, std::size_t bytes_max, const char* what) {
  if (text.size() > bytes_max)
    return bad(std::string(what) + " of " + std::to_string(text.size()) + " bytes exceeds " +
               std::to_string(bytes_max));
  return std::string(text.begin(), text.size());
}

result<membership::registration> read_registration(idl::Registration::Reader from) {
  membership::registration document;
  document.version = from.getVersion();
  auto zone = read_text(from.getZone(), membership::zone_bytes_max, "a zone");
  if (!zone) return zone.error();
  document.zone = std::move(*zone);
  const auto services = from.getServices();
  if (services.size() > membership::services_max)
    return bad("a registration lists " + std::to_string(services.size()) + " services");
  document.services.reserve(services.size());
  for (const auto service : services) {
    auto name = read_text(service.getName(), membership::service_name_bytes_max, "a service's name");
    if (!name) return name.error();
    document.services.push_back({std::move(*name), service.getInterfaceId(), service.getWeight()});
  }
  if (!membership::is_sensible(document))
    return bad("a registration has an empty name or a weight out of bounds");
  return document;
}

result<std::vector<node_id>> read_lossy(capnp::List<std::uint64_t>::Reader from) {
  if (from.size() > membership::lossy_max)
    return bad("a node lists " + std::to_string(from.size()) + " peers that packets are lost to");
  std::vector<node_id> all;
  for (const auto node : from) all.push_back({node});
  if (std::adjacent_find(all.begin(), all.end(), std::greater_equal<>{}) != all.end())
    return bad("a list of peers that packets are lost to is out of order");
  return all;
}

result<membership::update> read_update(idl::Update::Reader from) {
  membership::update what;
  what.subject = {{from.getNode()}, {from.getEpoch()}};
  what.incarnation = from.getIncarnation();
  if (from.getState() > idl::State::LEFT || from.getMode() > idl::Mode::DRAINING)
    return bad("an update with an unknown state or mode");
  what.state = static_cast<membership::state>(from.getState());
  what.mode = static_cast<membership::mode>(from.getMode());
  what.worker_lag = from.getWorkerLag();
  what.accuser_health = from.getAccuserHealth();
  if (what.worker_lag > membership::worker_lag_max) return bad("an update with an unknown lag of workers");
  what.accuser = {from.getAccuser()};
  what.registration_version = from.getRegistrationVersion();
  auto name = read_text(from.getName(), membership::node_name_bytes_max, "a node's name");
  if (!name) return name.error();
  if (!what.subject.node || !what.subject.epoch || name->empty()) return bad("an update about nobody");
  auto lossy = read_lossy(from.getLossy());
  if (!lossy) return lossy.error();
  what.who = membership::make_attributes(
      std::move(*name), make_endpoint(from.getAddressHigh(), from.getAddressLow(), from.getPort()),
      std::move(*lossy));
  if (!from.hasDocument()) return what;
  auto document = read_registration(from.getDocument());
  if (!document) return document.error();
  what.document = std::make_shared<const membership::registration>(std::move(*document));
  return what;
}

result<void> read_updates(capnp::List<idl::Update>::Reader from, std::size_t bytes,
                          std::vector<membership::update>& into) {
  if (from.size() > bytes / update_bytes_min)
    return bad("a list claims " + std::to_string(from.size()) + " updates in " + std::to_string(bytes) +
               " bytes");
  into.reserve(from.size());
  for (const auto update : from) {
    auto what = read_update(update);
    if (!what) return what.error();
    into.push_back(std::move(*what));
  }
  return {};
}

/// Whether a message may be read any further.
result<void> admit(std::uint16_t protocol, std::uint64_t theirs, std::uint64_t ours) {
  if (protocol != idl::GOSSIP_PROTOCOL)
    return error{code::unimplemented, "gossip of protocol version " + std::to_string(protocol) +
                                          "; this node speaks " + std::to_string(idl::GOSSIP_PROTOCOL)};
  if (theirs != ours)
    return error{code::permission_denied,
                 "gossip of another cluster (" + to_hex(theirs) + "; this is " + to_hex(ours) + ")"};
  return {};
}

result<membership::packet> read(idl::Packet::Reader from, std::size_t bytes, std::uint64_t cluster) {
  if (auto admitted = admit(from.getProtocol(), from.getCluster(), cluster); !admitted)
    return admitted.error();
  if (from.getKind() > idl::PacketKind::GOSSIP) return bad("a packet of unknown kind");
  membership::packet what;
  what.kind = static_cast<membership::packet_kind>(from.getKind());
  const auto sender = from.getFrom();
  what.from = {{sender.getNode()}, {sender.getEpoch()}};
  what.from_address = make_endpoint(sender.getHigh(), sender.getLow(), sender.getPort());
  what.sequence = from.getSequence();
  const auto target = from.getTarget();
  what.target = {{target.getNode()}, {target.getEpoch()}};
  what.target_address = make_endpoint(target.getHigh(), target.getLow(), target.getPort());
  what.digest = from.getDigest();
  if (auto fine = read_updates(from.getUpdates(), bytes, what.updates); !fine) return fine.error();
  return what;
}

void write(idl::Digest::Builder to, const membership::sync_digest& what) {
  to.setNode(what.subject.node.value);
  to.setEpoch(what.subject.epoch.value);
  to.setIncarnation(what.incarnation);
  to.setRegistrationVersion(what.version);
  to.setState(static_cast<idl::State>(what.state));
}

result<membership::sync_digest> read_digest(idl::Digest::Reader from) {
  if (from.getState() > idl::State::LEFT) return bad("a digest with an unknown state");
  return membership::sync_digest{{{from.getNode()}, {from.getEpoch()}},
                                 from.getIncarnation(),
                                 from.getRegistrationVersion(),
                                 static_cast<membership::state>(from.getState())};
}

/// Lists of structs may claim more entries than there are bytes for.
template <class List>
result<void> check_room(const List& list, std::size_t entry_bytes, std::size_t bytes) {
  if (list.size() <= bytes / entry_bytes) return {};
  return bad("a list claims " + std::to_string(list.size()) + " entries in " + std::to_string(bytes) +
             " bytes");
}

result<void> read_digests(capnp::List<idl::Digest>::Reader from, std::size_t bytes,
                          std::vector<membership::sync_digest>& into) {
  if (auto fine = check_room(from, digest_bytes, bytes); !fine) return fine;
  into.reserve(from.size());
  for (const auto digest : from) {
    auto what = read_digest(digest);
    if (!what) return what.error();
    into.push_back(*what);
  }
  return {};
}

result<void> read_sums(idl::Sync::Reader from, membership::sync_message& what) {
  const auto sums = from.getSums();
  const auto ranges = from.getSumRanges();
  if (sums.size() != ranges.size())
    return bad(std::to_string(sums.size()) + " sums of " + std::to_string(ranges.size()) + " ranges");
  what.sums_level = from.getSumsLevel();
  what.sums.reserve(sums.size());
  for (unsigned i = 0; i < sums.size(); ++i) what.sums.push_back({ranges[i], sums[i]});
  return {};
}

result<membership::sync_message> read(idl::Sync::Reader from, std::size_t bytes, std::uint64_t cluster) {
  if (auto admitted = admit(from.getProtocol(), from.getCluster(), cluster); !admitted)
    return admitted.error();
  if (from.getKind() > idl::SyncKind::PONG) return bad("a sync message of unknown kind");
  membership::sync_message what;
  what.kind = static_cast<membership::sync_kind>(from.getKind());
  what.from = {{from.getNode()}, {from.getEpoch()}};
  what.target = {{from.getTargetNode()}, {from.getTargetEpoch()}};
  what.bits = from.getBits();
  what.members = from.getMembers();
  what.digest = from.getDigest();
  what.more = from.getMore();
  if (auto fine = read_sums(from, what); !fine) return fine.error();
  what.covered_level = from.getCoveredLevel();
  const auto covered = from.getCovered();
  for (const auto range : covered) what.covered.push_back(range);
  if (auto fine = read_digests(from.getDigests(), bytes, what.digests); !fine) return fine.error();
  if (auto fine = read_digests(from.getTombstones(), bytes, what.tombstones); !fine) return fine.error();
  const auto wants = from.getWants();
  if (auto fine = check_room(wants, want_bytes, bytes); !fine) return fine.error();
  for (const auto want : wants) what.wants.push_back({{want.getNode()}, want.getRegistrationVersion()});
  const auto others = from.getOthers();
  if (auto fine = check_room(others, address_bytes, bytes); !fine) return fine.error();
  for (const auto other : others)
    what.others.push_back(make_endpoint(other.getHigh(), other.getLow(), other.getPort()));
  if (auto fine = read_updates(from.getFacts(), bytes, what.facts); !fine) return fine.error();
  return what;
}

/// Copies to aligned words and reads `Struct` with limits in proportion to the bytes.
template <class Value, class Struct>
result<Value> decode(std::span<const std::byte> bytes, std::size_t bytes_max, std::uint64_t cluster,
                     const char* what) {
  if (bytes.size() > bytes_max)
    return error{code::resource_exhausted, std::string(what) + " of " + std::to_string(bytes.size()) +
                                               " bytes exceeds " + std::to_string(bytes_max)};
  if (bytes.empty() || bytes.size() % sizeof(capnp::word) != 0)
    return bad(std::string(what) + " of " + std::to_string(bytes.size()) + " bytes is not whole words");
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
  std::memcpy(words.begin(), bytes.data(), bytes.size());
  capnp::ReaderOptions limits;
  limits.traversalLimitInWords = 2 * words.size() + 64;  // an honest reading visits everything about once
  limits.nestingLimit = nesting_max;
  std::optional<result<Value>> outcome;
  const auto read_whole = catching_kj(what, [&] {
    capnp::FlatArrayMessageReader message(words, limits);
    outcome = read(message.getRoot<Struct>(), bytes.size(), cluster);
  });
  if (!read_whole) return read_whole.error();
  return std::move(*outcome);
}

}  // namespace

std::uint64_t cluster_hash(std::string_view cluster) { return hash_of(cluster); }

std::vector<std::byte> encode(const membership::packet& what, std::uint64_t cluster) {
  capnp::MallocMessageBuilder message(
      first_segment_words(membership::packet_overhead_bytes + sum_of_bounds(what.updates)));
  auto to = message.initRoot<idl::Packet>();
  to.setProtocol(idl::GOSSIP_PROTOCOL);
  to.setKind(static_cast<idl::PacketKind>(what.kind));
  to.setCluster(cluster);
  auto sender = to.getFrom();
  sender.setNode(what.from.node.value);
  sender.setEpoch(what.from.epoch.value);
  sender.setHigh(half(what.from_address, 0));
  sender.setLow(half(what.from_address, 8));
  sender.setPort(what.from_address.port);
  to.setSequence(what.sequence);
  auto target = to.getTarget();
  target.setNode(what.target.node.value);
  target.setEpoch(what.target.epoch.value);
  target.setHigh(half(what.target_address, 0));
  target.setLow(half(what.target_address, 8));
  target.setPort(what.target_address.port);
  to.setDigest(what.digest);
  auto updates = to.initUpdates(static_cast<unsigned>(what.updates.size()));
  for (unsigned i = 0; i < updates.size(); ++i) write(updates[i], what.updates[i]);
  return bytes_of(message);
}

std::vector<std::byte> encode(const membership::sync_message& what, std::uint64_t cluster) {
  capnp::MallocMessageBuilder message(first_segment_words(membership::size_bound(what)));
  auto to = message.initRoot<idl::Sync>();
  to.setProtocol(idl::GOSSIP_PROTOCOL);
  to.setKind(static_cast<idl::SyncKind>(what.kind));
  to.setBits(what.bits);
  to.setSumsLevel(what.sums_level);
  to.setCoveredLevel(what.covered_level);
  to.setMore(what.more);
  to.setCluster(cluster);
  to.setNode(what.from.node.value);
  to.setEpoch(what.from.epoch.value);
  to.setTargetNode(what.target.node.value);
  to.setTargetEpoch(what.target.epoch.value);
  to.setDigest(what.digest);
  to.setMembers(what.members);
  // An empty list takes no word at all when it is not there.
  const auto each = [](const auto& from, auto&& init, auto&& set) {
    if (from.empty()) return;
    auto list = init(static_cast<unsigned>(from.size()));
    for (unsigned i = 0; i < list.size(); ++i) set(list, i, from[i]);
  };
  const auto put = [](auto& list, unsigned i, const auto& entry) { write(list[i], entry); };
  each(
      what.sums, [&](unsigned n) { return to.initSums(n); },
      [](auto& list, unsigned i, const auto& entry) { list.set(i, entry.sum); });
  each(
      what.sums, [&](unsigned n) { return to.initSumRanges(n); },
      [](auto& list, unsigned i, const auto& entry) { list.set(i, entry.range); });
  each(
      what.covered, [&](unsigned n) { return to.initCovered(n); },
      [](auto& list, unsigned i, std::uint16_t range) { list.set(i, range); });
  each(
      what.digests, [&](unsigned n) { return to.initDigests(n); }, put);
  each(
      what.wants, [&](unsigned n) { return to.initWants(n); },
      [](auto& list, unsigned i, const auto& entry) {
        list[i].setNode(entry.node.value);
        list[i].setRegistrationVersion(entry.version);
      });
  each(
      what.facts, [&](unsigned n) { return to.initFacts(n); }, put);
  each(
      what.tombstones, [&](unsigned n) { return to.initTombstones(n); }, put);
  each(
      what.others, [&](unsigned n) { return to.initOthers(n); },
      [](auto& list, unsigned i, const endpoint& entry) {
        list[i].setHigh(half(entry, 0));
        list[i].setLow(half(entry, 8));
        list[i].setPort(entry.port);
      });
  return bytes_of(message);
}

result<membership::packet> decode_packet(std::span<const std::byte> bytes, std::uint64_t cluster) {
  return decode<membership::packet, idl::Packet>(bytes, packet_bytes_limit, cluster, "a gossip packet");
}

result<membership::sync_message> decode_sync(std::span<const std::byte> bytes, std::uint64_t cluster) {
  return decode<membership::sync_message, idl::Sync>(bytes, membership::sync_message_bytes_max, cluster,
                                                     "a sync message");
}

}  // namespace troupe::wire
