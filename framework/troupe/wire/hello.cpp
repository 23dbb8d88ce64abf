#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <troupe/wire/catching_kj.hpp>
#include <troupe/wire/hello.hpp>
#include <troupe/wire/text.hpp>

namespace troupe::wire {

namespace {

static_assert(protocol_version == idl::PROTOCOL_VERSION);
static_assert(static_cast<std::uint16_t>(feature::load_queries) ==
              static_cast<std::uint16_t>(idl::Feature::LOAD_QUERIES));
static_assert(static_cast<std::uint16_t>(feature::bouncing) ==
              static_cast<std::uint16_t>(idl::Feature::BOUNCING));
static_assert(static_cast<std::uint16_t>(feature::presence) ==
              static_cast<std::uint16_t>(idl::Feature::PRESENCE));

constexpr std::size_t cluster_bytes_max = 64;
constexpr std::size_t name_bytes_max = 64;
/// A longer reason is cut: it goes into logs.
constexpr std::size_t reason_bytes_max = 1024;

error bad(std::string text) { return {code::invalid_argument, std::move(text)}; }

void write(idl::Identity::Builder to, const identity& who) {
  to.setNode(who.node.value);
  to.setEpoch(who.epoch.value);
}

identity read(idl::Identity::Reader from) { return {node_id{from.getNode()}, epoch{from.getEpoch()}}; }

template <class Struct>
void write_features(Struct to, feature_set what) {
  std::vector<idl::Feature> all;
  for (std::uint16_t number = 0; number < feature_count; ++number)
    if (what.has(static_cast<feature>(number))) all.push_back(static_cast<idl::Feature>(number));
  auto list = to.initFeatures(static_cast<capnp::uint>(all.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) list.set(i, all[i]);
}

template <class Struct>
feature_set read_features(Struct from) {
  if (!from.hasFeatures()) return feature_set::unsaid();
  feature_set known;
  for (const auto each : from.getFeatures()) {
    const auto number = static_cast<std::uint16_t>(each);
    if (number < feature_count) known = known.with(static_cast<feature>(number));
  }
  return known;
}

result<std::string> read_text(capnp::Text::Reader text, std::size_t bytes_max, const char* what) {
  if (text.size() > bytes_max)
    return bad(std::string(what) + " of " + std::to_string(text.size()) + " bytes exceeds " +
               std::to_string(bytes_max));
  return text_of(text);
}

result<hello> read(idl::Hello::Reader from) {
  hello what;
  what.version = from.getVersion();
  if (what.version != protocol_version) return what;
  auto cluster = read_text(from.getCluster(), cluster_bytes_max, "a cluster's name");
  if (!cluster) return cluster.error();
  auto name = read_text(from.getName(), name_bytes_max, "a node's name");
  if (!name) return name.error();
  what.cluster = std::move(*cluster);
  what.name = std::move(*name);
  what.from = read(from.getFrom());
  if (!what.from.node) return bad("a hello from nobody");
  what.features = read_features(from);
  return what;
}

result<welcome> read(idl::Welcome::Reader from) {
  welcome what;
  what.version = from.getVersion();
  if (what.version != protocol_version) return what;
  auto name = read_text(from.getName(), name_bytes_max, "a node's name");
  if (!name) return name.error();
  what.name = std::move(*name);
  what.from = read(from.getFrom());
  if (!what.from.node) return bad("a welcome from nobody");
  what.features = read_features(from);
  return what;
}

error read(idl::Refusal::Reader from) {
  const auto how = code_from_wire(from.getCode());
  return {how == code::ok ? code::unknown : how,
          std::string(view_of(from.getText()).substr(0, reason_bytes_max))};
}

/// Nothing where both are the same.
std::optional<error> compare_versions(const std::string& accepting, std::uint16_t theirs,
                                      const std::string& connecting, std::uint16_t ours) {
  if (theirs == ours) return std::nullopt;
  const auto& older = theirs < ours ? accepting : connecting;
  const auto& newer = theirs < ours ? connecting : accepting;
  return error{code::failed_precondition, accepting + " speaks protocol version " + std::to_string(theirs) +
                                              ", " + connecting + " version " + std::to_string(ours) +
                                              ": bring " + older + " to the release of " + newer};
}

}  // namespace

void write(capnp::MessageBuilder& to, const hello& what) {
  auto said = to.initRoot<idl::Frame>().initHello();
  said.setVersion(what.version);
  fill(said.initCluster(size_of(what.cluster)), what.cluster);
  fill(said.initName(size_of(what.name)), what.name);
  write(said.getFrom(), what.from);
  write_features(said, what.features);
}

result<hello> read_hello(const message& from) {
  if (from.kind() != frame_kind::hello) return bad("the peer did not begin with a hello");
  result<hello> outcome{hello{}};
  const auto whole =
      catching_kj("a hello that cannot be read", [&] { outcome = read(from.root().getHello()); });
  if (!whole) return whole.error();
  return outcome;
}

void write(capnp::MessageBuilder& to, const welcome& what) {
  auto said = to.initRoot<idl::Frame>().initWelcome();
  said.setVersion(what.version);
  fill(said.initName(size_of(what.name)), what.name);
  write(said.getFrom(), what.from);
  write_features(said, what.features);
}

void write(capnp::MessageBuilder& to, const refusal& what) {
  auto said = to.initRoot<idl::Frame>().initRefusal();
  said.setCode(static_cast<std::uint16_t>(what.why.code));
  fill(said.initText(size_of(what.why.text)), what.why.text);
}

result<welcome> read_welcome(const message& from) {
  result<welcome> outcome{bad("the peer did not answer hello with welcome")};
  const auto whole = catching_kj("an answer to hello that cannot be read", [&] {
    if (from.kind() == frame_kind::refusal) outcome = read(from.root().getRefusal());
    if (from.kind() == frame_kind::welcome) outcome = read(from.root().getWelcome());
  });
  if (!whole) return whole.error();
  return outcome;
}

result<feature_set> agree(const hello& caller, const hello& own) {
  if (const auto differ =
          compare_versions("node " + own.name, own.version, "the calling node", caller.version))
    return *differ;
  if (caller.cluster != own.cluster)
    return error{code::permission_denied, "node " + own.name + " belongs to cluster '" + own.cluster +
                                              "', the caller to '" + caller.cluster +
                                              "': check the address, or the cluster's name"};
  return caller.features & own.features;
}

result<feature_set> agree(const welcome& answer, const hello& own) {
  if (const auto differ =
          compare_versions("the node that answers", answer.version, "node " + own.name, own.version))
    return *differ;
  return answer.features & own.features;
}

welcome welcome_of(const hello& own) { return {own.version, own.from, own.name, own.features}; }

}  // namespace troupe::wire
