// The base of the framework's actors: bound to one execution unit, woken once for many things, and with
// every handler set that CAF would otherwise default to killing the actor or printing.
//
// An execution unit is a thread (or a pool of them) that runs actors: CAF's event loop, CAF's scheduler, or
// a thread of one actor's own (dedicated_thread.hpp).
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <caf/event_based_actor.hpp>
#include <caf/execution_unit.hpp>

#include <troupe/actor/inbox.hpp>

namespace troupe::actor {

/// Tells an actor to have a turn: its inboxes are not empty any more, or it has asked for one itself.
struct wake_up {};

/// Commands to an actor, each run in one of its turns.
using command_inbox = inbox<std::function<void()>>;
/// Runs a command in a later turn of an actor, from any thread; not at all once the actor has ended.
using poster = std::function<void(std::function<void()>)>;

class bound_actor : public caf::event_based_actor {
 public:
  /// `where` runs this actor for its whole life; null means CAF's scheduler.
  bound_actor(caf::actor_config& config, caf::execution_unit* where);

  using caf::event_based_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit* from) override;
  void launch(caf::execution_unit* from, bool lazy, bool hide) override;
  subtype_t subtype() const override;
  caf::resumable::resume_result resume(caf::execution_unit* on, std::size_t messages_max) override;

  /// Runs `command` in one of this actor's turns, after those posted before it; never once it is gone. From
  /// any thread, while this object lives; `commands` and `posting` are for those who may outlive it.
  void post(std::function<void()> command) { commands_->post(std::move(command)); }
  poster posting() const {
    return [commands = commands_](std::function<void()> command) { commands->post(std::move(command)); };
  }
  const std::shared_ptr<command_inbox>& commands() const { return commands_; }
  /// Sends this actor a wake-up from any thread; nothing once it is gone.
  std::function<void()> waker();

 protected:
  /// In the actor's context, before anything else. May throw: then the actor ends with that reason.
  virtual void begin() {}
  /// Takes what its inboxes hold. Commands have been run already.
  virtual void turn() {}
  /// In a turn that has left something to do: another one follows, after the others that wait for the same
  /// execution unit, and on the event loop after what has arrived at the sockets.
  void turn_again() { again_.store(true, std::memory_order_relaxed); }

 private:
  caf::behavior make_behavior() final;
  void run_commands();

  caf::execution_unit* where_;
  std::shared_ptr<command_inbox> commands_;
  std::vector<std::function<void()>> taken_;
  std::atomic<bool> again_{false};
};

/// Spawns an actor on `where` (null: CAF's scheduler).
template <class Actor, class... Arguments>
caf::actor spawn_bound(caf::actor_system& system, caf::execution_unit* where, Arguments&&... arguments) {
  caf::actor_config config{where};
  return system.spawn_class<Actor, caf::no_spawn_options>(config, where,
                                                          std::forward<Arguments>(arguments)...);
}

/// Why an actor ended, as a person would say it: what the exception said, or CAF's own word.
std::string reason_text(const caf::error& reason);

/// The object behind a handle that this process spawned as an `Actor`.
template <class Actor>
Actor& object_of(const caf::actor& handle) {
  return *static_cast<Actor*>(caf::actor_cast<caf::abstract_actor*>(handle));
}

}  // namespace troupe::actor

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actor::wake_up)
