// What is true, what each node believes, and the rules that neither may break.
//
// The witness sees every event of every core and keeps its own copy of every view, 24 bytes a pair, built
// from the events alone: so a change without an event shows, and an event without a change. Agreement is
// counted, not searched for: two sums say at any moment how many pairs are wrong, and a step of any view
// costs O(1).
//
// The rules are the invariants of the simulation: 1 incarnations are raised by their owner only; 2 nobody is
// resurrected; 3 equal standings mean equal attributes, documents never go back; 4 no death without a fault;
// 5 views agree within a bound after calm; 6 a crash is known in time; 7 bounds hold; 8 an isolated node
// alone kills nobody; 9 every change is one event; 10 a replay has no effect; 11, one seed one run, is the
// tests'.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <troupe/membership/core.hpp>

namespace troupe::simulator {

inline constexpr std::size_t invariants = 11;

struct violation {
  int invariant = 0;  // 1 to 11
  std::string text;   // "node-3 holds node-5 alive again in the life in which it had left"
  time_point at{};
};

/// Why a view may be wrong for good reason, as the cluster knows it.
struct circumstances {
  time_point disturbed_until{};  // packets got lost, or processes stood still, until then; `never`: still
  bool ever_disturbed = false;
  duration forgiveness{0};  // a fault's consequences may show until so long after it
  bool limited = false;     // the observer has refused accusations, of one who raised too many
};

/// When something that happened to one node was known to the others.
struct news_item {
  enum class kind : std::uint8_t { gone, present, document } what = kind::gone;
  std::uint32_t subject = 0;
  time_point happened{};
  time_point first = never, most = never, all = never;  // `most`: to 99.9%
};

class witness {
 public:
  /// `watched_max`: with more nodes, the views of the first ones only are kept.
  explicit witness(std::size_t watched_max);

  // --- The truth ---------------------------------------------------------------------------------------

  void started(std::uint32_t node, const membership::known_node& self, time_point now);
  enum class ending : std::uint8_t { crashed, left };
  /// Nobody is to hold it live any more, and its own view is nobody's.
  void stopped(std::uint32_t node, ending how, time_point now);
  /// Its own member has changed, or may have.
  void own(std::uint32_t node, const membership::known_node& self, time_point now);
  void anomalous(std::uint32_t node);
  /// Alone, since then; `never`: not.
  void isolated(std::uint32_t node, time_point since);

  // --- The views ---------------------------------------------------------------------------------------

  enum class arrival : std::uint8_t { first, replay };
  void observe(std::uint32_t observer, const membership::event& what, arrival how, const circumstances& why,
               time_point now);
  /// A core's whole view against the copy: rule 9. O(members).
  void compare(std::uint32_t observer, const membership::core& whose, time_point now);
  void break_rule(int invariant, std::string text, time_point now);
  /// Rule 6, when a crash has to be known.
  void expect_known(std::uint32_t node, duration after, time_point now);
  /// Rule 5, when all have to agree.
  void expect_agreement(duration after, time_point now);
  /// Rules are for us: another mode of the code may break them.
  void tolerate() { tolerant_ = true; }

  // --- What came of it ---------------------------------------------------------------------------------

  const std::optional<violation>& broken() const { return broken_; }
  /// Pairs of running nodes that are wrong about each other, and ghosts. 0: all agree.
  std::uint64_t disagreements() const;
  std::uint64_t ghosts(std::uint32_t subject) const { return truth_[subject].ghosts; }
  std::uint32_t running() const { return running_; }
  std::string disagreement() const;  // of one pair, for a message
  const std::vector<news_item>& news() const { return news_; }
  bool is_anomalous(std::uint32_t node) const { return truth_[node].anomalous; }
  /// Runs, and nothing is wrong with it.
  bool is_sound(std::uint32_t node) const { return truth_[node].running && !truth_[node].anomalous; }
  std::optional<std::uint32_t> node_of(node_id who) const;
  /// What an observer believes; nothing for somebody it has not met.
  std::optional<membership::state> seen(std::uint32_t observer, std::uint32_t subject) const;

  struct counters {
    std::array<std::uint64_t, 16> events{};  // by event_kind
    std::uint64_t false_positives = 0;       // deaths of healthy nodes
    std::uint64_t false_positives_at_healthy = 0;
    std::uint64_t wrong_deaths = 0;        // of any node that runs
    std::uint64_t wrong_accusations = 0;   // suspicions of healthy nodes by anomalous ones
    std::uint64_t suspicions_by_hand = 0;  // by the observer itself
  };
  const counters& counted() const { return counted_; }
  /// Most batches of 100 ms in which one healthy node was told of deaths, and their mean.
  std::uint32_t batches_max() const;
  double batches_mean() const;

 private:
  struct standing_of_owner {
    std::uint64_t incarnation = 0;
    std::uint64_t attributes = 0;  // mode, name, address
  };
  struct life_record {
    troupe::epoch epoch;
    std::vector<standing_of_owner> standings;                        // by incarnation, ascending
    std::vector<std::pair<std::uint64_t, std::uint64_t>> documents;  // version, content
    bool left = false;
  };
  struct truth {
    std::string name;
    bool exists = false, running = false, anomalous = false;
    time_point isolated_since = never;
    std::vector<life_record> lives;
    std::uint32_t right = 0;    // observers that hold it as it is
    std::uint32_t ghosts = 0;   // observers that hold it live although it does not run
    std::uint32_t item = none;  // the news that is on its way
  };
  struct sight {  // one observer of one subject
    std::uint32_t life = none;
    std::uint32_t incarnation = 0;
    std::uint32_t document = 0;
    std::uint32_t suspected_at = 0;  // ms
    membership::state state = membership::state::left;
    membership::mode mode = membership::mode::joining;
    bool known = false;  // among its members, not forgotten
    bool right = false, ghost = false;
    bool taken_back = false;  // its observer's own doubt at this incarnation
  };
  struct view {
    static constexpr std::uint32_t page_size = 64;
    std::vector<std::unique_ptr<std::array<sight, page_size>>> pages;
    std::uint32_t right = 0, ghosts = 0, known = 0, live = 0;
    time_point batch{};
    std::uint32_t batches = 0;

    sight& at(std::uint32_t subject);
    const sight* find(std::uint32_t subject) const;
  };
  static constexpr std::uint32_t none = ~0u;
  static constexpr duration batch_span = 100ms;

  bool watched(std::uint32_t node) const { return node < watched_max_; }
  bool is_right(const truth& subject, const sight& held) const;
  void recount(std::uint32_t observer, std::uint32_t subject, sight& held, time_point now);
  void drop_view(std::uint32_t node);
  void recount_all(std::uint32_t subject, time_point now);
  void announce(news_item::kind what, std::uint32_t subject, time_point now);
  void follow(std::uint32_t subject, time_point now);
  const life_record* check_standing(std::uint32_t observer, std::uint32_t subject,
                                    const membership::event& what, time_point now);
  static bool takes_back(const sight& held, const membership::event& what);
  void check_step(std::uint32_t observer, std::uint32_t subject, const sight& held, std::uint32_t which,
                  const membership::event& what, arrival how, const circumstances& why, time_point now);
  void check_death(std::uint32_t observer, std::uint32_t subject, const sight& held,
                   const membership::event& what, const circumstances& why, time_point now);
  void count_suspicion(std::uint32_t observer, std::uint32_t subject, const membership::event& what);

  std::uint32_t watched_max_;
  std::vector<truth> truth_;
  std::vector<view> views_;
  std::unordered_map<node_id, std::uint32_t> index_;
  std::uint32_t running_ = 0;
  std::uint32_t watching_ = 0;            // running and watched
  std::vector<std::uint32_t> observers_;  // those
  std::uint64_t right_ = 0, ghosts_ = 0;  // over running, watched observers
  std::vector<news_item> news_;
  counters counted_;
  std::optional<violation> broken_;
  bool tolerant_ = false;
};

}  // namespace troupe::simulator
