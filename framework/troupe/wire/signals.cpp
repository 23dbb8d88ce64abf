#include <troupe/wire/catching_kj.hpp>
#include <troupe/wire/load.hpp>
#include <troupe/wire/signals.hpp>
#include <troupe/wire/text.hpp>

namespace troupe::wire {

namespace {

/// A longer reason is cut: it goes into logs.
constexpr std::size_t reason_bytes_max = 1024;
/// Beside an exchange's message: the root, the frame, the list's end.
constexpr std::size_t exchange_words = 16;

/// Runs `read`, which gives a Value and may throw KJ's exceptions.
template <class Value, class Read>
result<Value> whole(std::string_view what, Read&& read) {
  Value value;
  const auto fine = catching_kj(what, [&] { value = read(); });
  if (!fine) return fine.error();
  return value;
}

}  // namespace

void write(capnp::MessageBuilder& to, const cancel& what) {
  to.initRoot<idl::Frame>().setCancel(what.attempt.value);
}

cancel read_cancel(const message& from) { return {attempt_id{from.root().getCancel()}}; }

void write(capnp::MessageBuilder& to, const ping& what) { to.initRoot<idl::Frame>().setPing(what.number); }

ping read_ping(const message& from) { return {from.root().getPing()}; }

void write(capnp::MessageBuilder& to, const pong& what) { to.initRoot<idl::Frame>().setPong(what.number); }

pong read_pong(const message& from) { return {from.root().getPong()}; }

void write(capnp::MessageBuilder& to, const go_away& what) {
  fill(to.initRoot<idl::Frame>().initGoAway(size_of(what.why)), what.why);
}

result<go_away> read_go_away(const message& from) {
  return whole<go_away>("a farewell that cannot be read", [&] {
    return go_away{view_of(from.root().getGoAway()).substr(0, reason_bytes_max)};
  });
}

void write(capnp::MessageBuilder& to, const load_query& what) {
  fill(to.initRoot<idl::Frame>().initLoadQuery().initService(size_of(what.service)), what.service);
}

result<load_query> read_load_query(const message& from) {
  return whole<load_query>("a load query that cannot be read",
                           [&] { return load_query{view_of(from.root().getLoadQuery().getService())}; });
}

void write(capnp::MessageBuilder& to, const load_answer& what) {
  auto answer = to.initRoot<idl::Frame>().initLoadAnswer();
  fill(answer.initService(size_of(what.service)), what.service);
  write(answer.initLoad(), what.load);
}

result<load_answer> read_load_answer(const message& from) {
  return whole<load_answer>("a load answer that cannot be read", [&] {
    const auto answer = from.root().getLoadAnswer();
    return load_answer{view_of(answer.getService()), read(answer.getLoad())};
  });
}

void write(capnp::MessageBuilder& to, const exchange& what) {
  to.initRoot<idl::Frame>().setExchange(
      kj::arrayPtr(reinterpret_cast<const kj::byte*>(what.message.data()), what.message.size()));
}

result<exchange> read_exchange(const message& from) {
  return whole<exchange>("a sync's frame that cannot be read", [&] {
    const auto bytes = from.root().getExchange();
    return exchange{{reinterpret_cast<const std::byte*>(bytes.begin()), bytes.size()}};
  });
}

exchange_frame::exchange_frame(std::span<const std::byte> message)
    : message_(static_cast<capnp::uint>(message.size() / sizeof(capnp::word) + exchange_words)) {
  write(message_, exchange{message});
}

}  // namespace troupe::wire
