#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>

#include <troupe/base/hash.hpp>
#include <troupe/crypto/ring.hpp>

namespace troupe::crypto {

namespace {

error no_key(key_id id) {
  return {code::not_found, "the ring has no key " + to_string(id) + ": troupe keys shows what there is"};
}

/// The greater of each. `into` and `from` are about one key.
void merge_into(ring_entry& into, const ring_entry& from) {
  into.use = std::max(into.use, from.use);
  // The same order may have reached two nodes: the first moment holds.
  if (into.retired_at == 0 || (from.retired_at != 0 && from.retired_at < into.retired_at))
    into.retired_at = from.retired_at;
  into.standing = std::max(into.standing, from.standing);
  if (!into.secret) into.secret = from.secret;
}

}  // namespace

std::string_view to_string(standing value) {
  switch (value) {
    case standing::held:
      return "held";
    case standing::retired:
      return "retired";
    case standing::forgotten:
      return "forgotten";
  }
  TROUPE_INVARIANT(false);
}

// --- Orders ----------------------------------------------------------------------------------------

result<key_id> ring::install(const key& fresh) {
  const auto id = fresh.id();
  if (const auto* known = find(id))
    return error{code::already_exists,
                 known->standing == standing::held
                     ? "the ring has key " + to_string(id) + " already"
                     : "key " + to_string(id) + " was retired, and cannot come back: install a new one"};
  const auto held = std::count_if(entries_.begin(), entries_.end(),
                                  [](const auto& one) { return one.standing == standing::held; });
  if (static_cast<std::size_t>(held) >= keys_max)
    return error{code::resource_exhausted,
                 "the ring is full with " + std::to_string(keys_max) + " keys: retire one first"};
  entries_.push_back({id, standing::held, entries_.empty() ? std::uint64_t{1} : 0, 0, fresh});
  settle();
  return id;
}

result<void> ring::use(key_id id) {
  auto* const wanted = edit(id);
  if (wanted == nullptr) return no_key(id);
  if (wanted->standing != standing::held)
    return error{code::failed_precondition,
                 "key " + to_string(id) + " was retired, and cannot be used again"};
  if (wanted == primary()) return {};
  for (const auto& one : entries_) wanted->use = std::max(wanted->use, one.use + 1);
  settle();
  return {};
}

result<void> ring::retire(key_id id, retirement how, wall_seconds now) {
  auto* const wanted = edit(id);
  if (wanted == nullptr) return no_key(id);
  if (wanted == primary())
    return error{
        code::failed_precondition,
        "key " + to_string(id) + " is the primary one: let another be used first (troupe keys use ID)"};
  if (wanted->retired_at == 0) wanted->retired_at = std::max(now, wall_seconds{1});
  wanted->standing =
      std::max(wanted->standing, how == retirement::compromised ? standing::forgotten : standing::retired);
  settle();
  return {};
}

// --- Agreement -------------------------------------------------------------------------------------

bool ring::merge(const ring& other) {
  const auto before = entries_;
  for (const auto& from : other.entries_) {
    if (auto* const known = edit(from.id))
      merge_into(*known, from);
    else
      entries_.push_back(from);
  }
  settle();
  return entries_ != before;
}

bool ring::forget_the_old(wall_seconds now) {
  bool changed = false;
  for (auto& one : entries_) {
    if (one.standing != standing::retired || now < one.retired_at + remembered_for) continue;
    one.standing = standing::forgotten;
    changed = true;
  }
  if (changed) settle();
  return changed;
}

/// Restores the order, the wiping and the bounds. What the bounds cut off is the end of the same order
/// everywhere, so rings that know the same keep the same. A retired key that is cut off becomes a forgotten
/// one.
void ring::settle() {
  const auto sort = [this] {
    std::sort(entries_.begin(), entries_.end(), [](const ring_entry& a, const ring_entry& b) {
      // Later uses and later retirements first.
      return std::tuple(a.standing, b.standing == standing::held ? b.use : b.retired_at, a.id) <
             std::tuple(b.standing, a.standing == standing::held ? a.use : a.retired_at, b.id);
    });
  };
  sort();
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    auto& one = entries_[i];
    if (one.standing == standing::retired && i >= keys_max) one.standing = standing::forgotten;
    if (one.standing == standing::forgotten) one.secret.reset();
  }
  sort();
  std::size_t held = 0;
  std::size_t forgotten = 0;
  std::erase_if(entries_, [&](const ring_entry& one) {
    return one.standing == standing::held        ? ++held > keys_max
           : one.standing == standing::forgotten ? ++forgotten > forgotten_max
                                                 : false;
  });
}

const ring_entry* ring::primary() const {
  return entries_.empty() || !entries_.front().secret ? nullptr : &entries_.front();
}

const ring_entry* ring::find(key_id id) const {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const auto& one) { return one.id == id; });
  return found == entries_.end() ? nullptr : &*found;
}

ring_entry* ring::edit(key_id id) { return const_cast<ring_entry*>(find(id)); }

std::uint32_t ring::digest() const {
  std::uint64_t sum = 0;
  for (const auto& one : entries_)
    sum = mix(sum ^ mix(one.id.value ^
                        mix(one.use ^ mix(one.retired_at ^ static_cast<std::uint64_t>(one.standing)))));
  return static_cast<std::uint32_t>(sum);
}

// --- Text ------------------------------------------------------------------------------------------

std::string to_text(const ring& what) {
  std::string text = "# Gossip keys of a Troupe cluster: secret. `troupe keys` changes them.\n";
  for (const auto& one : what.entries()) {
    text += "key " + to_string(one.id) + " " + std::string(to_string(one.standing)) +
            " use=" + std::to_string(one.use);
    if (one.retired_at != 0) text += " at=" + std::to_string(one.retired_at);
    if (one.secret) text += " " + one.secret->to_text();
    text += "\n";
  }
  return text;
}

namespace {

std::string_view next_word(std::string_view& line) {
  const auto begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return line = {};
  const auto end = std::min(line.find_first_of(" \t\r", begin), line.size());
  const auto word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

error bad(std::string what) { return {code::invalid_argument, std::move(what)}; }

constexpr std::uint64_t use_max = std::uint64_t{1} << 48;
constexpr wall_seconds wall_max = wall_seconds{1} << 40;

bool read_number(std::string_view word, std::string_view name, std::uint64_t max, std::uint64_t& into) {
  if (!word.starts_with(name)) return false;
  const auto* const end = word.data() + word.size();
  const auto [rest, failure] = std::from_chars(word.data() + name.size(), end, into);
  return failure == std::errc{} && rest == end && into <= max;
}

std::optional<standing> parse_standing(std::string_view word) {
  for (const auto one : {standing::held, standing::retired, standing::forgotten})
    if (word == to_string(one)) return one;
  return std::nullopt;
}

/// What follows the word `key`.
result<ring_entry> parse_entry(std::string_view line) {
  ring_entry read;
  const auto id = parse_key_id(next_word(line));
  const auto stands = parse_standing(next_word(line));
  if (!id || !stands || !read_number(next_word(line), "use=", use_max, read.use))
    return bad("a line is 'key ID held|retired|forgotten use=NUMBER [at=SECONDS] [KEY]', or a key alone");
  read.id = *id;
  read.standing = *stands;
  auto word = next_word(line);
  if (read_number(word, "at=", wall_max, read.retired_at)) word = next_word(line);
  if ((read.retired_at != 0) != (read.standing != standing::held))
    return bad(
        "a key that is retired or forgotten says at=SECONDS since when, and one that is held does not");
  if (word.empty() != (read.standing == standing::forgotten))
    return bad(
        "a key that is held or retired ends with its 44 characters, and one that is forgotten does not");
  if (!next_word(line).empty()) return bad("there is more on the line than a key");
  if (word.empty()) return read;
  const auto secret = key::parse(word);
  if (!secret) return secret.error();
  if (secret->id() != *id)
    return bad("the key's id is " + to_string(secret->id()) + ", and the line says " + to_string(*id));
  read.secret = *secret;
  return read;
}

}  // namespace

result<ring> parse_ring(std::string_view text) {
  ring read;
  std::uint64_t bare = 0;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    auto rest = line;
    const auto first = next_word(rest);
    if (first.empty() || first.front() == '#') continue;
    auto entry = first == "key" ? parse_entry(rest) : [&]() -> result<ring_entry> {
      const auto alone = key::parse(first);
      if (!alone) return alone.error();
      if (!next_word(rest).empty()) return bad("there is more on the line than a key");
      return ring_entry{alone->id(), standing::held, ++bare == 1 ? std::uint64_t{1} : 0, 0, *alone};
    }();
    if (!entry) return bad("line " + std::to_string(number) + ": " + entry.error().text);
    if (read.find(entry->id) != nullptr)
      return bad("line " + std::to_string(number) + ": key " + to_string(entry->id) + " is there twice");
    read.entries_.push_back(std::move(*entry));
    if (read.entries_.size() > ring::keys_max + ring::forgotten_max)
      return bad("line " + std::to_string(number) + ": a ring has at most " + std::to_string(ring::keys_max) +
                 " keys, and the ids of " + std::to_string(ring::forgotten_max) + " forgotten ones");
  }
  read.settle();
  return read;
}

}  // namespace troupe::crypto
