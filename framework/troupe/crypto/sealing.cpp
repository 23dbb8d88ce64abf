#include <algorithm>
#include <cstring>
#include <utility>

#include <troupe/crypto/little_endian.hpp>
#include <troupe/crypto/sealing.hpp>

namespace troupe::crypto {

namespace {

constexpr std::byte mark{0xe5};
constexpr std::byte version{1};
constexpr std::size_t header_bytes = 40;
constexpr std::size_t prefix_bytes = 8;  // of what is encrypted
static_assert(header_bytes + prefix_bytes + cipher::tag_bytes == sealed_overhead_bytes);

/// Where GCM's bounds are still far away.
constexpr std::uint64_t messages_per_salt = std::uint64_t{1} << 32;
constexpr std::string_view derivation_label = "troupe gossip, one life of one sender, 1";

struct header {
  content what = content::packet;
  key_id with;
  std::uint64_t whose = 0;
  message_name name;
};

void write(const header& from, std::byte* to) {
  to[0] = mark;
  to[1] = version;
  to[2] = static_cast<std::byte>(from.what);
  to[3] = std::byte{0};
  put(to + 4, from.with.value);
  put(to + 8, from.whose);
  std::copy(from.name.salt.begin(), from.name.salt.end(), to + 16);
  put(to + 32, from.name.number);
}

/// `from` is at least a header long.
std::optional<header> read_header(const std::byte* from) {
  const auto what = std::to_integer<unsigned>(from[2]);
  if (from[1] != version || what < 1 || what > 4 || from[3] != std::byte{0}) return std::nullopt;
  header read;
  read.what = static_cast<content>(what);
  read.with = {get<std::uint32_t>(from + 4)};
  read.whose = get<std::uint64_t>(from + 8);
  std::copy_n(from + 16, read.name.salt.size(), read.name.salt.begin());
  read.name.number = get<std::uint64_t>(from + 32);
  return read;
}

}  // namespace

salt draw_salt() {
  salt drawn;
  fill_randomly(reinterpret_cast<std::uint8_t*>(drawn.data()), drawn.size());
  return drawn;
}

recipient recipient::of(const identity& who) {
  recipient made{kind::node, {}, who.epoch.value};
  put(made.name.data(), who.node.value);
  return made;
}

recipient recipient::of_answer_to(const message_name& asked) {
  return {kind::sender, asked.salt, asked.number};
}

bool looks_sealed(bytes_view bytes) { return !bytes.empty() && bytes.front() == mark; }

message_name name_of(bytes_view sealed) {
  const auto said = sealed.size() < sealed_overhead_bytes ? std::nullopt : read_header(sealed.data());
  TROUPE_INVARIANT(said);
  return said->name;
}

sealing::sealing(std::string cluster, const salt& fresh, std::size_t lives_max)
    : cluster_(std::move(cluster)), lives_max_(std::max<std::size_t>(lives_max, 1)), salt_(fresh) {}

std::size_t sealing::salt_hash::operator()(const salt& of) const noexcept {
  // Random already; and whoever chooses one cannot enter it without a key.
  std::size_t value;
  std::memcpy(&value, of.data(), sizeof value);
  return value;
}

key sealing::derive(const ring_entry& from, const salt& of) {
  TROUPE_INVARIANT(from.secret);
  return cipher_.derive(*from.secret, of, derivation_label);
}

bytes_view sealing::associate(bytes_view of_header, const recipient& to) {
  associated_.assign(of_header.begin(), of_header.end());
  associated_.push_back(static_cast<std::byte>(to.kind));
  associated_.insert(associated_.end(), to.name.begin(), to.name.end());
  const auto* const name = reinterpret_cast<const std::byte*>(cluster_.data());
  associated_.insert(associated_.end(), name, name + cluster_.size());
  return associated_;
}

std::vector<std::byte> sealing::seal(const ring_entry& with, content what, const recipient& to,
                                     std::uint32_t ring_digest, bytes_view message) {
  if (next_number_ == messages_per_salt) {
    salt_ = draw_salt();
    next_number_ = 0;
    own_.reset();
  }
  if (!own_ || own_->first != with.id) own_.emplace(with.id, derive(with, salt_));
  const auto number = next_number_++;
  std::vector<std::byte> sealed(message.size() + sealed_overhead_bytes);
  write({what, with.id, to.whose, {salt_, number}}, sealed.data());
  put(sealed.data() + header_bytes, ring_digest);
  std::copy(message.begin(), message.end(), sealed.begin() + header_bytes + prefix_bytes);
  const std::span all(sealed);
  cipher_.seal(own_->second, number, associate(all.first<header_bytes>(), to),
               all.subspan(header_bytes, prefix_bytes + message.size()), all.last<cipher::tag_bytes>());
  return sealed;
}

verdict sealing::open(bytes_view sealed, const ring& keys, const recipient& self, opened& into) {
  if (!looks_sealed(sealed)) return verdict::unsealed;
  if (sealed.size() < sealed_overhead_bytes) return verdict::malformed;
  const auto said = read_header(sealed.data());
  if (!said) return verdict::malformed;
  const auto* const with = keys.find(said->with);
  if (with == nullptr) return verdict::unknown_key;
  if (!with->secret) return verdict::forgotten_key;
  const bool earlier = said->whose < self.whose && self.kind == recipient::kind::node;
  if (said->whose != self.whose && !earlier) return verdict::misdirected;

  std::optional<life_list::iterator> known;
  if (const auto found = by_salt_.find(said->name.salt); found != by_salt_.end()) known = found->second;
  if (known && (*known)->window.seen(said->name.number)) return verdict::replayed;

  const auto derived =
      known && (*known)->with == with->id ? (*known)->derived : derive(*with, said->name.salt);
  const auto encrypted = sealed.subspan(header_bytes, sealed.size() - header_bytes - cipher::tag_bytes);
  into.message.assign(encrypted.begin(), encrypted.end());
  if (!cipher_.open(derived, said->name.number, associate(sealed.first<header_bytes>(), self), into.message,
                    sealed.last<cipher::tag_bytes>())) {
    into.message.clear();
    return verdict::forged;
  }
  // Not of an earlier life: who plays many of those back could push everybody else out of the table.
  if (!earlier) note(known, {said->name.salt, with->id, derived, {}}, said->name.number);
  into.what = said->what;
  into.whom = earlier ? meant_for::earlier_life : meant_for::this_life;
  into.with = with->id;
  into.ring_digest = get<std::uint32_t>(into.message.data());
  into.name = said->name;
  into.message.erase(into.message.begin(), into.message.begin() + prefix_bytes);
  return verdict::accepted;
}

void sealing::note(std::optional<life_list::iterator> known, life heard, std::uint64_t number) {
  if (known) {
    lives_.splice(lives_.begin(), lives_, *known);
    if (lives_.front().with != heard.with) {
      lives_.front().with = heard.with;
      lives_.front().derived = heard.derived;
    }
  } else {
    if (lives_.size() >= lives_max_) {
      ++evicted_;
      by_salt_.erase(lives_.back().salt);
      lives_.pop_back();
    }
    lives_.push_front(std::move(heard));
    by_salt_.emplace(lives_.front().salt, lives_.begin());
  }
  lives_.front().window.note(number);
}

}  // namespace troupe::crypto
