#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/crypto/ring_file.hpp>
#include <troupe/gossip/key_desk.hpp>

namespace troupe::gossip {

namespace {

std::string summary(const crypto::ring& keys) {
  std::string text;
  for (const auto& one : keys.entries())
    text += (text.empty() ? "" : ", ") + to_string(one.id) + " " +
            (&one == keys.primary() ? "primary" : std::string(to_string(one.standing)));
  return text;
}

}  // namespace

key_desk::key_desk(const actor::environment& shared, const gossip_options& options, actor::poster later)
    : shared_(shared),
      later_(std::move(later)),
      // An observer comes and goes: the file is a member's, which keeps it itself.
      file_(options.role == role::member ? options.keyring : std::string()),
      seal_(shared.self, shared.name, shared.cluster, options.keys, options.core.members_max, *this) {
  look_at_age();
}

key_desk::~key_desk() {
  if (writer_.joinable()) writer_.join();
}

void key_desk::announce() const {
  if (!seal_.on())
    return shared_.log->warn(
        "GOSSIP IS NEITHER ENCRYPTED NOR AUTHENTICATED: whoever reaches {} can read who is "
        "there, and pass for a member. Make a key with `troupe keys new FILE` and give it to "
        "every node, as the option keyring. (Calls between services are a separate matter: with "
        "a key, too, they are as open as the network.)",
        to_string(shared_.address));
  shared_.log->info("gossip is sealed (AES-256-GCM); keys: {}. Calls between services are not",
                    summary(seal_.keys()));
}

result<std::string> key_desk::obey(crypto::bytes_view order) {
  return seal_.obey(order, actor::wall_seconds());
}

void key_desk::look_at_age() { seal_.look_at_age(actor::wall_seconds()); }

void key_desk::on_notice(severity how, const std::string& text) {
  const auto level = how == severity::error     ? spdlog::level::err
                     : how == severity::warning ? spdlog::level::warn
                                                : spdlog::level::info;
  shared_.log->log(level, "{}", text);
}

void key_desk::on_ring_changed(const crypto::ring& now) {
  shared_.log->info("gossip keys: {}", summary(now));
  if (now.primary() == nullptr)
    shared_.log->error(
        "every gossip key was called stolen: this node is cut off until it gets a key by hand");
  keep();
}

/// In a thread of its own, as disks take as long as they please; one at a time.
void key_desk::keep() {
  if (file_.empty()) return;
  if (writing_ != writing::idle) {
    writing_ = writing::busy_and_outdated;
    return;
  }
  if (writer_.joinable()) writer_.join();
  writing_ = writing::busy;
  writer_ = std::thread([this, file = file_, ring = seal_.keys(), later = later_] {
    const auto written = crypto::write_ring_file(file, ring);
    later([this, problem = written ? std::string() : written.error().text] {
      write_problem_ = problem;
      if (!problem.empty()) shared_.log->error("{}: this node would come back with its old keys", problem);
      if (std::exchange(writing_, writing::idle) == writing::busy_and_outdated) keep();
    });
  });
}

key_desk::report key_desk::inspect() const {
  report now{seal_.keys().entries(), {}, file_, write_problem_};
  if (const auto* primary = seal_.keys().primary()) now.primary = primary->id;
  for (auto& one : now.keys) one.secret.reset();
  return now;
}

}  // namespace troupe::gossip
