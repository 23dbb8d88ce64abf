// Agents of one kind, each a process, and what their logs say of each other: when who learned what of whom.
//
// Both kinds write a line the moment that they learn something; a line's time is when it is read here.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include <troupe/base/time.hpp>

namespace troupe::bench {

/// What an agent may come to know of another one.
enum class fact : std::uint8_t { joined, dead };

struct observation {
  bench::fact fact;
  std::string of;
};

/// A kind of agent: how it is started, and what its lines mean.
struct breed {
  std::string name;  // "troupe lan"
  /// `seed`: the port of the first agent; 0 for that one itself. Program and arguments.
  std::vector<std::string> (*command)(const breed& of, const std::string& name, std::uint16_t port,
                                      std::uint16_t seed);
  std::optional<observation> (*read)(const std::string& line);
  std::string program;
  std::string profile;
};
breed troupe_nodes(const std::string& program, const std::string& profile);
breed serf_agents(const std::string& profile);

std::string name_of(std::size_t agent);

class fleet {
 public:
  explicit fleet(breed of) : breed_(std::move(of)) {}
  /// Kills them all.
  ~fleet();

  /// One more; the first one is the others' seed. Throws std::runtime_error.
  void start(std::uint16_t port);
  void kill(std::size_t which);
  std::size_t size() const { return agents_.size(); }

  /// Reads logs until `limit`.
  void listen(time_point limit);
  /// Reads logs until every running agent but `of` itself knows the fact, which it has learned after `since`.
  /// Gives how long after `since` each came to know it, sorted; as many as know it at `limit`.
  std::vector<duration> await(bench::fact what, std::size_t of, time_point since, time_point limit);
  /// The same of every agent by every other one. False when it was not so at `limit`.
  bool await_all_joined(time_point limit);

  /// How many times an agent was held for dead after `since`, by each that did.
  std::size_t held_for_dead(time_point since) const;
  /// Of all running agents, since their start.
  duration processor_time() const;

 private:
  struct agent {
    pid_t process = 0;  // 0: killed
    int log = -1;
    std::string rest;                              // of a line that is not whole yet
    std::map<std::string, time_point> learned[2];  // by fact; the last time
    std::vector<time_point> deaths;
  };

  void read(agent& from) const;

  breed breed_;
  std::vector<agent> agents_;
  std::uint16_t seed_ = 0;
};

}  // namespace troupe::bench
