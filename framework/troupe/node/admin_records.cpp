#include <algorithm>

#include <troupe/node/admin_records.hpp>
#include <troupe/routing/attempt_text.hpp>

namespace troupe {

namespace {

void write_terms(capnp::List<admin::Term>::Builder to, const std::vector<balance::term>& from) {
  for (capnp::uint i = 0; i < to.size(); ++i) {
    to[i].setName(std::string(from[i].name));
    to[i].setValue(from[i].value);
    to[i].setWeight(from[i].weight);
  }
}

/// Of a member; its id where it is not known.
std::string name_of(node_id who, const std::vector<membership::member>& known) {
  const auto found =
      std::find_if(known.begin(), known.end(), [who](const auto& one) { return one.self.node == who; });
  return found == known.end() ? to_hex(who.value) : found->name;
}

void write_candidate(admin::Candidate::Builder to, const balance::candidate& from, time_point now) {
  to.setNode(from.name);
  to.setAddress(from.address);
  to.setScore(from.score);
  to.setInFlight(from.in_flight);
  to.setShare(from.share);
  std::string state = from.why.empty() ? "healthy" : from.why;
  if (from.ejected_until > now && from.ejected_until != never)
    state += ", for " + format_duration(from.ejected_until - now) + " yet";
  to.setState(state);
  write_terms(to.initTerms(static_cast<capnp::uint>(from.terms.size())), from.terms);
}

void write_attempt(admin::Attempt::Builder to, const routing::recent_call& of, std::size_t attempt) {
  const auto& from = of.attempts()[attempt];
  const auto& record = from.record;
  to.setNode(from.name);
  to.setAddress(from.address);
  to.setScore(record.score);
  to.setRunnerUp(from.runner_up);
  to.setCandidates(from.candidates);
  write_terms(to.initTerms(static_cast<capnp::uint>(from.terms.size())), from.terms);
  to.setWhyChosen(of.why_chosen(attempt));
  to.setStartedMicros(to_micros(record.started - of.began));
  to.setTookMicros(to_micros(record.ended - record.started));
  to.setFate(std::string(to_string(record.fate)));
  to.setCode(to_string(record.code));
  to.setOutcome(outcome_text(record));
  to.setWhatFollowed(of.what_followed(attempt));
}

}  // namespace

void write_member(admin::Member::Builder to, const membership::member& from,
                  const std::vector<membership::member>& known, time_point now) {
  to.setId(from.self.node.value);
  to.setEpoch(from.self.epoch.value);
  to.setIncarnation(from.incarnation);
  to.setName(from.name);
  to.setAddress(to_string(from.address));
  to.setState(std::string(to_string(from.state)));
  to.setMode(std::string(to_string(from.mode)));
  to.setSinceMicros(to_micros(now - from.since));
  if (from.accuser) to.setAccuser(name_of(from.accuser, known));
  to.setRoundTripMicros(to_micros(from.round_trip));
  to.setZone(from.document.zone);
  auto services = to.initServices(static_cast<capnp::uint>(from.document.services.size()));
  for (capnp::uint i = 0; i < services.size(); ++i) services.set(i, from.document.services[i].name);
  to.setWorkerLag(from.worker_lag);
  to.setDegraded(from.degraded);
  auto observers = to.initObservers(static_cast<capnp::uint>(from.observers.size()));
  for (capnp::uint i = 0; i < observers.size(); ++i) observers.set(i, name_of(from.observers[i], known));
}

void write_event(admin::MemberEvent::Builder to, const membership::past_event& from, time_point now) {
  const auto& subject = from.subject;
  to.setNumber(from.number);
  to.setAgoMicros(to_micros(now - from.at));
  to.setKind(std::string(to_string(from.kind)));
  to.setName(subject.name);
  to.setId(subject.self.node.value);
  to.setEpoch(subject.self.epoch.value);
  to.setIncarnation(subject.incarnation);
  to.setAddress(to_string(subject.address));
  to.setState(std::string(to_string(subject.state)));
  to.setMode(std::string(to_string(subject.mode)));
  to.setAccuser(from.accuser);
  to.setWorkerLag(subject.worker_lag);
  to.setDegraded(subject.degraded);
  to.setServices(static_cast<std::uint32_t>(from.services));
}

void write_links(admin::Admin::LinksResults::Builder results, const serving::server::report& in,
                 const calling::router_actor::report& out, const gossip::gossip_actor::report& gossip) {
  auto links = results.initLinks(static_cast<capnp::uint>(in.links.size() + out.links.size()));
  capnp::uint next = 0;
  const auto write = [&](const actor::link_report& link, const char* direction) {
    auto to = links[next++];
    to.setNode(link.node);
    to.setAddress(link.address);
    to.setDirection(direction);
    to.setState(link.state);
    to.setQueuedBytes(link.queued_bytes);
    to.setSentBytes(link.sent_bytes);
    to.setReceivedBytes(link.received_bytes);
  };
  for (const auto& link : out.links) write(link, "out");
  for (const auto& link : in.links) write(link, "in");
  auto counters = results.initCounters(
      static_cast<capnp::uint>(in.counted.size() + out.counted.size() + gossip.counted.size()));
  next = 0;
  for (const auto* list : {&in.counted, &out.counted, &gossip.counted})
    for (const auto& [name, value] : *list) {
      counters[next].setName(name);
      counters[next++].setValue(value);
    }
}

void write_explanation(admin::Explanation::Builder to, const calling::router_actor::service_view& from,
                       time_point now) {
  to.setService(from.replicas.service);
  to.setPolicy(from.replicas.policy);
  to.setMethod(static_cast<std::uint16_t>(from.method));
  auto candidates = to.initCandidates(static_cast<capnp::uint>(from.replicas.candidates.size()));
  for (capnp::uint i = 0; i < candidates.size(); ++i)
    write_candidate(candidates[i], from.replicas.candidates[i], now);
  auto methods = to.initMethods(static_cast<capnp::uint>(from.times.size()));
  for (capnp::uint i = 0; i < methods.size(); ++i) {
    methods[i].setMethod(static_cast<std::uint16_t>(from.times[i].method));
    methods[i].setMedianMicros(to_micros(from.times[i].median));
    methods[i].setP99Micros(to_micros(from.times[i].p99));
  }
}

void write_call(admin::RecentCall::Builder to, const routing::recent_call& from, const identity& caller,
                time_point now) {
  to.setName(call_name(caller, from.id));
  to.setService(from.service);
  to.setMethod(from.method);
  to.setPolicy(from.policy);
  to.setSafety(std::string(to_string(from.safety)));
  to.setKeptFor(std::string(to_string(from.kept_for)));
  to.setAgoMicros(to_micros(now - from.began - from.took));
  to.setTookMicros(to_micros(from.took));
  to.setAllowedMicros(to_micros(from.allowed));
  to.setCode(to_string(from.code));
  to.setText(from.text);
  auto attempts = to.initAttempts(static_cast<capnp::uint>(from.attempts().size()));
  for (capnp::uint i = 0; i < attempts.size(); ++i) write_attempt(attempts[i], from, i);
}

}  // namespace troupe
