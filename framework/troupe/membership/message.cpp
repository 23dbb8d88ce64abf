#include <algorithm>
#include <functional>
#include <utility>

#include <troupe/membership/message.hpp>

namespace troupe::membership {

namespace {

// Cap'n Proto's layout, in bytes: gossip.capnp's structs are laid out once and for all, so these are exact.
constexpr std::size_t word = 8;
constexpr std::size_t update_fixed = 11 * word;       // 8 of data, 3 pointers
constexpr std::size_t registration_fixed = 3 * word;  // 1 of data, 2 pointers
constexpr std::size_t service_fixed = 3 * word;       // 2 of data, 1 pointer
constexpr std::size_t list_tag = word;

/// A text ends with a zero byte and is padded to whole words.
constexpr std::size_t text_bytes(std::size_t length) { return (length + 1 + word - 1) / word * word; }

}  // namespace

std::string_view to_string(state value) {
  switch (value) {
    case state::alive:
      return "alive";
    case state::suspect:
      return "suspect";
    case state::dead:
      return "dead";
    case state::left:
      return "left";
  }
  return "unknown";
}

std::string_view to_string(mode value) {
  switch (value) {
    case mode::joining:
      return "joining";
    case mode::ready:
      return "ready";
    case mode::draining:
      return "draining";
  }
  return "unknown";
}

std::shared_ptr<const attributes> make_attributes(std::string name, endpoint address,
                                                  std::vector<node_id> lossy) {
  return std::make_shared<const attributes>(attributes{std::move(name), address, std::move(lossy)});
}

bool operator==(const update& one, const update& other) {
  const auto same = [](const auto& a, const auto& b) { return a == b || (a && b && *a == *b); };
  return one.subject == other.subject && one.incarnation == other.incarnation && one.state == other.state &&
         one.mode == other.mode && one.worker_lag == other.worker_lag &&
         one.accuser_health == other.accuser_health && one.accuser == other.accuser &&
         one.registration_version == other.registration_version && same(one.who, other.who) &&
         same(one.document, other.document);
}

std::size_t size_bound(const registration& document) {
  std::size_t bytes = registration_fixed + text_bytes(document.zone.size()) + list_tag;
  for (const auto& service : document.services) bytes += service_fixed + text_bytes(service.name.size());
  return bytes;
}

std::size_t size_bound(const update& what) {
  return update_fixed + text_bytes(what.who ? what.who->name.size() : 0) +
         (what.who ? what.who->lossy.size() * word : 0) + (what.document ? size_bound(*what.document) : 0);
}

std::size_t size_bound(const packet& what) {
  std::size_t bytes = packet_overhead_bytes;
  for (const auto& fact : what.updates) bytes += size_bound(fact);
  return bytes;
}

bool is_sensible(const registration& document) {
  const auto sensible_service = [](const service_entry& service) {
    return !service.name.empty() && service.name.size() <= service_name_bytes_max && service.weight >= 1 &&
           service.weight <= weight_max;
  };
  return document.zone.size() <= zone_bytes_max && document.services.size() <= services_max &&
         std::all_of(document.services.begin(), document.services.end(), sensible_service);
}

bool is_sensible(const attributes& what) {
  return !what.name.empty() && what.name.size() <= node_name_bytes_max && what.address &&
         !what.address.is_unspecified() && what.lossy.size() <= lossy_max &&
         std::adjacent_find(what.lossy.begin(), what.lossy.end(), std::greater_equal<>{}) == what.lossy.end();
}

}  // namespace troupe::membership
