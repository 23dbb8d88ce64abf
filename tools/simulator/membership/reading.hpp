// What the simulator reads in a core's values, in one place.
#pragma once

#include <cstdint>
#include <string>

#include <troupe/base/hash.hpp>
#include <troupe/membership/core.hpp>

namespace troupe::simulator {

template <class Member>
const std::string& name_in(const Member& of) {
  if constexpr (requires { of.who; })
    return of.who->name;
  else
    return of.name;
}

template <class Member>
endpoint address_in(const Member& of) {
  if constexpr (requires { of.who; })
    return of.who->address;
  else
    return of.address;
}

/// What equal standings must have in common.
template <class Member>
std::uint64_t attributes_in(const Member& of) {
  const auto where = address_in(of);
  auto sum = hash_of(std::string_view(name_in(of))) ^ hash_of(where.address.data(), where.address.size());
  sum = mix(sum ^ where.port ^ static_cast<std::uint64_t>(of.mode) << 16);
  if constexpr (requires { of.worker_lag; }) sum = mix(sum ^ of.worker_lag);
  return sum;
}

inline std::uint64_t content_in(const membership::registration& document) {
  auto sum = mix(document.version ^ hash_of(document.zone));
  for (const auto& each : document.services)
    sum = mix(sum ^ hash_of(each.name) ^
              mix(each.interface_id ^ static_cast<std::uint64_t>(each.weight) << 40));
  return sum;
}

template <class Member>
std::uint64_t document_version_in(const Member& of) {
  if constexpr (requires { of.document->version; })
    return of.document ? of.document->version : 0;
  else
    return of.document.version;
}

/// 0 without a document.
template <class Member>
std::uint64_t document_in(const Member& of) {
  if (document_version_in(of) == 0) return 0;
  if constexpr (requires { of.document->version; })
    return content_in(*of.document);
  else
    return content_in(of.document);
}

}  // namespace troupe::simulator
